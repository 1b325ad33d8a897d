import type { CaseName } from './cases';
import { type LinkName, SHAPES } from './link';
import type { CaseResult, ToolResult } from './results';
import { OURS } from './tools';

/** One promise of this project, and what came of it in this run. */
export interface Verdict {
  readonly promise: string;
  readonly actual: string;
  readonly met: boolean;
}

/** Our wall time over the fastest peer's, at most. */
const RATIOS: Partial<Record<CaseName, Partial<Record<LinkName, number>>>> = {
  cold: { loopback: 1, ecr: 0.55 },
  layers: { loopback: 1 },
  fleet: { loopback: 0.85, ecr: 0.7 },
  large: { ecr: 1 },
  shared: { ecr: 0.4 },
};
const PEAK_MEGABYTES = 120;
const LINK_USE = 0.9;
/** Of a fleet on the loopback. */
const FLEET_PROCESSOR_SECONDS = 1;

/** The peer with the shortest median wall time. */
export function fastestPeer({ tools }: CaseResult): ToolResult | undefined {
  return tools.filter(({ name, wall }) => name !== OURS && wall).sort((a, b) => a.wall!.median - b.wall!.median)[0];
}

/** Our share of the fastest peer's wall time. */
export function ratioToFastestPeer(result: CaseResult): number | undefined {
  const peer = fastestPeer(result);
  const ours = oursIn(result);
  return peer?.wall && ours?.wall ? ours.wall.median / peer.wall.median : undefined;
}

/** All promises about one case over one link. */
export function verdictsOn(result: CaseResult): Verdict[] {
  const ours = oursIn(result);
  if (!ours?.wall) return [{ promise: 'copies', actual: ours?.problem ?? 'not measured', met: false }];
  const verdicts = [
    ratioVerdict(result), ...requestVerdicts(result, ours), memoryVerdict(ours), ...linkVerdicts(result, ours), processorVerdict(result, ours),
  ];
  return verdicts.filter((verdict) => verdict !== undefined);
}

function ratioVerdict(result: CaseResult): Verdict | undefined {
  const most = RATIOS[result.case]?.[result.link];
  if (most === undefined) return undefined;
  const ratio = ratioToFastestPeer(result);
  const promise = `at most ${most.toFixed(2)} × the fastest peer's wall time`;
  if (ratio === undefined) return { promise, actual: 'no peer was measured', met: false };
  return { promise, actual: `${ratio.toFixed(2)} × ${fastestPeer(result)?.name}${floorOf(result)}`, met: ratio <= most };
}

/** What no program can go below: the time that the bytes take on the link. */
function floorOf(result: CaseResult): string {
  const sent = oursIn(result)?.source?.bytesSent ?? 0;
  const floor = sent * 8 / SHAPES.shaped.bitsPerSecond;
  const fastest = fastestPeer(result)?.wall?.median;
  if (result.link !== 'shaped' || fastest === undefined || floor < fastest / 2) return '';
  return `; the link alone takes ${floor.toFixed(1)} s for the bytes, so ${(floor / fastest).toFixed(2)} × is what a perfect program would get`;
}

function requestVerdicts({ case: name }: CaseResult, { source, target }: ToolResult): Verdict[] {
  if (name !== 'no-op' || !source || !target) return [];
  const requests = source.requests + target.requests;
  return [{
    promise: '2 requests, 0 counted pulls',
    actual: `${requests} requests, ${source.manifestGets} counted pulls`,
    met: requests === 2 && source.manifestGets === 0,
  }];
}

function memoryVerdict({ memory }: ToolResult): Verdict | undefined {
  return memory && { promise: `under ${PEAK_MEGABYTES} MB of memory`, actual: `${memory.max.toFixed(0)} MB`, met: memory.max < PEAK_MEGABYTES };
}

function processorVerdict({ case: name, link }: CaseResult, { processor }: ToolResult): Verdict | undefined {
  if (name !== 'fleet' || link !== 'loopback' || !processor) return undefined;
  const { median } = processor;
  return { promise: `at most ${FLEET_PROCESSOR_SECONDS.toFixed(1)} s of CPU time`, actual: `${median.toFixed(2)} s`, met: median <= FLEET_PROCESSOR_SECONDS };
}

function linkVerdicts({ case: name, link, bytes }: CaseResult, { wall }: ToolResult): Verdict[] {
  if (name !== 'large' || link !== 'shaped' || !wall) return [];
  const use = bytes * 8 / wall.median / SHAPES.shaped.bitsPerSecond;
  return [{ promise: `at least ${LINK_USE * 100} % of the link used`, actual: `${(use * 100).toFixed(1)} %`, met: use >= LINK_USE }];
}

function oursIn({ tools }: CaseResult): ToolResult | undefined {
  return tools.find(({ name }) => name === OURS);
}
