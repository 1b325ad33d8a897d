import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RunSignal, untilAborted, withRunSignal } from '../../src/engine/run-signal';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const running = () => new AbortController().signal;
const inOneMinute = () => Date.now() + 60_000;
const nextAbort = (signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test('the signal aborts when the run is interrupted, and does not interrupt the run', () => {
  const run = new AbortController();
  const limits = { deadline: inOneMinute(), signal: run.signal };
  const [first, second] = [new RunSignal(limits), new RunSignal(limits)];
  first.close();
  expect([first.signal.aborted, second.signal.aborted, run.signal.aborted]).toEqual([true, false, false]);
  run.abort();
  expect(second.signal.aborted).toBe(true);
});

test('the signal of an interrupted run is aborted from the start', () => {
  expect(new RunSignal({ deadline: inOneMinute(), signal: AbortSignal.abort() }).signal.aborted).toBe(true);
});

test('the signal aborts at the deadline, also after garbage collections', async () => {
  const { signal } = new RunSignal({ deadline: Date.now() + 200, signal: running() });
  const aborted = nextAbort(signal);
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await aborted;
  expect(signal.aborted).toBe(true);
});

test('the signal of a run past its deadline aborts', async () => {
  const { signal } = new RunSignal({ deadline: Date.now() - 1, signal: running() });
  await nextAbort(signal);
});

test('a deadline can be further away than the longest timer', async () => {
  const runSignal = new RunSignal({ deadline: Date.now() + 2 ** 40, signal: running() });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(runSignal.signal.aborted).toBe(false);
  runSignal.close();
});

test('waiting ends with the signal, although the promise never settles', async () => {
  const run = new AbortController();
  const waiting = untilAborted(run.signal, new Promise(() => undefined));
  run.abort();
  await expect(waiting).rejects.toThrow('aborted');
  await expect(untilAborted(run.signal, new Promise(() => undefined))).rejects.toThrow('aborted');
});

test('waiting passes on results and errors', async () => {
  expect(await withRunSignal({ deadline: inOneMinute(), signal: running() }, async (signal) => signal.aborted)).toBe(false);
  await expect(untilAborted(running(), Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
