/**
 * Several faults at once, drawn by a seed: a run gets over them, or fails for the reason of one of them and leaves the tag as it was.
 *
 * A failure is printed with its seed and path and with the smallest set of faults that brings it about. `FAULT_SEED` draws others than usual.
 * `RANDOM_CASES=full` runs five times as many mixes.
 */
import * as fc from 'fast-check';
import { Transport } from '../../src/engine/registry/transport';
import type { MirrorResult } from '../../src/engine/result';
import { Fault } from '../support/fault';
import { FaultTally } from '../support/fault-tally';
import { QUICK_RETRY } from '../support/mirroring';
import { randomCases } from '../support/random-cases';
import { RegistryPair } from '../support/registry-pair';
import { POINTS, RequestPoint } from '../support/request-points';
import { canBefall, FINAL, STALLS, Trouble, TROUBLES } from '../support/troubles';

const SEED = Number(process.env.FAULT_SEED ?? 20_261_122);
const RUNS = randomCases(250);
const TRIES = 4;
const ALWAYS = 1000;
/** Long enough for a busy machine: what is no stall must not be taken for one here. */
const IDLE_TIMEOUT = 2_000;

/** One fault of a mix: which trouble, where, how many requests pass before it, and how many it befalls. */
interface MixedFault {
  readonly trouble: Trouble;
  readonly point: RequestPoint;
  readonly skip: number;
  readonly times: number;
}

const LOST_ANSWER: Trouble = { name: 'a lost answer', action: () => Fault.loseResponse(), reason: 'network' };
const PASSING = [...TROUBLES.filter((trouble) => !STALLS.includes(trouble)), LOST_ANSWER];

function faultsOf(troubles: readonly Trouble[], times: fc.Arbitrary<number>): fc.Arbitrary<MixedFault> {
  const places = troubles.flatMap((trouble) => POINTS.filter((point) => canBefall(trouble, point)).map((point) => ({ trouble, point })));
  const place = fc.constantFrom(...places);
  const fault = fc.tuple(place, fc.nat(2), times).map(([{ trouble, point }, skip, count]) => ({ trouble, point, skip, times: count }));
  return fault.map((mixed) => Object.assign(mixed, { [fc.toStringMethod]: () => describeFault(mixed) }));
}

function describeFault({ trouble, point, skip, times }: MixedFault): string {
  return `${trouble.name} at the ${point.side}'s ${point.name}${skip > 0 ? ` after ${skip}` : ''}, ${times === ALWAYS ? 'for good' : `${times} times`}`;
}

const passing = faultsOf(PASSING, fc.integer({ min: 1, max: 3 }));
const lasting = faultsOf(PASSING.filter((trouble) => trouble !== LOST_ANSWER), fc.constant(ALWAYS));
const stalling = faultsOf(STALLS, fc.constant(1));
const final = faultsOf(FINAL, fc.constant(1));

const tally = new FaultTally();
afterAll(() => tally.print());

interface Run {
  readonly result: MirrorResult;
  /** The faults that it met. */
  readonly met: readonly MixedFault[];
  /** How often it met any. */
  readonly injected: number;
}

/** Runs a copy through a mix of faults, and has its end judged. */
async function runThrough(faults: readonly MixedFault[], judge: (pair: RegistryPair, run: Run) => void): Promise<void> {
  const pair = await new RegistryPair().start();
  try {
    const hits = faults.map(({ trouble, point, ...rule }) => pair[point.side].fail({ ...rule, match: point.match, action: trouble.action(point) }));
    const stalls = faults.some(({ trouble }) => STALLS.includes(trouble));
    const transport = new Transport(stalls ? { idle: IDLE_TIMEOUT, slowResponse: IDLE_TIMEOUT } : {});
    const result = await pair.run({ transport, retry: { ...QUICK_RETRY, attempts: TRIES } });
    judge(pair, { result, met: faults.filter((_, index) => hits[index]() > 0), injected: hits.reduce((sum, hit) => sum + hit(), 0) });
    expect(pair.errors).toEqual([]);
  } finally {
    await pair.close();
  }
}

async function check(faults: fc.Arbitrary<MixedFault[]>, judge: (pair: RegistryPair, run: Run) => void, runs: number): Promise<void> {
  await fc.assert(fc.asyncProperty(faults, (mix) => runThrough(mix, judge)), { seed: SEED, numRuns: runs });
}

test('fewer faults than there are tries are got over, wherever they come', async () => {
  const few = fc.array(faultsOf(PASSING, fc.constant(1)), { minLength: 2, maxLength: TRIES - 1 });
  await check(few, (pair, { result, injected }) => tally.isCompleted(pair, result, injected), RUNS);
});

test('any mix of faults ends with the right digest, or with the reason of one of them and the tag as it was', async () => {
  const any = fc.oneof({ arbitrary: passing, weight: 6 }, { arbitrary: lasting, weight: 1 }, { arbitrary: final, weight: 1 });
  await check(fc.array(any, { minLength: 2, maxLength: 8 }), judgeAny, RUNS);
});

test('stalls among other faults end likewise', async () => {
  const mix = fc.tuple(stalling, fc.array(fc.oneof(passing, lasting), { minLength: 1, maxLength: 4 })).map(([stall, others]) => [stall, ...others]);
  await check(mix, judgeAny, Math.ceil(RUNS / 25));
});

function judgeAny(pair: RegistryPair, { result, met, injected }: Run): void {
  if (result.outcome === 'copied') return tally.isCompleted(pair, result, injected);
  const tagAnswerLost = met.some(({ trouble, point }) => trouble === LOST_ANSWER && point.name === 'PUT of the tag');
  return tally.isFailed(pair, result, injected, met.map(({ trouble }) => trouble.reason), tagAnswerLost);
}
