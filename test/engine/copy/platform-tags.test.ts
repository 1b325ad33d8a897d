/** The tags of single platforms beside an image's own. */
import type { MirrorResult } from '../../../src/engine/result';
import { DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types';
import { digestOf } from '../../support/fixture-blob';
import { artifact, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { mirrorOne, platform, RequestOptions } from '../../support/mirror-request';
import { withRegistries } from '../../support/with-servers';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const IMAGE = multiPlatformImage({ platforms: PLATFORMS, attestations: true });
const MOVED = multiPlatformImage({ seed: 'moved', platforms: PLATFORMS });
const [AMD64, ARM64] = PLATFORMS.map((text) => singleImage({ platform: text }));
const OTHER = singleImage({ seed: 'other' });
const BOTH = ['linux/arm64', 'linux/amd64'];
const CHANGES = { method: /PUT|POST|PATCH|DELETE/ };

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

/** Mirrors with tags of these platforms; with none of them at all where undefined. */
function run(platforms: readonly string[] | undefined, options: RequestOptions = {}): Promise<MirrorResult> {
  return mirrorOne(`${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`, { referrers: false, platformTags: platforms?.map(platform), ...options });
}

const named = (tag: string) => target.tagDigest('mirror/app', tag);
const held = (tag: string) => target.repository('mirror/app').find(tag);
const tags = () => [...target.repository('mirror/app').tags.keys()].sort();

/** An index of raw entries, and what they need. */
function rawIndex(entries: readonly object[], contents: readonly FixtureImage[], mediaType = OCI_INDEX): FixtureImage {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }));
  const root = { bytes, digest: digestOf(bytes), mediaType };
  return { ...root, manifests: [...contents.flatMap(({ manifests }) => manifests), root], blobs: contents.flatMap(({ blobs }) => blobs) };
}

const entryOf = ({ bytes, digest, mediaType }: FixtureImage, more: object = {}) => ({ mediaType, digest, size: bytes.length, ...more });

describe('a new image', () => {
  test.each(['oci', 'docker'] as const)('has the manifest of each platform under a tag of its own, byte for byte (%s)', async (family) => {
    const image = multiPlatformImage({ family, platforms: PLATFORMS });
    upstream.push('app', '1.0.0', image);
    expect(await run(BOTH)).toMatchObject({ outcome: 'copied', targetDigest: image.digest, platformTags: ['1.0.0-linux-arm64', '1.0.0-linux-amd64'] });
    expect(tags()).toEqual(['1.0.0', '1.0.0-linux-amd64', '1.0.0-linux-arm64']);
    expect(named('1.0.0')).toBe(image.digest);
    for (const text of BOTH) {
      const single = singleImage({ family, platform: text });
      expect(held(`1.0.0-${text.replace('/', '-')}`)).toMatchObject({ digest: single.digest, mediaType: single.mediaType, bytes: single.bytes });
    }
  });

  test('has no such tags where none are asked for, and its result names none', async () => {
    expect(await run(undefined)).not.toHaveProperty('platformTags', expect.anything());
    expect(tags()).toEqual(['1.0.0']);
  });

  test('gets them after all contents and what refers to it, and its own tag last', async () => {
    upstream.push('app', undefined, artifact({ subject: IMAGE }));
    await run(['linux/arm64'], { referrers: true });
    const puts = target.requestsTo({ method: 'PUT' }).map(({ path }) => path.split('/').at(-1));
    expect(puts.slice(-2)).toEqual(['1.0.0-linux-arm64', '1.0.0']);
    expect(puts.slice(0, -2).filter((reference) => reference?.startsWith('1.0.0'))).toEqual([]);
  });

  test('costs no more pulls for them', async () => {
    expect(await run(BOTH)).toMatchObject({ countedPulls: IMAGE.manifests.length });
  });

  test('has one tag for a platform in two spellings', async () => {
    expect(await run(['linux/arm64', 'linux/arm64/v8'])).toMatchObject({ platformTags: ['1.0.0-linux-arm64'] });
    expect(target.count({ method: 'PUT', path: '/manifests/1.0.0-' })).toBe(1);
  });

  test('gets the first of several images of a platform', async () => {
    const [one, two] = ['one', 'two'].map((seed) => singleImage({ seed }));
    upstream.push('app', '1.0.0', indexOf([one, two]));
    await run(['linux/amd64']);
    expect(named('1.0.0-linux-amd64')).toBe(one.digest);
  });

  test('of chosen platforms has the tag of one of them', async () => {
    const result = await run(['linux/arm64'], { platforms: ['linux/arm64', 'linux/amd64'] });
    expect(result).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest });
    expect([named('1.0.0'), named('1.0.0-linux-arm64')]).toEqual([result.targetDigest, ARM64.digest]);
  });

  test('is only told of by a dry run', async () => {
    expect(await run(BOTH, { dryRun: true })).toMatchObject({ outcome: 'copied', dryRun: true, platformTags: ['1.0.0-linux-arm64', '1.0.0-linux-amd64'], countedPulls: 0 });
    expect(target.count(CHANGES)).toBe(0);
  });
});

describe('an image that lacks a platform', () => {
  test('is not found, in words that name those that it has, and nothing is brought', async () => {
    const { message, ...result } = await run(['linux/arm64', 'linux/s390x']);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found' });
    expect(result).not.toHaveProperty('platformTags', expect.anything());
    expect(message).toBe(`${upstream.host}: ${IMAGE.digest} has no image for linux/s390x; it has linux/amd64, linux/arm64, linux/arm/v7`);
    expect(target.count(CHANGES)).toBe(0);
  });

  test('is not found for the platform of attestations, which is none', async () => {
    expect(await run(['unknown/unknown'])).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });

  test('stays as it is in the mirror', async () => {
    target.push('mirror/app', '1.0.0', OTHER);
    expect(await run(['linux/s390x'])).toMatchObject({ outcome: 'failed', targetDigest: OTHER.digest });
    expect(tags()).toEqual(['1.0.0']);
  });

  test.each([[{ platform: null }], [{ platform: 'linux/amd64' }], [{ platform: { os: 1, architecture: [] } }], [{}]])('has none for an entry with %j', async (more) => {
    upstream.push('app', '1.0.0', rawIndex([entryOf(AMD64, more)], [AMD64]));
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'failed', reason: 'not-found', message: expect.stringMatching(/it has none$/) });
  });
});

describe('an image that is no index', () => {
  test.each(['oci', 'docker'] as const)('has the tag of its own platform, which its configuration names (%s)', async (family) => {
    const image = singleImage({ family, platform: 'linux/arm64/v8' });
    upstream.push('app', '1.0.0', image);
    expect(await run(['linux/arm64'])).toMatchObject({ outcome: 'copied', countedPulls: 1, platformTags: ['1.0.0-linux-arm64'] });
    expect([named('1.0.0'), named('1.0.0-linux-arm64')]).toEqual([image.digest, image.digest]);
  });

  test('is not found for another platform, in words that name its own, and nothing is brought', async () => {
    upstream.push('app', '1.0.0', AMD64);
    expect(await run(BOTH)).toMatchObject({
      outcome: 'failed', reason: 'not-found', message: `${upstream.host}: ${AMD64.digest} has no image for linux/arm64: it is not an index, and is for linux/amd64`,
    });
    expect(target.count(CHANGES)).toBe(0);
  });

  test('and no image at all is not found for any platform', async () => {
    upstream.push('app', '1.0.0', artifact());
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'failed', reason: 'not-found', message: expect.stringMatching(/has no platform in its configuration$/) });
  });

  test('is unchanged later without a look at its configuration upstream', async () => {
    upstream.push('app', '1.0.0', AMD64);
    await run(['linux/amd64']);
    upstream.resetRequests();
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'unchanged', requests: { source: 1 }, countedPulls: 0 });
    expect(upstream.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });
});

describe('an index within an index', () => {
  const inner = multiPlatformImage({ seed: 'inner', platforms: ['linux/amd64', 'linux/arm64'] });

  test('is looked into for a platform that the outer one does not list', async () => {
    const image = indexOf([inner, AMD64]);
    upstream.push('app', '1.0.0', image);
    expect(await run(BOTH)).toMatchObject({ outcome: 'copied', countedPulls: image.manifests.length });
    expect([named('1.0.0-linux-amd64'), named('1.0.0-linux-arm64')]).toEqual([AMD64.digest, singleImage({ seed: 'inner', platform: 'linux/arm64' }).digest]);
  });

  test('is looked into in the mirror when the image is there already', async () => {
    upstream.push('app', '1.0.0', indexOf([inner]));
    await run(undefined);
    expect(await run(['linux/arm64'])).toMatchObject({ outcome: 'copied', countedPulls: 0 });
    expect(named('1.0.0-linux-arm64')).toBe(singleImage({ seed: 'inner', platform: 'linux/arm64' }).digest);
  });

  test('counts with what the outer one has, where a platform lacks', async () => {
    upstream.push('app', '1.0.0', indexOf([indexOf([ARM64]), AMD64]));
    expect((await run(['linux/s390x'])).message).toContain('it has linux/amd64, linux/arm64');
  });

  test('is not followed deeper than an image is copied', async () => {
    let image = AMD64;
    for (let depth = 0; depth < 5; depth++) image = indexOf([image]);
    upstream.push('app', '1.0.0', image);
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'failed', reason: 'not-found', countedPulls: 4 });
    expect(tags()).toEqual([]);
  });

  test('that is listed as the image of a platform is refused, and no tag is put', async () => {
    const lie = { ...entryOf(inner, { platform: { os: 'linux', architecture: 'arm64' } }), mediaType: OCI_MANIFEST };
    upstream.push('app', '1.0.0', rawIndex([entryOf(AMD64, { platform: { os: 'linux', architecture: 'amd64' } }), lie], [AMD64, inner]));
    expect(await run(BOTH)).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringMatching(/the image for linux\/arm64, and is an index itself$/) });
    expect(tags()).toEqual([]);
  });

  test('that is the image of a platform in truth is none to look into', async () => {
    const lie = { ...entryOf(AMD64, { platform: { os: 'linux', architecture: 'amd64' } }), mediaType: DOCKER_MANIFEST_LIST };
    upstream.push('app', '1.0.0', rawIndex([lie], [AMD64]));
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });
});

describe('an image that the mirror has', () => {
  const FIXED = { kind: 'fixed' } as const;

  beforeEach(async () => {
    await run(['linux/arm64']);
    upstream.resetRequests();
    target.resetRequests();
  });

  test('is unchanged with its tags, which costs nothing upstream but one look', async () => {
    expect(await run(['linux/arm64'])).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 2 }, countedPulls: 0, platformTags: ['1.0.0-linux-arm64'] });
    expect(target.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)).toEqual(['GET 1.0.0', 'HEAD 1.0.0-linux-arm64']);
  });

  test('is unchanged with one request on each side where no such tags are asked for', async () => {
    expect(await run(undefined)).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
    expect([...upstream.requests, ...target.requests].map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  test.each(['fixed', 'floating'] as const)('gets a tag that is asked for later from the mirror itself (%s)', async (kind) => {
    expect(await run(BOTH, { kind })).toMatchObject({
      outcome: 'copied', requests: { source: 1 }, countedPulls: 0, blobsCopied: 0, platformTags: ['1.0.0-linux-arm64', '1.0.0-linux-amd64'],
    });
    expect(named('1.0.0-linux-amd64')).toBe(AMD64.digest);
    expect(target.requestsTo(CHANGES).map(({ method, path }) => [method, path])).toEqual([['PUT', '/v2/mirror/app/manifests/1.0.0-linux-amd64']]);
  });

  test('gets a stale tag put right when it floats', async () => {
    target.push('mirror/app', '1.0.0-linux-arm64', OTHER);
    expect(await run(['linux/arm64'])).toMatchObject({ outcome: 'copied', countedPulls: 0 });
    expect(named('1.0.0-linux-arm64')).toBe(ARM64.digest);
  });

  test.each(['FAIL', 'KEEP', 'SUFFIX'] as const)('fails for a fixed tag that names something else, which stays (%s)', async (onTagMoved) => {
    target.push('mirror/app', '1.0.0-linux-arm64', OTHER);
    const { message, ...result } = await run(BOTH, { ...FIXED, onTagMoved });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'immutable-tag' });
    expect(message).toContain(`mirror/app:1.0.0-linux-arm64 is a fixed tag and names ${OTHER.digest.slice(7, 19)} instead of ${ARM64.digest.slice(7, 19)}; delete it`);
    expect(target.count(CHANGES)).toBe(0);
  });

  test('fails for a platform that it lacks, in words that name the mirror, and stays', async () => {
    expect(await run(['linux/arm64', 'linux/s390x'])).toMatchObject({ outcome: 'failed', reason: 'not-found', message: expect.stringContaining(`${target.host}: ${IMAGE.digest} has no image`) });
    expect(target.count(CHANGES)).toBe(0);
  });

  test('would get a tag, says a dry run, which puts none', async () => {
    expect(await run(BOTH, { dryRun: true })).toMatchObject({ outcome: 'copied', dryRun: true });
    expect(await run(['linux/arm64'], { dryRun: true })).toMatchObject({ outcome: 'unchanged', dryRun: true });
    expect(target.count(CHANGES)).toBe(0);
  });

  test('has its tags follow upstream when it floats', async () => {
    upstream.push('app', '1.0.0', MOVED);
    expect(await run(['linux/arm64'])).toMatchObject({ outcome: 'copied', targetDigest: MOVED.digest });
    expect(named('1.0.0-linux-arm64')).toBe(singleImage({ seed: 'moved', platform: 'linux/arm64' }).digest);
  });

  test('does not have a tag put again whose image upstream did not change', async () => {
    upstream.push('app', '1.0.0', indexOf([OTHER, ARM64]));
    expect(await run(BOTH)).toMatchObject({ outcome: 'copied' });
    expect(target.requestsTo({ method: 'PUT', path: '/manifests/1.0.0' }).map(({ path }) => path.split('/').at(-1))).toEqual(['1.0.0-linux-amd64', '1.0.0']);
  });

  describe('and that upstream moved under a fixed tag', () => {
    beforeEach(() => upstream.push('app', '1.0.0', MOVED));

    test('keeps its tags as they are when that is a failure', async () => {
      const result = await run(BOTH, FIXED);
      expect(result).toMatchObject({ outcome: 'tag-moved', reason: 'immutable-tag', targetDigest: IMAGE.digest });
      expect(result).not.toHaveProperty('platformTags', expect.anything());
      expect(target.count(CHANGES)).toBe(0);
    });

    test('has the tags of the first when that is kept, those asked for later among them', async () => {
      expect(await run(BOTH, { ...FIXED, onTagMoved: 'KEEP' })).toMatchObject({ outcome: 'tag-moved', targetDigest: IMAGE.digest, countedPulls: 0 });
      expect(['1.0.0-linux-arm64', '1.0.0-linux-amd64'].map(named)).toEqual([ARM64.digest, AMD64.digest]);
    });

    test('has the tags of the first and none of the second when that is kept beside it', async () => {
      const { suffixedTag, ...result } = await run(BOTH, { ...FIXED, onTagMoved: 'SUFFIX' });
      expect(result).toMatchObject({ outcome: 'tag-moved', platformTags: ['1.0.0-linux-arm64', '1.0.0-linux-amd64'] });
      expect(tags()).toEqual(['1.0.0', '1.0.0-linux-amd64', '1.0.0-linux-arm64', suffixedTag].sort());
      expect(['1.0.0-linux-arm64', '1.0.0-linux-amd64'].map(named)).toEqual([ARM64.digest, AMD64.digest]);
    });
  });
});

test('a choice of platforms gets a tag that is asked for later from the mirror itself', async () => {
  const platforms = ['linux/arm64', 'linux/amd64'];
  await run(undefined, { platforms });
  expect(await run(['linux/arm64'], { platforms })).toMatchObject({ outcome: 'copied', requests: { source: 1 }, countedPulls: 0 });
  expect(named('1.0.0-linux-arm64')).toBe(ARM64.digest);
});

test('a fixed tag that names something else fails the copy of a new image before anything is brought', async () => {
  target.push('mirror/app', '1.0.0-linux-arm64', OTHER);
  expect(await run(['linux/arm64'], { kind: 'fixed' })).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', countedPulls: 1 });
  expect(target.count(CHANGES)).toBe(0);
});
