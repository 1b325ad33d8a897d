/** The pulls of Docker Hub that a mirror leaves to others. */
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import { UpstreamSettings } from '../../src/engine/registry/upstream-settings';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalDockerHub } from '../support/local-docker-hub';
import { LocalRegistry } from '../support/local-registry';
import { requestOf, withTools } from '../support/mirror-request';
import { mirror, MirroringOptions } from '../support/mirroring';
import { withServers } from '../support/with-servers';

/** A copy needs three pulls: the index, and two platforms. */
const IMAGE = multiPlatformImage();
const PULLS = 3;
const [hub, target] = withServers(new LocalDockerHub(), new LocalRegistry());

beforeEach(() => {
  hub.resetPulls();
  hub.pullBudget = 76;
  hub.push('library/nginx', 'stable', IMAGE);
});

function reserve(reservedPulls: number): UpstreamSettings {
  return new UpstreamSettings([{ registry: hub.host, reservedPulls }]);
}

function run(reservedPulls: number, options: MirroringOptions = {}) {
  return mirror(`${hub.host}/library/nginx:stable`, `${target.host}/mirror/nginx:stable`, { upstreams: reserve(reservedPulls), ...options });
}

test('an image is copied when exactly the reserve remains after it', async () => {
  expect(await run(76 - PULLS)).toMatchObject({ outcome: 'copied', countedPulls: PULLS });
  expect(target.holds('mirror/nginx', IMAGE)).toBe(true);
});

test('an image fails without a pull when less than the reserve would remain, and is not retried', async () => {
  const lines: string[] = [];
  expect(await run(76, { onLine: (line) => lines.push(line) })).toMatchObject({
    outcome: 'failed',
    reason: 'rate-limited',
    countedPulls: 0,
    message: `${hub.host}: cannot read manifest library/nginx@${IMAGE.digest}: 76 pulls remain for this account or IP address, and reservedPulls leaves 76 to others; `
      + 'pulls become available again within 6 hours, and a later run continues from there; '
      + 'reduce reservedPulls, mirror fewer images, or set credentials for an account with a higher limit',
  });
  expect(hub.pulls).toBe(0);
  expect(hub.requestsTo({ path: '/manifests/' }).filter(({ status }) => status !== 401).map(({ method }) => method)).toEqual(['HEAD']);
  expect(lines.filter((line) => /again|retr/i.test(line))).toEqual([]);
});

test('an image that the reserve interrupts never uses the reserve, and a later run copies it', async () => {
  expect(await run(76 - PULLS + 1)).toMatchObject({ outcome: 'failed', reason: 'rate-limited' });
  expect(hub.pulls).toBeLessThan(PULLS);
  expect(target.tagDigest('mirror/nginx', 'stable')).toBeUndefined();
  hub.resetPulls();
  expect(await run(76 - PULLS)).toMatchObject({ outcome: 'copied' });
});

test('an unchanged image succeeds when nothing above the reserve remains', async () => {
  await run(0);
  hub.pulls = 76;
  expect(await run(50, { referrers: true, lateReferrers: true })).toMatchObject({ outcome: 'unchanged', countedPulls: 0 });
});

test('without a reserve, an image uses all pulls', async () => {
  hub.pullBudget = PULLS;
  expect(await run(0)).toMatchObject({ outcome: 'copied' });
  expect(hub.pulls).toBe(PULLS);
});

test('an account without a limit has no reserve', async () => {
  hub.pullBudget = undefined;
  expect(await run(100_000)).toMatchObject({ outcome: 'copied' });
});

test.each(['', '-1', '1.5', '0x0', '1;w=', '1;w=x', '1;w=0', '0;w=21600;w=1', '0, 0', '9'.repeat(10), `0;w=${'9'.repeat(9)}`, 'NaN', '0 pulls'])('the header %j counts as none', async (value) => {
  hub.fail({ match: { path: '/manifests/' }, action: Fault.headers({ 'ratelimit-remaining': value }), times: 100 });
  expect(await run(100)).toMatchObject({ outcome: 'copied' });
});

test.each([['40', 'later'], ['40;w=60', 'within 1 minute'], ['40; w=45', 'within 45 seconds']])('the header %j names when pulls become available again', async (value, recovery) => {
  hub.fail({ match: { path: '/manifests/' }, action: Fault.headers({ 'ratelimit-remaining': value }), times: 100 });
  const { message } = await run(100);
  expect(message).toContain(`40 pulls remain for this account or IP address, and reservedPulls leaves 100 to others; pulls become available again ${recovery},`);
});

test('a missing image is still not found', async () => {
  const result = await mirror(`${hub.host}/library/nginx:missing`, `${target.host}/mirror/nginx:missing`, { upstreams: reserve(100) });
  expect(result.reason).not.toBe('rate-limited');
});

test('the images of a run leave the reserve together', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `team/app${index}`);
  for (const name of names) hub.push(name, '1', singleImage({ seed: name }));
  const plan = names.map((name) => planRequest(requestOf(`${hub.host}/${name}:1`, `${target.host}/${name}:1`, { referrers: false })));
  const results = await withTools((tools) => mirrorAll(plan, { ...tools, upstreams: reserve(73) }, { onResult: (result) => result }));
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  expect(hub.pulls).toBeLessThanOrEqual(3);
  expect(failed.map(({ reason }) => reason)).toEqual(Array(8 - hub.pulls).fill('rate-limited'));
});

test('a registry without a reserve is not concerned', async () => {
  expect(await run(0, { upstreams: new UpstreamSettings([{ registry: 'docker.io', reservedPulls: 100 }]) })).toMatchObject({ outcome: 'copied' });
});
