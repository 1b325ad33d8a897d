/** Uploads that cannot be started, as a child process sees them: no such failure may end it otherwise than in words. */
import { Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { resultOf } from '../support/result-of';
import { withRegistries } from '../support/with-servers';

// Layers of some size: a body that nobody reads must not bring the process down when its connection ends.
const IMAGE = singleImage({ layers: 4, layerBytes: 500_000 });
const NOW = { 'retry-after': '0' };

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

function copy(...options: string[]): Promise<Ending> {
  return runCommand(['copy', '--plain-http', '--json', ...options, `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
}

function isOneResult({ signal, stdout, stderr }: Ending): void {
  expect(signal).toBeUndefined();
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |Unhandled|node:internal/);
}

test.each([
  ['HTTP 408', Fault.status(408, NOW), 'registry-error'],
  ['HTTP 425', Fault.status(425, NOW), 'registry-error'],
  ['HTTP 429', Fault.status(429, NOW), 'rate-limited'],
  ['HTTP 500', Fault.status(500, NOW), 'registry-error'],
  ['HTTP 503', Fault.status(503, NOW), 'registry-error'],
  ['HTTP 403', Fault.status(403), 'unauthorized'],
])('%s for good is one line of JSON and exit code 1, without a stack', async (_, action, reason) => {
  const hits = target.fail({ match: { method: 'POST' }, action, times: 1000 });
  const ending = await copy();
  isOneResult(ending);
  expect([ending.code, resultOf(ending)]).toMatchObject([1, { outcome: 'failed', reason, message: expect.stringContaining(target.host) }]);
  expect(hits()).toBeGreaterThan(0);
});

test.each([
  ['HTTP 503', Fault.status(503, NOW)],
  ['a reset', Fault.reset()],
  ['a lost answer', Fault.loseResponse()],
])('%s for a while is got over', async (_, action) => {
  const hits = target.fail({ match: { method: 'POST' }, action, times: 3 });
  const ending = await copy();
  isOneResult(ending);
  expect([ending.code, resultOf(ending)]).toMatchObject([0, { outcome: 'copied', targetDigest: IMAGE.digest }]);
  expect(hits()).toBe(3);
});

test('a stall ends with the time of the run, in words', async () => {
  target.fail({ match: { method: 'POST' }, action: Fault.stall(), times: 1000 });
  const ending = await copy('--timeout', '1');
  isOneResult(ending);
  expect([ending.code, resultOf(ending)]).toMatchObject([1, { outcome: 'failed', reason: 'deadline-exceeded' }]);
});

test('a reset of both sides at once is got over', async () => {
  target.fail({ match: { method: 'POST' }, action: Fault.reset(), times: 2 });
  upstream.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.resetBody(100_000), times: 2 });
  const ending = await copy();
  isOneResult(ending);
  expect([ending.code, resultOf(ending).outcome]).toEqual([0, 'copied']);
});
