/** Mirroring some of an image's platforms. */
import { readManifest } from '../../../src/engine/copy/manifest';
import { PLATFORMS_ANNOTATION, SOURCE_DIGEST_ANNOTATION, sourceDigestOf, subsetOf } from '../../../src/engine/copy/platforms';
import { digestOf } from '../../../src/engine/digest';
import type { MirrorResult } from '../../../src/engine/result';
import { OCI_INDEX } from '../../../src/image/media-types';
import { artifact, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { LocalEcr } from '../../support/local-ecr';
import { LocalRegistry } from '../../support/local-registry';
import { mirrorOne, platform, RequestOptions } from '../../support/mirror-request';
import { withRegistries } from '../../support/with-servers';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'windows/amd64'];
const IMAGE = multiPlatformImage({ platforms: PLATFORMS, attestations: true, annotations: { 'org.opencontainers.image.title': 'app' } });
const MOVED = multiPlatformImage({ seed: 'moved', platforms: PLATFORMS, attestations: true });
const AMD64 = singleImage({ platform: 'linux/amd64' });

interface Index {
  readonly mediaType: string;
  readonly manifests: { readonly digest: string; readonly platform?: { os: string; architecture: string } }[];
  readonly annotations: Record<string, string>;
}

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', 'latest', IMAGE);
});

function run(platforms?: readonly string[], options: RequestOptions = {}): Promise<MirrorResult> {
  return mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, { platforms, ...options });
}

function indexAt(registry: LocalRegistry, repository: string, tag: string): Index {
  return JSON.parse(registry.repository(repository).find(tag)!.bytes.toString());
}

const held = () => indexAt(target, 'mirror/app', 'latest');
const entriesOf = (image: FixtureImage): Index['manifests'] => JSON.parse(image.bytes.toString()).manifests;

describe('a new index', () => {
  test('has the digest that earlier versions gave it', async () => {
    const { targetDigest } = await run(['linux/arm64', 'linux/amd64'], { referrers: false });
    expect(targetDigest).toBe('sha256:5b901329dc9af4e3c4a43688fba0f3acc65c6a73f2ab110e7f38474bc2b7ce17');
  });

  test('has the platforms asked for and their attestations, each descriptor as it was and in its order', async () => {
    const [amd64, arm64, , , amd64Attestation, arm64Attestation] = entriesOf(IMAGE);
    expect(await run(['linux/arm64', 'linux/amd64'])).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest });
    expect(held().manifests).toEqual([amd64, arm64, amd64Attestation, arm64Attestation]);
    expect(JSON.stringify(held().manifests[0])).toBe(JSON.stringify(amd64));
  });

  test('says which index it was made of, and which platforms were asked for, beside the annotations that were there', async () => {
    await run(['linux/arm64', 'linux/amd64']);
    expect(held().annotations).toEqual({
      'org.opencontainers.image.title': 'app',
      [SOURCE_DIGEST_ANNOTATION]: IMAGE.digest,
      [PLATFORMS_ANNOTATION]: 'linux/amd64,linux/arm64',
    });
  });

  test('is told by its own digest in the result', async () => {
    const { targetDigest } = await run(['linux/amd64']);
    expect(targetDigest).not.toBe(IMAGE.digest);
    expect(target.tagDigest('mirror/app', 'latest')).toBe(targetDigest);
  });

  test('is the same one each time, whatever the order in which the platforms are named', async () => {
    const digests = [];
    for (const platforms of [['linux/amd64', 'linux/arm64'], ['linux/arm64', 'linux/amd64'], ['linux/amd64', 'linux/arm64', 'linux/amd64']]) {
      target.repository('mirror/app').tags.clear();
      digests.push((await run(platforms)).targetDigest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  test('is a Docker manifest list where upstream has one', async () => {
    const list = multiPlatformImage({ family: 'docker', platforms: PLATFORMS });
    upstream.push('app', 'latest', list);
    await run(['linux/amd64']);
    expect(target.repository('mirror/app').find('latest')!.mediaType).toBe(list.mediaType);
    expect(held()).toMatchObject({ mediaType: list.mediaType, manifests: entriesOf(list).slice(0, 1) });
  });

  test('costs no request for the manifests and blobs of the platforms that are left out', async () => {
    await run(['linux/amd64'], { referrers: false });
    const wanted = new Set([IMAGE.digest, ...held().manifests.map(({ digest }) => digest)]);
    for (const { digest } of IMAGE.manifests.filter((manifest) => !wanted.has(manifest.digest))) expect(upstream.count({ path: digest })).toBe(0);
    expect(upstream.count({ method: 'GET', path: '/blobs/' })).toBe(AMD64.blobs.length + 2);
    expect(target.holds('mirror/app', AMD64)).toBe(true);
    expect(target.repository('mirror/app').blobs.size).toBe(AMD64.blobs.length + 2);
  });

  test('keeps every image of a platform that is there twice', async () => {
    const image = indexOf([singleImage({ seed: 'one' }), singleImage({ seed: 'two' }), singleImage({ platform: 'linux/arm64' })]);
    upstream.push('app', 'latest', image);
    await run(['linux/amd64']);
    expect(held().manifests).toEqual(entriesOf(image).slice(0, 2));
  });

  test('is taken by Amazon ECR, which refuses an index whose images are not there', async () => {
    const ecr = await new LocalEcr(['mirror/app']).start();
    const credentials = { credentialFor: async () => ({ username: 'AWS', password: Buffer.from(ecr.issueToken(), 'base64').toString().slice(4) }) };
    const result = await mirrorOne(`${upstream.host}/app:latest`, `${ecr.host}/mirror/app:latest`, { platforms: ['linux/arm64'] }, {
      credentials: { credentialFor: async (host) => host === ecr.host ? credentials.credentialFor() : undefined },
    });
    const manifests = ecr.tagDigest('mirror/app', 'latest') === undefined ? [] : indexAt(ecr, 'mirror/app', 'latest').manifests;
    expect([...ecr.errors]).toEqual([]);
    await ecr.close();
    expect(result).toMatchObject({ outcome: 'copied' });
    expect(manifests).toHaveLength(2);
  });

  test('brings the referrers of its platforms', async () => {
    const signature = artifact({ subject: AMD64 });
    const other = artifact({ seed: 'other', subject: singleImage({ platform: 'linux/arm64' }) });
    upstream.push('app', undefined, signature);
    upstream.push('app', undefined, other);
    expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
    expect([target.holds('mirror/app', signature), target.holds('mirror/app', other)]).toEqual([true, false]);
  });
});

describe('again', () => {
  beforeEach(async () => {
    await run(['linux/amd64', 'linux/arm64']);
    upstream.resetRequests();
    target.resetRequests();
  });

  test('it is unchanged, which costs one request on each side and no pull', async () => {
    const { targetDigest, ...result } = await run(['linux/arm64', 'linux/amd64']);
    expect(result).toMatchObject({ outcome: 'unchanged', sourceDigest: IMAGE.digest, requests: { source: 1, target: 1 }, countedPulls: 0 });
    expect([upstream.count(), target.count()]).toEqual([1, 1]);
    expect(targetDigest).toBe(target.tagDigest('mirror/app', 'latest'));
  });

  test('it is unchanged for a fixed tag too', async () => {
    expect(await run(['linux/amd64', 'linux/arm64'], { kind: 'fixed' })).toMatchObject({ outcome: 'unchanged' });
  });

  test('a floating tag follows upstream', async () => {
    upstream.push('app', 'latest', MOVED);
    expect(await run(['linux/amd64', 'linux/arm64'])).toMatchObject({ outcome: 'copied', sourceDigest: MOVED.digest });
    expect(held().annotations[SOURCE_DIGEST_ANNOTATION]).toBe(MOVED.digest);
  });

  test('a fixed tag that moved is told by the digests of upstream, and kept', async () => {
    const before = target.tagDigest('mirror/app', 'latest');
    upstream.push('app', 'latest', MOVED);
    const result = await run(['linux/amd64', 'linux/arm64'], { kind: 'fixed' });
    expect(result).toMatchObject({ outcome: 'tag-moved', reason: 'immutable-tag', sourceDigest: MOVED.digest, targetDigest: before });
    expect(result.message).toContain(`from ${IMAGE.digest.slice(7, 19)} to ${MOVED.digest.slice(7, 19)}`);
    expect(target.tagDigest('mirror/app', 'latest')).toBe(before);
  });

  test('a fixed tag that moved is kept beside the first, once', async () => {
    upstream.push('app', 'latest', MOVED);
    const suffix = { kind: 'fixed', onTagMoved: 'SUFFIX' } as const;
    const { suffixedTag } = await run(['linux/amd64', 'linux/arm64'], suffix);
    expect(indexAt(target, 'mirror/app', suffixedTag!).annotations[SOURCE_DIGEST_ANNOTATION]).toBe(MOVED.digest);
    target.resetRequests();
    expect(await run(['linux/amd64', 'linux/arm64'], suffix)).toMatchObject({ outcome: 'tag-moved', suffixedTag });
    expect(target.count({ method: 'PUT' })).toBe(0);
  });

  test.each([
    ['fewer platforms', ['linux/amd64'], 2],
    ['more platforms', ['linux/amd64', 'linux/arm64', 'linux/arm/v7'], 6],
  ])('%s make another index under a floating tag', async (_, platforms, count) => {
    expect(await run(platforms)).toMatchObject({ outcome: 'copied' });
    expect(held().manifests).toHaveLength(count);
  });

  test('all platforms make it upstream\'s own index again', async () => {
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  });

  test('a dry run tells that nothing would be done', async () => {
    expect(await run(['linux/amd64', 'linux/arm64'], { dryRun: true })).toMatchObject({ outcome: 'unchanged', dryRun: true });
  });
});

test('a mirror that has all platforms has those that are asked for', async () => {
  await run();
  expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'unchanged', targetDigest: IMAGE.digest });
});

test.each([['a single image', AMD64], ['an artifact', artifact()]])('%s is mirrored as it is', async (_, image) => {
  upstream.push('app', 'latest', image);
  expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
  expect(await run(['linux/amd64'])).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
});

test('linux/arm64 and linux/arm64/v8 are the same platform', async () => {
  const image = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64/v8'] });
  upstream.push('app', 'latest', image);
  await run(['linux/arm64']);
  expect(held().manifests).toEqual(entriesOf(image).slice(1));
});

describe('a platform that is not there', () => {
  test('is not found, in words that name it and those that are there', async () => {
    const result = await run(['linux/amd64', 'linux/s390x']);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found' });
    expect(result.message).toContain(`no image for linux/s390x; it has ${PLATFORMS.join(', ')}`);
    expect(result.message).not.toContain('unknown/unknown');
    expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
  });

  test('leaves what the mirror has', async () => {
    target.push('mirror/app', 'latest', AMD64);
    expect(await run(['linux/s390x'])).toMatchObject({ outcome: 'failed', targetDigest: AMD64.digest });
    expect(target.tagDigest('mirror/app', 'latest')).toBe(AMD64.digest);
  });

  test('is told of an index without any', async () => {
    upstream.push('app', 'latest', indexOf([]));
    expect((await run(['linux/amd64'])).message).toContain('it has none');
  });
});

describe('by itself', () => {
  const source = readManifest(IMAGE, IMAGE.digest, 'registry.example.com');

  test.each([
    ['the platforms that it was made of', ['linux/amd64'], IMAGE.digest],
    ['others', ['linux/arm64'], undefined],
    ['more', ['linux/amd64', 'linux/arm64'], undefined],
  ])('a subset stands for its source to who asks for %s', (_, platforms, digest) => {
    const subset = subsetOf(source, [platform('linux/amd64')], 'registry.example.com');
    expect(sourceDigestOf(subset, platforms.map(platform))).toBe(digest);
  });

  test.each(['', 'no JSON', 'null', '[]', '1', '{"annotations":null}', '{"annotations":7}', `{"annotations":{"${SOURCE_DIGEST_ANNOTATION}":7}}`])('%j stands for nothing', (text) => {
    expect(sourceDigestOf({ bytes: Buffer.from(text), mediaType: IMAGE.mediaType }, [platform('linux/amd64')])).toBeUndefined();
  });

  test.each([
    [{ platform: null }], [{ platform: 'linux/amd64' }], [{ platform: { os: 1, architecture: [] } }], [{ annotations: null }],
  ])('an entry with %j is of no platform', (entry) => {
    const { digest, mediaType, size } = Object(entriesOf(IMAGE)[0]);
    const bytes = Buffer.from(JSON.stringify({ mediaType: IMAGE.mediaType, manifests: [{ digest, mediaType, size, ...entry }] }));
    expect(() => subsetOf({ ...source, bytes }, [platform('linux/amd64')], 'registry.example.com')).toThrow(/has no image for linux\/amd64; it has none$/);
  });
});

describe('fields that are not of a known kind', () => {
  const [entry] = entriesOf(IMAGE) as [{ digest: string; mediaType: string; size: number; platform: object }];
  const subset = (index: object) => {
    const bytes = Buffer.from(JSON.stringify(index));
    const source = readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), 'registry.test');
    return JSON.parse(subsetOf(source, [platform('linux/amd64')], 'registry.test').bytes.toString()) as Record<string, unknown> & Index;
  };

  test('are left out of the new index at every level', () => {
    const { annotations, ...rest } = subset({
      schemaVersion: 2,
      unknown: 1,
      manifests: [{ ...entry, unknown: 2, platform: { ...entry.platform, 'os.version': '10', 'unknown': 3 } }],
      subject: { digest: entry.digest, size: 1, mediaType: 'a', unknown: 4 },
      annotations: { title: 'app', count: 7, none: null },
    });
    expect(rest).toEqual({
      schemaVersion: 2,
      manifests: [{ ...entry, platform: { ...entry.platform, 'os.version': '10' } }],
      subject: { digest: entry.digest, size: 1, mediaType: 'a' },
    });
    expect(Object.keys(annotations)).toEqual(['title', SOURCE_DIGEST_ANNOTATION, PLATFORMS_ANNOTATION]);
  });

  test('are left out when their value has the wrong type', () => {
    const wrong = { urls: 'https://example.com', data: 7, artifactType: [], annotations: [] };
    const { manifests } = subset({ manifests: [{ ...entry, ...wrong, platform: { ...entry.platform, variant: {}, features: 'sse4' } }], artifactType: 5, subject: 'x' });
    expect(manifests).toEqual([entry]);
  });

  test('do not include the known optional ones, which stay in their order', () => {
    const full = { annotations: { b: '1', a: '2' }, data: 'e30=', ...entry, urls: ['https://example.com'], artifactType: 'text/plain' };
    const index = subset({ artifactType: 'application/example', manifests: [full], mediaType: OCI_INDEX, schemaVersion: 2 });
    expect(JSON.stringify(index.manifests)).toBe(JSON.stringify([full]));
    expect(Object.keys(index)).toEqual(['artifactType', 'manifests', 'mediaType', 'schemaVersion', 'annotations']);
  });
});

test('an index whose manifests are null has no platforms', () => {
  const bytes = Buffer.from('{"schemaVersion":2,"manifests":null}');
  const source = readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), 'registry.test');
  expect(() => subsetOf(source, [platform('linux/amd64')], 'registry.test')).toThrow(/it has none$/);
});

test('asking for linux/arm64/v8 after linux/arm64 changes nothing', async () => {
  const image = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64'] });
  const source = { digest: image.digest, mediaType: image.mediaType, bytes: image.bytes };
  const manifest = readManifest(source, image.digest, 'registry.test');
  const [short, long] = ['linux/arm64', 'linux/arm64/v8'].map((text) => subsetOf(manifest, [platform(text)], 'registry.test'));
  expect(long.digest).toBe(short.digest);
});

test('a hostile list of platforms makes no endless message', () => {
  const manifests = Array.from({ length: 500 }, (_, index) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${index.toString(16).padStart(64, '0')}`,
    size: 1,
    platform: { os: `\u001b[2J${'x'.repeat(1000)}${index}`, architecture: 'y' },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  const manifest = readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), 'registry.test');
  const refused = () => subsetOf(manifest, [platform('linux/amd64')], 'registry.test');
  expect(refused).toThrow(/^registry\.test: sha256:[0-9a-f]{64} has no image for linux\/amd64; it has [^\u0000-\u001f]{1,600}$/);
});
