import { JUDGED, libraryOf, millisecondsForEach, verdictsOn } from './fleet-targets';
import { CaseResult, LibraryResult, OURS, SynthReport } from './report';
import type { Spread } from '../statistics';

/** The report for people. */
export function tableOf(report: SynthReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    `${report.machine}; ${report.runs} interleaved run${report.runs === 1 ? '' : 's'} after a warm-up, each in a new process${report.quick ? '; QUICK: the numbers prove nothing' : ''}`,
    versions,
    'Synth: from the start of the process until the templates are written. Thread: for how long of that it had a processor, whatever else the machine did.',
    `Both are medians without those of an empty app, which takes ${milliseconds(report.empty.totalMilliseconds)} (its thread ${milliseconds(report.empty.threadMilliseconds)}).`,
    '',
    ...aligned([HEADINGS, ...report.results.flatMap((result) => rowsOf(result, report.results[0]))]),
    ...report.results.some(({ apart }) => apart) ? ['  * and the mirror in one of its own'] : [],
    '  for each, each further: the thread\'s time; nothing where the runs of one fleet differ more than the fleets do',
    ...gaps(report),
    '',
    `The limits of AWS, and the most that one stack of ${OURS} has of each`,
    ...aligned(limitRows(report)),
    '',
    JUDGED,
    ...verdictsOn(report).map(({ promise, actual, met }) => `${met ? 'met   ' : 'MISSED'}  ${promise}: ${actual}`),
    '',
  ].join('\n');
}

const HEADINGS = ['images', 'library', 'synth ms (min–max)', 'thread ms (min–max)', 'for each', 'each further', 'peak MB', 'resources', 'templates kB', 'fullest role'];

function rowsOf(result: CaseResult, smallest: CaseResult): string[][] {
  return result.libraries.filter(isMeasured).map((library) => rowOf(result, library, smallest));
}

function rowOf(result: CaseResult, library: LibraryResult, smallest: CaseResult): string[] {
  const roles = library.measures!.find(({ limit }) => limit.includes('inline policies'))!;
  return [
    caseName(result),
    library.name,
    milliseconds(library.synthMilliseconds!),
    milliseconds(library.threadMilliseconds!),
    (library.threadMilliseconds!.median / result.images).toFixed(2),
    further(result, library, smallest),
    library.peakMegabytes!.median.toFixed(0),
    String(library.resources),
    (library.templateBytes! / 1000).toFixed(0),
    `${(100 * roles.value / roles.most).toFixed(0)} %`,
  ];
}

function further(result: CaseResult, library: LibraryResult, smallest: CaseResult): string {
  const few = libraryOf(smallest, library.name)!;
  return result === smallest || !isMeasured(few) ? '' : millisecondsForEach(result.images, library, smallest.images, few)?.toFixed(2) ?? '';
}

function caseName({ images, stacks, apart }: CaseResult): string {
  return `${images.toLocaleString('en')} in ${stacks} stack${stacks === 1 ? '' : 's'}${apart ? '*' : ''}`;
}

function isMeasured({ synthMilliseconds }: LibraryResult): boolean {
  return synthMilliseconds !== undefined;
}

function gaps({ results }: SynthReport): string[] {
  return results.flatMap(({ images, libraries }) => libraries.filter((library) => !isMeasured(library))
    .map(({ name, problem }) => `  GAP: ${images} images with ${name}: ${problem?.replace(/\s+/g, ' ')}`));
}

function limitRows({ results }: SynthReport): string[][] {
  const ours = results.map((result) => libraryOf(result, OURS)!).filter(isMeasured);
  if (ours.length === 0) return [['not measured']];
  const headings = ['', 'limit', ...results.map(({ images }) => `${images.toLocaleString('en')} image${images === 1 ? '' : 's'}`)];
  return [headings, ...ours[0].measures!.map(({ limit, most }, index) => [
    limit, most.toLocaleString('en'), ...ours.map(({ measures }) => measures![index].value.toLocaleString('en')),
  ])];
}

/** Texts to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column: number) => rows.slice(1).some((row) => /^[a-z]/.test(row[column]));
  return rows.map((row) => `  ${row.map((cell, column) => isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join('  ')}`.trimEnd());
}

function milliseconds({ median, min, max }: Spread): string {
  return `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
}
