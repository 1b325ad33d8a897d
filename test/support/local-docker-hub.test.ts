import { BlobStorageHost } from './blob-storage-host';
import { multiPlatformImage, singleImage } from './fixture-images';
import { LocalDockerHub, LocalDockerHubOptions } from './local-docker-hub';

let hub: LocalDockerHub;

async function startHub(options: LocalDockerHubOptions = {}): Promise<void> {
  hub = await new LocalDockerHub({ users: [{ username: 'someone', password: 'secret' }], privateRepositories: ['someone/private'], ...options }).start();
  hub.push('library/nginx', 'stable', multiPlatformImage());
  hub.push('someone/private', 'latest', singleImage());
}

afterEach(async () => {
  expect(hub.errors).toEqual([]);
  await hub.close();
});

async function tokenFor(repository: string, credentials?: string): Promise<string> {
  const headers: Record<string, string> = credentials ? { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } : {};
  const answer = await fetch(`${hub.url}/token?service=registry.docker.io&scope=repository:${repository}:pull`, { headers });
  return ((await answer.json()) as { token: string }).token;
}

async function manifest(method: string, repository: string, tag: string, token?: string): Promise<Response> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  return fetch(`${hub.url}/v2/${repository}/manifests/${tag}`, { method, headers });
}

test('says where a token is to be had and for what', async () => {
  await startHub({ realm: 'https://auth.docker.io/token' });
  const answer = await manifest('HEAD', 'library/nginx', 'stable');
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate'))
    .toBe('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"');
});

test('lets anonymous tokens read public repositories', async () => {
  await startHub();
  expect((await manifest('GET', 'library/nginx', 'stable', await tokenFor('library/nginx'))).status).toBe(200);
  expect(hub.tokenRequests).toBe(1);
});

test('lets a token read only what it was asked for', async () => {
  await startHub();
  const answer = await manifest('GET', 'library/nginx', 'stable', await tokenFor('library/redis'));
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
});

test('tells a missing tag from a repository that is missing or private', async () => {
  await startHub();
  expect((await manifest('GET', 'library/nginx', 'missing', await tokenFor('library/nginx'))).status).toBe(404);
  expect((await manifest('GET', 'library/missing', 'latest', await tokenFor('library/missing'))).status).toBe(401);
  expect((await manifest('GET', 'someone/private', 'latest', await tokenFor('someone/private'))).status).toBe(401);
});

test('lets a user read what is private, and nobody with a wrong password', async () => {
  await startHub();
  expect((await manifest('GET', 'someone/private', 'latest', await tokenFor('someone/private', 'someone:secret'))).status).toBe(200);
  expect(await tokenFor('someone/private', 'someone:wrong')).toBeUndefined();
});

test('refuses a token after its time', async () => {
  let now = 0;
  await startHub({ now: () => now });
  const token = await tokenFor('library/nginx');
  now = 299_999;
  expect((await manifest('HEAD', 'library/nginx', 'stable', token)).status).toBe(200);
  now = 300_000;
  const answer = await manifest('HEAD', 'library/nginx', 'stable', token);
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
});

test('refuses pushes without a user', async () => {
  await startHub();
  const headers = { authorization: `Bearer ${await tokenFor('library/nginx')}` };
  expect((await fetch(`${hub.url}/v2/library/nginx/blobs/uploads/`, { method: 'POST', headers })).status).toBe(401);
});

test('counts GET and not HEAD, and refuses GET over the budget', async () => {
  await startHub({ pullBudget: 2, retryAfter: '30' });
  const token = await tokenFor('library/nginx');
  const remaining: (string | null)[] = [];
  for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
    remaining.push((await manifest(method, 'library/nginx', 'stable', token)).headers.get('ratelimit-remaining'));
  }
  expect(remaining).toEqual(['2;w=21600', '1;w=21600', '1;w=21600', '0;w=21600']);
  const refused = await manifest('GET', 'library/nginx', 'stable', token);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
  expect(await refused.json()).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS', message: expect.stringContaining('pull rate limit') }] });
  expect((await manifest('HEAD', 'library/nginx', 'stable', token)).status).toBe(200);
  hub.resetPulls();
  expect((await manifest('GET', 'library/nginx', 'stable', token)).status).toBe(200);
});

test('sends no rate limit headers without a budget, and counts all the same', async () => {
  await startHub();
  const answer = await manifest('GET', 'library/nginx', 'stable', await tokenFor('library/nginx'));
  expect(answer.headers.get('ratelimit-limit')).toBeNull();
  expect(hub.pulls).toBe(1);
});

test('redirects blobs to the host of the CDN', async () => {
  const blobStorage = await new BlobStorageHost({ origin: 'https://production.cloudflare.docker.com' }).start();
  await startHub({ blobStorage });
  const [{ digest }] = multiPlatformImage().blobs;
  const headers = { authorization: `Bearer ${await tokenFor('library/nginx')}` };
  const answer = await fetch(`${hub.url}/v2/library/nginx/blobs/${digest}`, { headers, redirect: 'manual' });
  expect([answer.status, new URL(answer.headers.get('location')!).host]).toEqual([307, 'production.cloudflare.docker.com']);
  await blobStorage.close();
});
