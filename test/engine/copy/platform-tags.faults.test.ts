/** The tags of single platforms when requests fail, and when somebody else is at work on the same tags. */
import type { CredentialSource } from '../../../src/engine/credentials/credential-source';
import type { MirrorTools } from '../../../src/engine/mirror-request';
import type { MirrorResult } from '../../../src/engine/result';
import { Fault, RequestMatch } from '../../support/fault';
import { multiPlatformImage, singleImage } from '../../support/fixture-images';
import { LocalEcr } from '../../support/local-ecr';
import { LocalRegistry } from '../../support/local-registry';
import { mirrorOne, platform, RequestOptions } from '../../support/mirror-request';
import { withServers } from '../../support/with-servers';

const IMAGE = multiPlatformImage();
const ARM64 = singleImage({ platform: 'linux/arm64' });
const OLD = multiPlatformImage({ seed: 'old' });
const OLD_ARM64 = singleImage({ seed: 'old', platform: 'linux/arm64' });
const OTHER = singleImage({ seed: 'other' });
const ALWAYS = 1000;
const TAG = '1.0.0-linux-arm64';

const PUT_OF_TAG: RequestMatch = { method: 'PUT', path: `/manifests/${TAG}` };
const PUT_OF_MAIN: RequestMatch = { method: 'PUT', path: /\/manifests\/1\.0\.0$/ };
const LOOK: RequestMatch = { method: 'HEAD', path: `/manifests/${TAG}` };
const READ: RequestMatch = { method: 'GET', path: `/manifests/${ARM64.digest}` };

const [upstream] = withServers(new LocalRegistry());

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

function run(target: LocalRegistry, options: RequestOptions = {}, tools: Partial<MirrorTools> = {}): Promise<MirrorResult> {
  const request = { referrers: false, platformTags: [platform('linux/arm64')], ...options };
  return mirrorOne(`${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`, request, tools);
}

const named = (target: LocalRegistry, tag: string) => target.tagDigest('mirror/app', tag);

describe('a request for a tag of a single platform', () => {
  const [target] = withServers(new LocalRegistry());

  beforeEach(() => {
    target.push('mirror/app', '1.0.0', OLD);
    target.push('mirror/app', TAG, OLD_ARM64);
  });

  test.each([
    ['the tag is put', PUT_OF_TAG, Fault.status(400), 'registry-error'],
    ['the tag is put', PUT_OF_TAG, Fault.status(403), 'unauthorized'],
    ['the tag is put', PUT_OF_TAG, Fault.status(500), 'registry-error'],
    ['the tag is put', PUT_OF_TAG, Fault.reset(), 'network'],
    ['the tag is looked up', LOOK, Fault.status(403), 'unauthorized'],
    ['the tag is looked up', LOOK, Fault.status(503), 'registry-error'],
    ['its image is read', READ, Fault.status(500), 'registry-error'],
    ['its image is read', READ, Fault.flipByte(100), 'digest-mismatch'],
  ])('that fails for good, when %s, leaves the image\'s own tag as it was (%#)', async (_, match, action, reason) => {
    const hits = target.fail({ match, action, times: ALWAYS });
    expect(await run(target)).toMatchObject({ outcome: 'failed', reason, targetDigest: OLD.digest });
    expect(hits()).toBeGreaterThan(0);
    expect([named(target, '1.0.0'), named(target, TAG)]).toEqual([OLD.digest, OLD_ARM64.digest]);
    expect(target.count(PUT_OF_MAIN)).toBe(0);
  });

  test.each([
    ['the tag is put', PUT_OF_TAG, Fault.status(503)],
    ['the tag is put', PUT_OF_TAG, Fault.resetWhileReceiving(100)],
    ['the tag is put', PUT_OF_TAG, Fault.loseResponse()],
    ['the tag is looked up', LOOK, Fault.reset()],
    ['its image is read', READ, Fault.flipByte(100)],
    ['its image is read', READ, Fault.truncate(100)],
  ])('that fails once, when %s, is sent again (%#)', async (_, match, action) => {
    const hits = target.fail({ match, action });
    expect(await run(target)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hits()).toBe(1);
    expect([named(target, '1.0.0'), named(target, TAG)]).toEqual([IMAGE.digest, ARM64.digest]);
  });

  test('that fails for an image which stays as it is fails the run, and the next run puts it right', async () => {
    upstream.push('app', '1.0.0', OLD);
    target.repository('mirror/app').tags.delete(TAG);
    target.fail({ match: PUT_OF_TAG, action: Fault.status(400) });
    expect(await run(target)).toMatchObject({ outcome: 'failed', targetDigest: OLD.digest });
    expect(await run(target)).toMatchObject({ outcome: 'copied', countedPulls: 0 });
    expect(named(target, TAG)).toBe(OLD_ARM64.digest);
  });

  test('that was done in a run which then failed is put right when upstream has moved back', async () => {
    target.fail({ match: PUT_OF_MAIN, action: Fault.status(400) });
    expect(await run(target)).toMatchObject({ outcome: 'failed', targetDigest: OLD.digest });
    expect(named(target, TAG)).toBe(ARM64.digest);
    upstream.push('app', '1.0.0', OLD);
    expect(await run(target)).toMatchObject({ outcome: 'copied', targetDigest: OLD.digest, countedPulls: 0 });
    expect(named(target, TAG)).toBe(OLD_ARM64.digest);
  });

  test.each([
    ['another content', Fault.flipByte(10), 'digest-mismatch'],
    ['no answer', Fault.status(500), 'registry-error'],
  ])('needs the configuration of an image that is no index: %s fails the run', async (_, action, reason) => {
    upstream.push('app', '1.0.0', ARM64);
    const [config] = ARM64.blobs;
    upstream.fail({ match: { method: 'GET', path: config.digest }, action, times: ALWAYS });
    expect(await run(target)).toMatchObject({ outcome: 'failed', reason });
    expect(named(target, '1.0.0')).toBe(OLD.digest);
  });
});

describe('in Amazon ECR, where tags are immutable', () => {
  const fixed = { kind: 'fixed' } as const;
  let ecr: LocalEcr;

  beforeEach(async () => {
    ecr = await new LocalEcr([{ repositoryName: 'mirror/app', imageTagMutability: 'IMMUTABLE' }]).start();
  });

  afterEach(async () => {
    expect([...ecr.errors, ...ecr.blobStorage.errors]).toEqual([]);
    await ecr.close();
  });

  /** What `GetAuthorizationToken` gives, anew each time that it is asked for. */
  const credentials: CredentialSource = {
    async credentialFor(registry) {
      if (registry !== ecr.host) return undefined;
      const [username, password] = Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
      return { username, password };
    },
  };

  /** Runs, and does something between the first look at both sides and the copy. */
  function runWhile(action: () => void, options: RequestOptions = {}): Promise<MirrorResult> {
    const line = (text: string) => { if (text.endsWith(': copying')) action(); };
    const progress = { line, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined };
    return run(ecr, { ...fixed, ...options }, { credentials, progress });
  }

  /** Does something when the first such request arrives. */
  function at(match: RequestMatch, action: () => void): void {
    let done = false;
    ecr.fail({
      match: (request) => {
        const hit = !done && typeof match === 'object' && request.method === match.method && String(request.path).includes(String(match.path));
        if (hit) action();
        done ||= hit;
        return false;
      },
      action: Fault.stall(),
    });
  }

  const tagPuts = () => ecr.requestsTo(PUT_OF_TAG).map(({ status }) => status);

  test('an image and its tags are put once, and a second time is a green no-op', async () => {
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'copied', platformTags: [TAG] });
    ecr.resetRequests();
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'unchanged', platformTags: [TAG], countedPulls: 0 });
    expect(ecr.count({ method: /PUT|POST/ })).toBe(0);
  });

  test('a tag that was put in a run which then failed is no obstacle', async () => {
    ecr.fail({ match: PUT_OF_MAIN, action: Fault.status(400) });
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'failed' });
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(tagPuts()).toEqual([201]);
  });

  test('a tag whose answer was lost is a success', async () => {
    ecr.fail({ match: PUT_OF_TAG, action: Fault.loseResponse() });
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(tagPuts().at(-1)).toBe(400);
    expect(named(ecr, TAG)).toBe(ARM64.digest);
  });

  test('a tag that the same image has taken meanwhile is a success', async () => {
    at({ method: 'HEAD', path: '/blobs/' }, () => ecr.push('mirror/app', TAG, ARM64));
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(tagPuts()).toEqual([400]);
  });

  test('a tag that another image has taken meanwhile fails, and the image\'s own tag is not put', async () => {
    at({ method: 'HEAD', path: '/blobs/' }, () => ecr.push('mirror/app', TAG, OTHER));
    expect(await runWhile(() => undefined)).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', message: expect.stringContaining(`mirror/app:${TAG}`) });
    expect(ecr.count(PUT_OF_MAIN)).toBe(0);
  });

  test('no tag is put for an image whose own tag another image has taken meanwhile', async () => {
    expect(await runWhile(() => ecr.push('mirror/app', '1.0.0', OTHER))).toMatchObject({ outcome: 'failed', reason: 'immutable-tag' });
    expect(ecr.requestsTo({ method: 'PUT', path: '/manifests/1.0.0' })).toEqual([]);
    expect(named(ecr, '1.0.0')).toBe(OTHER.digest);
  });

  test('an own tag that the same image has taken meanwhile is a success, with the tags beside it', async () => {
    expect(await runWhile(() => ecr.push('mirror/app', '1.0.0', IMAGE))).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest, platformTags: [TAG] });
    expect(named(ecr, TAG)).toBe(ARM64.digest);
  });

  test('an own tag that the same image has taken meanwhile is no success when a tag beside it names something else', async () => {
    const both = () => { ecr.push('mirror/app', '1.0.0', IMAGE); ecr.push('mirror/app', TAG, OTHER); };
    expect(await runWhile(both)).toMatchObject({ outcome: 'failed', reason: 'immutable-tag' });
    expect(named(ecr, TAG)).toBe(OTHER.digest);
  });

  test('a choice of platforms whose own tag all platforms have taken meanwhile gets the tags of those', async () => {
    const platforms = ['linux/arm64'];
    expect(await runWhile(() => ecr.push('mirror/app', '1.0.0', IMAGE), { platforms })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(named(ecr, TAG)).toBe(ARM64.digest);
  });

  test('a floating tag whose tags may not move fails and stays', async () => {
    const mixed = await new LocalEcr([{ repositoryName: 'mirror/app', imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['1.0.0'] }]).start();
    const known: CredentialSource = {
      credentialFor: async (registry) => registry === mixed.host ? { username: 'AWS', password: Buffer.from(mixed.issueToken(), 'base64').toString().slice('AWS:'.length) } : undefined,
    };
    mixed.push('mirror/app', '1.0.0', OLD);
    mixed.push('mirror/app', TAG, OLD_ARM64);
    const result = await run(mixed, {}, { credentials: known });
    const tags = [named(mixed, '1.0.0'), named(mixed, TAG)];
    await mixed.close();
    expect(result).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', message: expect.stringContaining(TAG) });
    expect(tags).toEqual([OLD.digest, OLD_ARM64.digest]);
  });
});
