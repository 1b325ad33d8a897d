/** Token services and credentials, over plain http; https is played by the tests of the command line. */
import { CredentialSource, EnvironmentCredentials } from '../../src/engine/credentials/credential-source';
import { credentialVariables } from '../../src/image/contract/environment';
import { BlobStorageHost } from '../support/blob-storage-host';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalDockerHub, LocalDockerHubOptions } from '../support/local-docker-hub';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions, NO_CREDENTIALS } from '../support/mirroring';

const IMAGE = multiPlatformImage({ layerBytes: 100_000 });
const PRIVATE = singleImage({ seed: 'private' });
const USER = { username: 'someone', password: 'pass:word-with-ümlaut' };

let hub: LocalDockerHub;
let cdn: BlobStorageHost;
let target: LocalRegistry;

async function startHub(options: LocalDockerHubOptions = {}): Promise<void> {
  hub = await new LocalDockerHub({ users: [USER], privateRepositories: ['someone/private'], blobStorage: cdn, ...options }).start();
  hub.push('library/nginx', 'stable', IMAGE);
  hub.push('someone/private', 'latest', PRIVATE);
}

beforeEach(async () => {
  [cdn, target] = await Promise.all([new BlobStorageHost().start(), new LocalRegistry().start()]);
});

afterEach(async () => {
  expect([...hub.errors, ...cdn.errors, ...target.errors]).toEqual([]);
  await Promise.all([hub.close(), cdn.close(), target.close()]);
});

/** Has the user's credentials for the hub alone, and keeps who asked. */
class HubCredentials implements CredentialSource {
  readonly asked: string[] = [];

  constructor(private readonly password = USER.password) {}

  async credentialFor(registry: string) {
    this.asked.push(registry);
    return registry === hub.host ? { username: USER.username, password: this.password } : undefined;
  }
}

function run(repository: string, options: MirroringOptions = {}) {
  return mirror(`${hub.host}/${repository}`, `${target.host}/mirror/app:stable`, options);
}

function schemes(server: { requests: LocalRegistry['requests'] }): (string | undefined)[] {
  return [...new Set(server.requests.map(({ headers }) => headers.authorization?.split(' ')[0]))];
}

describe('anonymously', () => {
  test('a public image is copied with one token for all its requests', async () => {
    await startHub();
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hub.tokenRequests).toBe(1);
    expect(hub.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('an unchanged image costs no pull', async () => {
    await startHub();
    target.push('mirror/app', 'stable', IMAGE);
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'unchanged', countedPulls: 0 });
    expect(hub.pulls).toBe(0);
  });

  test('as many pulls are told as the registry counts', async () => {
    await startHub();
    expect(await run('library/nginx:stable')).toMatchObject({ countedPulls: 3 });
    expect(hub.pulls).toBe(3);
  });

  test.each(['someone/private:latest', 'library/missing:latest'])('%s is refused, and credentials are named', async (image) => {
    await startHub();
    expect(await run(image)).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining('the registry requires credentials') });
  });

  test('a missing tag of a public image is not-found', async () => {
    await startHub();
    expect(await run('library/nginx:missing')).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });

  test('an exhausted budget fails as rate-limited and names credentials as the remedy', async () => {
    await startHub({ pullBudget: 2 });
    const old = singleImage({ seed: 'old' });
    target.push('mirror/app', 'stable', old);
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'rate-limited', message: expect.stringContaining('configure credentials for this registry') });
    expect(target.tagDigest('mirror/app', 'stable')).toBe(old.digest);
  });

  test('an exhausted budget that refuses HEAD is never taken for unchanged', async () => {
    await startHub({ pullBudget: 0, refuseHeadOverLimit: true });
    target.push('mirror/app', 'stable', IMAGE);
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'rate-limited' });
  });
});

describe('with credentials', () => {
  test('a private image is copied', async () => {
    await startHub();
    expect(await run('someone/private:latest', { credentials: new HubCredentials() })).toMatchObject({ outcome: 'copied', targetDigest: PRIVATE.digest });
  });

  test('an image is pushed', async () => {
    await startHub({ blobStorage: undefined });
    hub.repository('someone/mirror');
    target.push('app', 'latest', IMAGE);
    expect(await mirror(`${target.host}/app:latest`, `${hub.host}/someone/mirror:latest`, { credentials: new HubCredentials() })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hub.holds('someone/mirror', IMAGE)).toBe(true);
    expect(hub.tokenRequests).toBe(1); // though the first challenge is for a look-up, and asks for less
  });

  test('wrong ones are refused, not retried and not shown', async () => {
    await startHub();
    const lines: string[] = [];
    const result = await run('someone/private:latest', { credentials: new HubCredentials('wrong-password'), onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining('cannot sign in') });
    expect(hub.tokenRequests).toBe(1);
    expect(JSON.stringify([result, lines])).not.toMatch(/wrong-password|d3JvbmctcGFzc3dvcmQ/);
  });

  test('each repository gets a token for the credentials of its namespace', async () => {
    await startHub({ privateRepositories: ['someone/private', 'other/private'] });
    hub.push('other/private', 'latest', PRIVATE);
    const variables = ['someone', 'other'].map((namespace, index) => credentialVariables({ registry: hub.host, repositoryNamespace: namespace }, index));
    const passwords = [USER.password, 'the password of another user'];
    const environment = variables.flatMap(({ username, password }, index) => [[username, USER.username], [password, passwords[index]]]);
    const credentials = new EnvironmentCredentials(variables, Object.fromEntries(environment));
    expect(await run('someone/private:latest', { credentials })).toMatchObject({ outcome: 'copied' });
    expect(await run('other/private:latest', { credentials })).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
    hub.requests.length = 0;
    expect(await run('library/nginx:stable', { credentials })).toMatchObject({ outcome: 'copied' });
    expect(schemes({ requests: hub.requestsTo({ path: '/token' }) })).toEqual([undefined]);
  });

  test('the password goes to the token service alone', async () => {
    await startHub();
    await run('someone/private:latest', { credentials: new HubCredentials() });
    for (const { path, headers } of hub.requests.filter(({ status }) => status === 200 || status === 307)) {
      expect(headers.authorization).toBe(path === '/token' ? 'Basic [hidden]' : 'Bearer [hidden]');
    }
  });

  test('nothing of them reaches the place that blobs are redirected to, nor the other registry', async () => {
    await startHub();
    await run('someone/private:latest', { credentials: new HubCredentials() });
    expect(cdn.count()).toBe(PRIVATE.blobs.length);
    expect(schemes(cdn)).toEqual([undefined]);
    expect(schemes(target)).toEqual([undefined]);
  });

  test.each([301, 302, 303, 307, 308])('nothing of them reaches a host that a manifest is redirected to with HTTP %d', async (status) => {
    await startHub();
    const thief = await new LocalDockerHub({ users: [USER] }).start();
    const credentials = new HubCredentials();
    hub.fail({ match: { path: '/manifests/' }, skip: 1, times: 100, action: Fault.status(status, { location: `${thief.url}/v2/library/nginx/manifests/stable` }) });
    expect(await run('library/nginx:stable', { credentials })).toMatchObject({ outcome: 'failed' });
    expect(thief.count()).toBeGreaterThan(0);
    expect(schemes(thief)).not.toContain('Basic');
    expect(credentials.asked).not.toContain(thief.host);
    await thief.close();
  });

  test('an exhausted budget names an account with a higher limit as the remedy', async () => {
    await startHub({ pullBudget: 0 });
    expect(await run('library/nginx:stable', { credentials: new HubCredentials() })).toMatchObject({ reason: 'rate-limited', message: expect.stringContaining('higher limit') });
  });
});

describe('a token', () => {
  test('that expires in the middle is renewed once, and the copy completed', async () => {
    await startHub();
    const onLine = (line: string) => { if (line.endsWith(': copying')) hub.expireTokens(); };
    expect(await run('library/nginx:stable', { onLine })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hub.tokenRequests).toBe(2);
  });

  test('that lives shorter than a request may take is renewed each time', async () => {
    await startHub({ tokenSeconds: 5 });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  });

  test.each([
    ['a reset', Fault.reset()],
    ['a lost answer', Fault.loseResponse()],
    ['a truncated answer', Fault.truncate(20)],
    ['a reset in mid-answer', Fault.resetBody(20)],
    ['HTTP 429', Fault.status(429)],
    ['HTTP 503', Fault.status(503)],
    ['an answer that is no JSON', Fault.status(200, {}, '<html>')],
    ['an answer without a token', Fault.status(200, {}, '{"token":7}')],
    ['a token that would split a header', Fault.status(200, {}, '{"token":"a\\r\\nx-injected: 1"}')],
  ])('is asked for again after %s', async (_, action) => {
    await startHub();
    const hits = hub.fail({ match: { path: '/token' }, action });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hits()).toBe(1);
  });

  test('service without end is left', async () => {
    await startHub();
    hub.fail({ match: { path: '/token' }, action: Fault.status(200, {}, 'x'.repeat(2_000_000)), times: 100 });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
  });

  test.each(['ftp://127.0.0.1/token', 'http://user:pass@127.0.0.1/token', 'file:///etc/passwd', 'no address'])('is not asked for at %s', async (realm) => {
    await startHub();
    hub.fail({ match: { path: '/manifests/' }, action: Fault.status(401, { 'www-authenticate': `Bearer realm="${realm}"` }), times: 100 });
    const credentials = new HubCredentials();
    expect(await run('library/nginx:stable', { credentials })).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
    expect(hub.tokenRequests).toBe(0);
  });
});

describe('a public gallery, which answers 400 to an expired token', () => {
  const expired = Fault.status(400, {}, JSON.stringify({ errors: [{ code: 'DENIED', message: 'Your Authorization Token is invalid.' }] }));

  beforeEach(() => startHub({ publicScope: 'aws' }));

  test.each(['/manifests/', '/blobs/'])('is asked again once with a new one for %s', async (path) => {
    const hits = hub.fail({ match: { method: 'GET', path }, action: expired });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([hits(), hub.tokenRequests]).toEqual([1, 2]);
  });

  test('is believed when it says so again', async () => {
    hub.fail({ match: { method: 'GET', path: '/manifests/' }, times: 100, action: expired });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
    expect(hub.tokenRequests).toBe(2);
  });
});

describe('redirects', () => {
  test('without end are left', async () => {
    await startHub();
    hub.fail({ match: { path: '/blobs/' }, action: Fault.status(307, { location: `/v2/library/nginx/blobs/${IMAGE.blobs[0].digest}` }), times: 1000 });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('more than 5 redirects') });
  });

  test.each(['', 'http://'])('to %j are refused', async (location) => {
    await startHub();
    hub.fail({ match: { path: '/blobs/' }, action: Fault.status(307, { location }), times: 1000 });
    expect(await run('library/nginx:stable')).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
  });
});

test('an unknown challenge is told as unauthorized', async () => {
  await startHub();
  hub.fail({ match: { path: '/manifests/' }, action: Fault.status(401, { 'www-authenticate': 'Negotiate' }), times: 100 });
  expect(await run('library/nginx:stable', { credentials: NO_CREDENTIALS })).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
});
