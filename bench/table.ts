import { SHAPED } from './link';
import type { LinkCheck } from './link-check';
import type { BenchReport, CaseResult, ToolResult } from './results';
import type { Spread } from './statistics';
import { fastestPeer, verdictsOn } from './targets';

/** The report for people. */
export function tableOf(report: BenchReport): string {
  return [
    `${report.machine}; ${report.registry}, ${report.scheme === 'https' ? 'TLS' : 'plain HTTP'}; ${report.runs} interleaved run${report.runs === 1 ? '' : 's'} after a warm-up${report.quick ? '; QUICK: small sizes, the numbers prove nothing' : ''}`,
    ...report.tools.map(({ name, version }) => `  ${name} ${version ?? 'is NOT INSTALLED: a gap in every table below'}`),
    ...report.linkCheck ? linkLines(report.linkCheck) : [],
    ...report.results.flatMap(caseLines),
    '',
  ].join('\n');
}

function linkLines(check: LinkCheck): string[] {
  const megabits = (bits: number) => `${(bits / 1e6).toFixed(0)} Mbit/s`;
  const milliseconds = (time: number) => `${time.toFixed(1)} ms`;
  return [
    '',
    `The shaped link: a TCP proxy for each side, ${SHAPED.roundTripMilliseconds} ms round trip, ${megabits(SHAPED.bitsPerSecond)} each way, shared by all connections; no loss, no slow start.`,
    `  shaping off: ${megabits(check.unshapedBitsPerSecond)}, round trip ${milliseconds(check.unshapedRoundTripMilliseconds)}`
      + `: the proxy itself could carry ${(check.unshapedBitsPerSecond / SHAPED.bitsPerSecond).toFixed(0)} × the link`,
    `  shaping on: ${megabits(check.shapedBitsPerSecond)} over one connection, ${megabits(check.sharedBitsPerSecond)} over six; `
      + `round trip ${milliseconds(check.shapedRoundTripMilliseconds)}, first byte of a new connection after ${milliseconds(check.firstByteMilliseconds)}`,
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
    `${result.title} · ${result.link === 'shaped' ? 'shaped link' : 'loopback'}`,
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
