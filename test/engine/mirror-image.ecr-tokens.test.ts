/** Amazon ECR's tokens, which expire without a challenge. Over plain http its first challenge is not known beforehand. */
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { Fault, RequestMatch } from '../support/fault';
import { LocalEcr } from '../support/local-ecr';
import { MirroringOptions } from '../support/mirroring';
import { IMAGE, UpstreamAndEcr } from '../support/upstream-and-ecr';

let both: UpstreamAndEcr;
let ecr: LocalEcr;

beforeEach(async () => {
  both = await new UpstreamAndEcr().start();
  ecr = both.ecr;
});

afterEach(async () => {
  expect(both.errors).toEqual([]);
  await both.close();
});

const run = (repository: string, options: MirroringOptions = {}) => both.run(repository, options);

test('is asked for its challenge once and for one token', async () => {
  await run('mirror/app');
  expect(ecr.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  expect(ecr.issuedTokens).toBe(1);
});

describe('a token that expires in the middle of a copy', () => {
  /** Makes all tokens expire when the first such request arrives, which then meets the refusal. */
  function expireAt(match: RequestMatch): void {
    ecr.fail({ match, action: Fault.pass(), onHit: () => ecr.expireTokens() });
  }

  afterEach(() => expect(ecr.issuedTokens).toBe(2));

  test.each([
    ['a child manifest is looked up', { method: 'HEAD', path: '/manifests/sha256' }],
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

  test.each([
    ['the index is read', { method: 'GET', path: IMAGE.digest }],
    ['a child manifest is read', { method: 'GET', path: IMAGE.manifests[0].digest }],
    ['a blob is read', { method: 'GET', path: '/blobs/' }],
  ])('is renewed once for a source, too, when %s', async (_, match) => {
    expireAt(match);
    expect(await both.pull(IMAGE)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(both.upstream.holds('copy', IMAGE)).toBe(true);
  });
});

describe('a refusal that stays', () => {
  const denied = Fault.status(403, {}, JSON.stringify({ errors: [{ code: 'DENIED', message: 'User is not authorized to perform this action' }] }));

  test.each([
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
