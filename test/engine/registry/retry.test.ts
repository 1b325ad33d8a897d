import { setTimeout as sleep } from 'node:timers/promises';
import { MirrorError } from '../../../src/engine/mirror-error';
import { PermitRequiredError } from '../../../src/engine/registry/read-budget';
import { DEFAULT_RETRY, RetryContext, withRetries } from '../../../src/engine/registry/retry';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn() }));

const pause = jest.mocked(sleep);
const realSleep = jest.requireActual<typeof import('node:timers/promises')>('node:timers/promises').setTimeout;

const POLICY = { attempts: 4, firstPause: 100, maxPause: 250 };
const passing = (retryAfterSeconds?: number) => new MirrorError('network', 'it broke', { retryable: true, retryAfterSeconds });
const context = (options: Partial<RetryContext> = {}): RetryContext => ({
  retry: POLICY, deadline: Date.now() + 3_600_000, signal: new AbortController().signal, ...options,
});
/** Milliseconds of all pauses. */
const pauses = () => pause.mock.calls.map(([milliseconds]) => milliseconds ?? 0);

beforeEach(() => pause.mockResolvedValue(undefined));
afterEach(() => jest.restoreAllMocks());

test('a success is passed on without a pause', async () => {
  expect(await withRetries(context(), async () => 'done')).toBe('done');
  expect(pauses()).toEqual([]);
});

test('what passes by waiting is tried again, and each try knows its number', async () => {
  const attempt = jest.fn(async (number: number) => {
    if (number < 3) throw passing();
    return number;
  });
  expect(await withRetries(context(), attempt)).toBe(3);
  expect(attempt.mock.calls).toEqual([[1], [2], [3]]);
});

test('tries end with the number that the policy allows, and the last failure is told', async () => {
  let tries = 0;
  await expect(withRetries(context(), async () => {
    throw new MirrorError('network', `try ${++tries}`, { retryable: true });
  })).rejects.toThrow('try 4');
  expect(pauses()).toHaveLength(3);
});

test('pauses double up to the longest', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  await expect(withRetries(context(), () => Promise.reject(passing()))).rejects.toThrow(MirrorError);
  expect(pauses()).toEqual([100, 200, 250]);
});

test('jitter takes away half a pause at most', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0);
  await expect(withRetries(context(), () => Promise.reject(passing()))).rejects.toThrow(MirrorError);
  expect(pauses()).toEqual([50, 100, 125]);
});

test('the default policy pauses for at most half a minute in all', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  await expect(withRetries(context({ retry: DEFAULT_RETRY }), () => Promise.reject(passing()))).rejects.toThrow(MirrorError);
  expect(pauses()).toEqual([500, 1000, 2000, 4000, 8000]);
});

test('a registry may ask for a longer pause than the policy\'s longest', async () => {
  await expect(withRetries(context({ retry: { ...POLICY, attempts: 2 } }), () => Promise.reject(passing(60)))).rejects.toThrow(MirrorError);
  expect(pauses()).toEqual([60_000]);
});

test('a registry may ask for a shorter pause than the policy\'s first', async () => {
  await expect(withRetries(context({ retry: { ...POLICY, attempts: 2 } }), () => Promise.reject(passing(0)))).rejects.toThrow(MirrorError);
  expect(pauses()).toEqual([0]);
});

test('a pause that the registry asks for past the deadline ends the run at once, for the same reason', async () => {
  const attempt = jest.fn(() => Promise.reject(new MirrorError('rate-limited', 'slow down', { retryable: true, retryAfterSeconds: 7200 })));
  await expect(withRetries(context(), attempt)).rejects.toMatchObject({
    reason: 'rate-limited',
    retryable: false,
    message: 'slow down (not retried: the next try would be after the deadline of the run)',
  });
  expect(attempt).toHaveBeenCalledTimes(1);
  expect(pauses()).toEqual([]);
});

test('a pause of the policy\'s own past the deadline ends the run at once', async () => {
  await expect(withRetries(context({ deadline: Date.now() }), () => Promise.reject(passing()))).rejects.toThrow('not retried');
  expect(pauses()).toEqual([]);
});

test('giving up keeps what brought it about', async () => {
  const failure = passing();
  await expect(withRetries(context({ deadline: Date.now() }), () => Promise.reject(failure))).rejects.toMatchObject({ cause: failure });
});

test.each([
  ['a failure for good', new MirrorError('not-found', 'gone')],
  ['a failure for good, whatever the registry says of waiting', new MirrorError('unauthorized', 'no', { retryAfterSeconds: 1 })],
  ['an error that is no MirrorError', new TypeError('defect')],
])('%s is tried once', async (_, failure) => {
  const attempt = jest.fn(() => Promise.reject(failure));
  await expect(withRetries(context(), attempt)).rejects.toBe(failure);
  expect(attempt).toHaveBeenCalledTimes(1);
});

test('the listener is told of each failure and pause', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  const told: [string, number][] = [];
  const onRetry = (error: MirrorError, seconds: number) => told.push([error.message, seconds]);
  await expect(withRetries(context({ retry: { ...POLICY, attempts: 3 }, onRetry }), () => Promise.reject(passing()))).rejects.toThrow(MirrorError);
  expect(told).toEqual([['it broke', 0.1], ['it broke', 0.2]]);
});

test('the end of the run ends a pause', async () => {
  pause.mockImplementation(realSleep);
  const stop = new AbortController();
  const attempt = jest.fn(() => Promise.reject(passing(1800)));
  await expect(withRetries(context({ signal: stop.signal, onRetry: () => stop.abort() }), attempt)).rejects.toMatchObject({ name: 'AbortError' });
  expect(attempt).toHaveBeenCalledTimes(1);
});

test('after the end of the run nothing is tried again', async () => {
  const stop = new AbortController();
  const attempt = jest.fn(() => {
    stop.abort();
    return Promise.reject(passing());
  });
  await expect(withRetries(context({ signal: stop.signal }), attempt)).rejects.toThrow('it broke');
  expect(attempt).toHaveBeenCalledTimes(1);
});

test('a request that waits for the permit for large documents is sent again as the same try', async () => {
  const attempt = jest.fn(async () => {
    if (attempt.mock.calls.length === 1) throw new PermitRequiredError('the image', Promise.resolve());
  });
  await withRetries(context(), attempt);
  expect(attempt.mock.calls).toEqual([[1], [1]]);
});

test('a request that waits for the permit ends with the reason of the run, and not with a limit of the image', async () => {
  const stop = new AbortController();
  const attempt = jest.fn(() => Promise.reject(new PermitRequiredError('the image', new Promise(() => undefined))));
  const ended = withRetries(context({ signal: stop.signal }), attempt);
  stop.abort(new Error('the run has ended'));
  await expect(ended).rejects.toThrow('the run has ended');
  expect(attempt).toHaveBeenCalledTimes(1);
});
