/** Amazon ECR's own rules. Over plain http nothing is known of a registry beforehand, so its challenge comes first here. */
import { mirror, MirroringOptions } from './mirroring';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { Fault, matches, RequestMatch } from '../support/fault';
import { artifact, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';

const IMAGE = indexOf([multiPlatformImage({ attestations: true }), singleImage({ seed: 'beside' })]);
const OTHER = singleImage({ seed: 'other' });

let upstream: LocalRegistry;
let ecr: LocalEcr;

beforeEach(async () => {
  upstream = await new LocalRegistry().start();
  upstream.push('app', '1.0.0', IMAGE);
  ecr = await new LocalEcr([
    'mirror/app',
    { repositoryName: 'mirror/fixed', imageTagMutability: 'IMMUTABLE' },
    { repositoryName: 'mirror/mixed', imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['stable'] },
  ]).start();
});

afterEach(async () => {
  expect([...upstream.errors, ...ecr.errors, ...ecr.blobStorage.errors]).toEqual([]);
  await Promise.all([upstream.close(), ecr.close()]);
});

/** What `GetAuthorizationToken` gives, anew each time that it is asked for. */
const credentials: CredentialSource = {
  async credentialFor(registry) {
    if (registry !== ecr.host) return undefined;
    const [username, password] = Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
    return { username, password };
  },
};

function run(repository: string, options: MirroringOptions = {}) {
  return mirror(`${upstream.host}/app:1.0.0`, `${ecr.host}/${repository}:1.0.0`, { kind: 'fixed', credentials, ...options });
}

/** Does something between the first look at both sides and the copy. */
function meanwhile(action: () => void): MirroringOptions {
  return { onLine: (line) => { if (line.endsWith(': copying')) action(); } };
}

function tagPuts(): number {
  return ecr.count({ method: 'PUT', path: '/manifests/1.0.0' });
}

test('takes an image of every kind, children before their index', async () => {
  expect(await run('mirror/app')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(ecr.holds('mirror/app', IMAGE)).toBe(true);
  expect(ecr.requestsTo({ method: 'PUT', path: '/manifests/' }).map(({ status }) => status)).toEqual(IMAGE.manifests.map(() => 201));
  expect(ecr.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/mirror/app/manifests/1.0.0' });
});

test('takes an artifact', async () => {
  upstream.push('app', '1.0.0', artifact());
  expect(await run('mirror/app')).toMatchObject({ outcome: 'copied', targetDigest: artifact().digest });
});

test('is asked for its challenge once and for one token', async () => {
  await run('mirror/app');
  expect(ecr.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  expect(ecr.issuedTokens).toBe(1);
});

describe('an immutable tag', () => {
  test('is put once', async () => {
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(tagPuts()).toBe(1);
  });

  test('with the identical digest is unchanged and never put', async () => {
    ecr.push('mirror/fixed', '1.0.0', IMAGE);
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'unchanged', countedPulls: 0 });
    expect(ecr.count({ method: /PUT|POST|PATCH|DELETE/ })).toBe(0);
  });

  test('that the same image has taken meanwhile is a success', async () => {
    expect(await run('mirror/fixed', meanwhile(() => ecr.push('mirror/fixed', '1.0.0', IMAGE)))).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(ecr.requestsTo({ method: 'PUT', path: '/manifests/1.0.0' }).map(({ status }) => status)).toEqual([400]);
  });

  test('that another image has taken meanwhile fails as immutable-tag', async () => {
    const result = await run('mirror/fixed', meanwhile(() => ecr.push('mirror/fixed', '1.0.0', OTHER)));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', message: expect.stringContaining('mirror/fixed:1.0.0') });
    expect(ecr.tagDigest('mirror/fixed', '1.0.0')).toBe(OTHER.digest);
  });

  test('whose answer was lost is a success', async () => {
    const hits = ecr.fail({ match: { method: 'PUT', path: '/manifests/1.0.0' }, action: Fault.loseResponse() });
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([hits(), tagPuts()]).toEqual([1, 2]);
  });

  test('that upstream moved is kept beside the first under SUFFIX, and a second time is a green no-op', async () => {
    ecr.push('mirror/fixed', '1.0.0', OTHER);
    const first = await run('mirror/fixed', { onTagMoved: 'SUFFIX' });
    expect(first).toMatchObject({ outcome: 'tag-moved', targetDigest: OTHER.digest });
    expect(ecr.tagDigest('mirror/fixed', first.suffixedTag!)).toBe(IMAGE.digest);
    ecr.resetRequests();
    expect((await run('mirror/fixed', { onTagMoved: 'SUFFIX' })).reason).toBeUndefined();
    expect(ecr.count({ method: /PUT|POST/ })).toBe(0);
  });

  test('taken for a floating one fails as immutable-tag and stays', async () => {
    ecr.push('mirror/fixed', '1.0.0', OTHER);
    expect(await run('mirror/fixed', { kind: 'floating' })).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', targetDigest: OTHER.digest });
    expect(ecr.tagDigest('mirror/fixed', '1.0.0')).toBe(OTHER.digest);
  });
});

test('lets a tag move that its exclusion filters name', async () => {
  upstream.push('app', 'stable', IMAGE);
  ecr.push('mirror/mixed', 'stable', OTHER);
  expect(await mirror(`${upstream.host}/app:stable`, `${ecr.host}/mirror/mixed:stable`, { credentials })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(ecr.tagDigest('mirror/mixed', 'stable')).toBe(IMAGE.digest);
});

describe('as a source', () => {
  const image = multiPlatformImage({ layerBytes: 300_000 });

  function pull() {
    ecr.push('mirror/app', '1.0.0', image);
    return mirror(`${ecr.host}/mirror/app:1.0.0`, `${upstream.host}/copy:1.0.0`, { credentials });
  }

  test('redirects blobs to another origin, which is given no credentials', async () => {
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(upstream.holds('copy', image)).toBe(true);
    expect(ecr.blobStorage.count()).toBe(image.blobs.length);
    expect(ecr.blobStorage.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  });

  test.each([
    ['a reset', Fault.reset()],
    ['a reset in mid-body', Fault.resetBody(100_000)],
    ['a flipped byte', Fault.flipByte(100)],
    ['HTTP 503', Fault.status(503)],
    ['HTTP 403', Fault.status(403)],
  ])('gets over %s at the place that blobs are redirected to', async (_, action) => {
    const hits = ecr.blobStorage.fail({ action });
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(hits()).toBe(1);
  });

  test('asks for a new address when the place that blobs are redirected to says that the old one has expired', async () => {
    const [{ digest }] = image.blobs;
    let expired = false;
    const expire: RequestMatch = () => {
      if (!expired) ecr.blobStorage.expire();
      expired = true;
      return false;
    };
    ecr.blobStorage.fail({ match: expire, action: Fault.stall() });
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(ecr.blobStorage.requests.some(({ status }) => status === 403)).toBe(true);
    expect(upstream.repository('copy').blobs.has(digest)).toBe(true);
  });

  test('names the place that blobs are redirected to when it goes on refusing, and does not blame the credentials', async () => {
    ecr.blobStorage.fail({ action: Fault.status(403), times: 1000 });
    expect(await pull()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining(`${ecr.blobStorage.host}, where it redirects to, answers HTTP 403`) });
    expect(ecr.issuedTokens).toBe(1);
  });
});

test('answers a mount with an upload, which is then done', async () => {
  const copied = singleImage({ layers: 3 });
  ecr.push('mirror/app', '1.0.0', copied);
  const result = await mirror(`${ecr.host}/mirror/app:1.0.0`, `${ecr.host}/mirror/fixed:1.0.0`, { credentials });
  expect(result).toMatchObject({ outcome: 'copied', targetDigest: copied.digest, blobsCopied: copied.blobs.length });
  expect(ecr.requestsTo({ method: 'POST' }).map(({ query, status }) => [query.startsWith('mount='), status])).toEqual(copied.blobs.map(() => [true, 202]));
  expect(ecr.openUploads).toBe(0);
});

test('sends uploads to another origin without credentials', async () => {
  const elsewhere = await new LocalRegistry().start();
  const address = { location: `${elsewhere.url}/v2/app/blobs/uploads/upload-1?_state=0` };
  ecr.fail({ match: { method: 'POST' }, action: Fault.headers(address), times: 100 });
  expect(await run('mirror/app')).toMatchObject({ outcome: 'failed' });
  expect(elsewhere.count({ method: 'PUT' })).toBeGreaterThan(0);
  expect(elsewhere.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  await elsewhere.close();
});

describe('a token that expires in the middle of a copy', () => {
  /** Makes all tokens expire when the first such request arrives, which then meets the refusal. */
  function expireAt(match: RequestMatch): void {
    let expired = false;
    const expire: RequestMatch = (request) => {
      if (!expired && matches(match, request)) {
        expired = true;
        ecr.expireTokens();
      }
      return false;
    };
    ecr.fail({ match: expire, action: Fault.stall() });
  }

  afterEach(() => expect(ecr.issuedTokens).toBe(2));

  test.each([
    ['a blob is looked up', { method: 'HEAD', path: '/blobs/' }],
    ['an upload is started', { method: 'POST' }],
    ['an upload is finished', { method: 'PUT', path: '/blobs/' }],
    ['a child manifest is put', { method: 'PUT', path: '/manifests/sha256' }],
    ['the tag is put', { method: 'PUT', path: '/manifests/1.0.0' }],
  ])('without a challenge, when %s, is renewed once and the copy completed', async (_, match) => {
    expireAt(match);
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(ecr.holds('mirror/fixed', IMAGE)).toBe(true);
    expect(ecr.requests.some(({ status }) => status === 403)).toBe(true);
  });

  test('is renewed once for a source, too', async () => {
    ecr.push('mirror/app', '1.0.0', IMAGE);
    expireAt({ method: 'GET', path: '/blobs/' });
    expect(await mirror(`${ecr.host}/mirror/app:1.0.0`, `${upstream.host}/copy:1.0.0`, { credentials })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  });
});

describe('a refusal that stays', () => {
  const denied = Fault.status(403, {}, JSON.stringify({ errors: [{ code: 'DENIED', message: 'User is not authorized to perform this action' }] }));

  test.each([
    ['a blob is looked up', { method: 'HEAD', path: '/blobs/' }],
    ['a child manifest is looked up', { method: 'HEAD', path: '/manifests/sha256' }],
    ['an upload is started', { method: 'POST' }],
    ['the tag is put', { method: 'PUT', path: '/manifests/1.0.0' }],
  ])('when %s is unauthorized after exactly one new token', async (_, match) => {
    ecr.fail({ match, action: denied, times: 1000 });
    expect(await run('mirror/app')).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining(ecr.host) });
    expect(ecr.issuedTokens).toBe(2);
  });

  test('of a manifest with HTTP 400 asks for no new token', async () => {
    ecr.fail({ match: { method: 'PUT', path: '/manifests/1.0.0' }, action: Fault.status(400) });
    expect(await run('mirror/app')).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
    expect(ecr.issuedTokens).toBe(1);
  });
});

describe('a token that is refused in the middle of a copy', () => {
  const challenge = { 'www-authenticate': 'Basic realm="https://local.invalid/",service="ecr.amazonaws.com"' };

  test.each([
    ['a blob is looked up', { method: 'HEAD', path: '/blobs/' }],
    ['an upload is finished', { method: 'PUT', path: '/blobs/' }],
    ['a child manifest is put', { method: 'PUT', path: '/manifests/sha256' }],
    ['the tag is put', { method: 'PUT', path: '/manifests/1.0.0' }],
  ])('with a challenge, when %s, is renewed and the copy completed', async (_, match) => {
    const hits = ecr.fail({ match, action: Fault.status(401, challenge) });
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([hits(), ecr.issuedTokens]).toEqual([1, 2]);
  });
});

test('refuses credentials that it does not know, in words', async () => {
  const wrong: CredentialSource = { credentialFor: async (registry) => registry === ecr.host ? { username: 'AWS', password: 'wrong-password' } : undefined };
  const result = await run('mirror/app', { credentials: wrong });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining(ecr.host) });
  expect(JSON.stringify(result)).not.toContain('wrong-password');
});

test('has no repository that was not defined, and the failure names it', async () => {
  expect(await run('mirror/missing')).toMatchObject({
    outcome: 'failed', reason: 'not-found', message: expect.stringContaining("'mirror/missing' does not exist"),
  });
});
