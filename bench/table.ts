import { LinkName, SHAPES } from './link';
import type { LinkCheck } from './link-check';
import type { BenchReport, CaseResult, ToolResult } from './results';
import type { Spread } from './statistics';
import { fastestPeer, verdictsOn } from './targets';

/** The report for people. */
export function tableOf(report: BenchReport): string {
  return [
    `${report.machine}; ${report.registry}, ${report.scheme === 'https' ? 'TLS' : 'plain HTTP'}; ${report.runs} interleaved run${report.runs === 1 ? '' : 's'} after a warm-up${report.quick ? '; QUICK: small sizes, the numbers prove nothing' : ''}`,
    ...report.tools.map(({ name, version }) => `  ${name} ${version ?? 'is NOT INSTALLED: a gap in every table below'}`),
    ...report.linkChecks.flatMap(linkLines),
    ...report.results.flatMap(caseLines),
    '',
  ].join('\n');
}

const megabits = (bits: number) => `${(bits / 1e6).toFixed(0)} Mbit/s`;
const milliseconds = (time: number) => `${time.toFixed(1)} ms`;

/** A link in the words of a reader. */
export function linkTitle(link: LinkName): string {
  if (link === 'loopback') return 'loopback';
  const { roundTripMilliseconds, bitsPerSecond, bitsPerSecondEachUpload } = SHAPES[link];
  const limit = bitsPerSecondEachUpload > 0 ? `, ${bitsPerSecondEachUpload / 8e6} MB/s for each upload` : '';
  return `${link} link (${roundTripMilliseconds} ms, ${megabits(bitsPerSecond)}${limit})`;
}

/** What a link was measured to be. */
export function linkLines(check: LinkCheck): string[] {
  const { link, connections, unshapedBitsPerSecond, uploadBitsPerSecond, sharedBitsPerSecond } = check;
  return [
    '',
    `The ${linkTitle(link)} is a TCP proxy for each side, outside of TLS. No loss, no slow start.`,
    `  shaping off: ${megabits(unshapedBitsPerSecond)} over ${connections} connections, round trip ${milliseconds(check.unshapedRoundTripMilliseconds)}`,
    `  shaping on: ${megabits(uploadBitsPerSecond)} over one upload, ${megabits(sharedBitsPerSecond)} over ${connections}; `
      + `round trip ${milliseconds(check.shapedRoundTripMilliseconds)}`,
  ];
}

const HEADINGS = ['', 'wall s (min–max)', 'CPU s', 'peak MB', 'requests source + target', 'counted pulls', 'MB from source', 'of fastest peer'];

function caseLines(result: CaseResult): string[] {
  const peer = fastestPeer(result);
  const rows = result.tools.filter(({ wall }) => wall).map((tool) => rowOf(tool, peer));
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => `  ${cells.map((cell, column) => column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join('  ')}`.trimEnd();
  return [
    '',
    `${result.title} · ${linkTitle(result.link)}`,
    line(HEADINGS),
    ...rows.map(line),
    ...result.tools.filter(({ wall }) => !wall).map(({ name, problem }) => `  ${name}: — ${problem?.replace(/\s+/g, ' ')}`),
    ...verdictsOn(result).map(({ promise, actual, met }) => `  ${met ? 'met   ' : 'MISSED'}  ${promise}: ${actual}`),
  ];
}

function rowOf({ name, note, wall, processor, memory, source, target }: ToolResult, peer: ToolResult | undefined): string[] {
  return [
    note ? `${name} (${note})` : name,
    seconds(wall!),
    processor!.median.toFixed(2),
    memory!.max.toFixed(0),
    `${source!.requests} + ${target!.requests}`,
    String(source!.manifestGets),
    (source!.bytesSent / 1e6).toFixed(1),
    peer?.wall ? `${(wall!.median / peer.wall.median).toFixed(2)} ×` : '',
  ];
}

function seconds({ median, min, max }: Spread): string {
  const digits = median < 10 ? 2 : 1;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
