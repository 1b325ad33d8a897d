/** A client whose registry is known beforehand, as Docker Hub and Amazon ECR are: here with the challenge of a local one. */
import { Challenge } from '../../../src/engine/registry/challenge';
import { RegistryClient } from '../../../src/engine/registry/registry-client';
import { Fault } from '../../support/fault';
import { singleImage } from '../../support/fixture-images';
import { LocalDockerHub } from '../../support/local-docker-hub';
import { LocalRegistry } from '../../support/local-registry';
import { NO_CREDENTIALS } from '../../support/mirroring';
import { withTransport } from '../../support/with-transport';

const IMAGE = singleImage();
const TAG = { path: '/manifests/stable' };

let hub: LocalDockerHub;
const transport = withTransport();

beforeEach(async () => {
  hub = await new LocalDockerHub().start();
  hub.push('library/nginx', 'stable', IMAGE);
});

afterEach(async () => {
  expect(hub.errors).toEqual([]);
  await hub.close();
});

function client(challenge: Challenge): RegistryClient {
  return new RegistryClient({
    endpoint: { registry: hub.host, origin: hub.url, challenge },
    repository: 'library/nginx',
    access: 'pull,push',
    transport,
    credentials: NO_CREDENTIALS,
    signal: new AbortController().signal,
  });
}

const known = (path = '/token'): Challenge => ({ scheme: 'bearer', realm: `${hub.url}${path}`, service: 'registry.docker.io' });

test('what is known of a registry saves the request that would be refused', async () => {
  expect(await client(known()).manifestDigest('stable')).toBe(IMAGE.digest);
  expect(hub.requests.map(({ path }) => path)).toEqual(['/token', '/v2/library/nginx/manifests/stable']);
});

test.each([401, 404])('a token service that was known and answers %i now gives way to the one that the registry names', async (status) => {
  hub.fail({ match: { path: '/old-token' }, action: Fault.status(status), times: 100 });
  expect(await client(known('/old-token')).manifestDigest('stable')).toBe(IMAGE.digest);
  expect(hub.requests.map(({ path, status: answer }) => [path, answer])).toEqual([
    ['/old-token', status], ['/v2/library/nginx/manifests/stable', 401], ['/token', 200], ['/v2/library/nginx/manifests/stable', 200],
  ]);
});

test.each([400, 403])('a HEAD that is answered %i without a challenge is asked again with a new token', async (status) => {
  hub.fail({ match: TAG, action: Fault.status(status) });
  expect(await client(known()).manifestDigest('stable')).toBe(IMAGE.digest);
  expect(hub.tokenRequests).toBe(2);
});

test.each([[400, 'registry-error'], [403, 'unauthorized']])('a HEAD that is answered %i for good is %s after exactly one new token', async (status, reason) => {
  hub.fail({ match: TAG, action: Fault.status(status), times: 100 });
  const asking = client(known());
  await expect(asking.manifestDigest('stable')).rejects.toMatchObject({ reason, retryable: false });
  await expect(asking.manifestDigest('stable')).rejects.toMatchObject({ reason });
  expect(hub.tokenRequests).toBe(2);
});

test('a PUT that is answered 400 is no matter of tokens', async () => {
  hub.fail({ match: { method: 'PUT' }, action: Fault.status(400), times: 100 });
  await expect(client(known()).putManifest('stable', IMAGE)).rejects.toMatchObject({ reason: 'registry-error' });
  expect(hub.tokenRequests).toBe(1);
});

test('a place that a registry redirects to has a limit of its own, and says how long to wait', async () => {
  const elsewhere = await new LocalRegistry().start();
  try {
    elsewhere.fail({ action: Fault.status(429, { 'retry-after': '7' }) });
    hub.fail({ match: TAG, action: Fault.status(307, { location: `${elsewhere.url}/elsewhere` }) });
    await expect(client(known()).manifest('stable')).rejects.toMatchObject({
      reason: 'rate-limited', retryable: true, retryAfterSeconds: 7, message: expect.stringContaining(`${elsewhere.host}, to which it redirects, returned HTTP 429`),
    });
  } finally {
    await elsewhere.close();
  }
});
