import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { LINK_NAMES } from './link';
import { plotOf } from './plot';
import type { BenchReport, CaseResult, ToolResult } from './results';
import { linkLines, linkTitle } from './table';
import { fastestPeer, ratioToFastestPeer, verdictsOn } from './targets';
import { OURS } from './tools';

const DOCS = path.join(__dirname, '..', 'docs');
const START = '<!-- Written by: npm run bench -- --write-docs -->';
const END = '<!-- End of what the benchmark writes -->';

/** Replaces the tables of docs/performance.md between its two comments, and the plot. */
export async function writePerformanceDocs(report: BenchReport): Promise<void> {
  if (report.quick) throw new Error('--write-docs needs a full run: the numbers of --quick prove nothing');
  const page = path.join(DOCS, 'performance.md');
  await writeFile(page, withTables(await readFile(page, 'utf8'), report));
  await writeFile(path.join(DOCS, 'images', 'benchmark.svg'), plotOf(report));
}

/** The page with the tables of a report. @throws Error when the page lacks one of the two comments */
export function withTables(page: string, report: BenchReport): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start === -1 || end < start) throw new Error(`docs/performance.md needs the lines "${START}" and "${END}" around its tables`);
  return `${page.slice(0, start)}${START}\n\n${tablesOf(report)}\n\n${page.slice(end)}`;
}

function tablesOf(report: BenchReport): string {
  const { machine, registry, scheme, runs, tools } = report;
  const versions = tools.filter(({ version }) => version !== undefined).map(({ name, version }) => `${name} ${version}`);
  return [
    `${machine}; ${registry}, ${scheme === 'https' ? 'TLS' : 'plain HTTP'}; median of ${runs} interleaved runs after a warm-up. ${versions.join(', ')}.`,
    ...report.linkChecks.map((check) => linkLines(check).map((line) => line.trim()).filter((line) => line !== '').map((line) => `- ${line}`).join('\n')),
    ...LINK_NAMES.flatMap((link) => {
      const results = report.results.filter((result) => result.link === link);
      return results.length === 0 ? [] : [`**${linkTitle(link)[0].toUpperCase()}${linkTitle(link).slice(1)}**, seconds:`, tableOf(results)];
    }),
    '**Targets**:',
    ['| Case | Link | Target | Measured | Result |', '|---|---|---|---|---|', ...report.results.flatMap(targetLines)].join('\n'),
  ].join('\n\n');
}

function tableOf(results: readonly CaseResult[]): string {
  const names = results[0].tools.map(({ name }) => name);
  return [
    `| | ${names.join(' | ')} | ratio to the fastest peer | CPU | peak memory |`,
    `|---|${names.map(() => '---|').join('')}---|---|---|`,
    ...results.map((result) => {
      const ours = result.tools.find(({ name }) => name === OURS);
      const fastest = Math.min(...result.tools.map(({ wall }) => wall?.median ?? Infinity));
      const cells = names.map((name) => secondsOf(result.tools.find((tool) => tool.name === name), fastest));
      const ratio = fastestPeer(result) ? ratioToFastestPeer(result)?.toFixed(2) ?? '–' : '–';
      return `| ${[result.title, ...cells, ratio, `${ours?.processor?.median.toFixed(2) ?? '–'} s`, `${ours?.memory?.max.toFixed(0) ?? '–'} MB`].join(' | ')} |`;
    }),
  ].join('\n');
}

function secondsOf(tool: ToolResult | undefined, fastest: number): string {
  if (!tool?.wall) return '–';
  const text = tool.wall.median.toFixed(tool.wall.median < 10 ? 2 : 1);
  return tool.wall.median === fastest ? `**${text}**` : text;
}

function targetLines(result: CaseResult): string[] {
  return verdictsOn(result).map(({ promise, actual, met }) => `| ${result.case} | ${result.link} | ${promise} | ${actual} | ${met ? 'met' : '**missed**'} |`);
}
