import { setTimeout as sleep } from 'node:timers/promises';
import { RequestRate } from '../../../src/engine/registry/request-rate';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn(async () => undefined) }));

const { signal } = new AbortController();
let now: number;

beforeEach(() => {
  now = 5000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  jest.mocked(sleep).mockClear();
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** The pauses in milliseconds before requests that are sent at the same time. */
async function pauses(rate: RequestRate, count: number): Promise<unknown[]> {
  jest.mocked(sleep).mockClear();
  await Promise.all(Array.from({ length: count }, () => rate.turn(signal)));
  return jest.mocked(sleep).mock.calls.map(([pause]) => pause);
}

test('the first request is sent at once, and the others evenly after it', async () => {
  expect(await pauses(new RequestRate(4), 5)).toEqual([250, 500, 750, 1000]);
});

test('time without requests allows no burst later', async () => {
  const rate = new RequestRate(4);
  await pauses(rate, 2);
  now += 60_000;
  expect(await pauses(rate, 3)).toEqual([250, 500]);
});

test('a request waits for the turns that others have', async () => {
  const rate = new RequestRate(4);
  await pauses(rate, 3);
  now += 100;
  expect(await pauses(rate, 1)).toEqual([650]);
});

test('a run that ended gets no turn, and the signal ends a pause', async () => {
  const rate = new RequestRate(4);
  await rate.turn(signal);
  await expect(rate.turn(AbortSignal.abort())).rejects.toThrow('aborted');
  expect(await pauses(rate, 1)).toEqual([250]);
  expect(jest.mocked(sleep).mock.calls[0][2]).toEqual({ signal });
});
