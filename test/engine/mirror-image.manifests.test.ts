import { OCI_MANIFEST } from '../../src/image/media-types';
import { Fault } from '../support/fault';
import { blobOf, digestOf, seededBytes } from '../support/fixture-blob';
import { artifact, FixtureImage, indexOf, multiPlatformImage, schema1Image, singleImage } from '../support/fixture-images';
import { mirror } from '../support/mirroring';
import { momentOf } from '../support/moment';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();

function run() {
  return mirror(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`);
}

/** An image inside so many indexes, each of which lists the next. */
function nested(depth: number): FixtureImage {
  return depth === 0 ? singleImage() : indexOf([nested(depth - 1)], { annotations: { depth: String(depth) } });
}

function withManifest(image: FixtureImage, change: (manifest: Record<string, unknown>) => void): FixtureImage {
  const manifest: Record<string, unknown> = JSON.parse(image.bytes.toString());
  change(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  const changed = { digest: digestOf(bytes), mediaType: image.mediaType, bytes };
  return { ...image, ...changed, manifests: [...image.manifests.slice(0, -1), changed] };
}

describe('copied byte for byte', () => {
  test.each([
    ['an OCI index', multiPlatformImage()],
    ['a Docker manifest list', multiPlatformImage({ family: 'docker' })],
    ['a single OCI manifest', singleImage()],
    ['a single Docker manifest', singleImage({ family: 'docker' })],
    ['an index of sixty platforms', multiPlatformImage({ platforms: Array.from({ length: 60 }, (_, index) => `linux/arch${index}`), layers: 1, sharedLayers: 1 })],
    ['an index with attestations', multiPlatformImage({ attestations: true })],
    ['an index in an index', indexOf([multiPlatformImage(), singleImage({ seed: 'beside' })])],
    ['indexes four deep', nested(4)],
    ['an index without children', indexOf([])],
    ['a Docker manifest in an OCI index', indexOf([singleImage({ family: 'docker' }), singleImage()])],
    ['an artifact with the empty config', artifact()],
    ['an artifact that refers to an image', artifact({ subject: singleImage() })],
    ['an image without layers', singleImage({ layers: 0 })],
    ['an image that lists a layer twice', singleImage({ duplicateLayer: true })],
    ['an image with a layer of no bytes', singleImage({ emptyLayer: true })],
    ['an image of forty layers', singleImage({ layers: 40 })],
    ['an image with layers of several megabytes', singleImage({ layers: 2, layerBytes: 3_000_001 })],
    ['a manifest that does not say its media type', withManifest(singleImage(), (manifest) => { delete manifest.mediaType; })],
  ] as [string, FixtureImage][])('%s', async (_, image) => {
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'copied', sourceDigest: image.digest, targetDigest: image.digest });
    expect(target.tagDigest('mirror/app', 'latest')).toBe(image.digest);
    for (const { digest, mediaType, bytes } of image.manifests) {
      expect(target.repository('mirror/app').manifests.get(digest)).toMatchObject({ mediaType, bytes });
    }
    expect([...target.repository('mirror/app').blobs.keys()].sort()).toEqual(image.blobs.map(({ digest }) => digest).sort());
  });
});

describe('left where it is', () => {
  test.each(['oci', 'docker'] as const)('a non-distributable layer of the %s family stays at its URL', async (family) => {
    const image = singleImage({ family, nonDistributableUrls: ['http://127.0.0.1:1/layer'] });
    const [{ digest }] = JSON.parse(image.bytes.toString()).layers;
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(upstream.count({ path: digest }) + target.count({ path: digest })).toBe(0);
  });
});

describe('refused', () => {
  afterEach(() => {
    expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
    expect(target.count({ method: 'PUT' })).toBe(0);
  });

  test('schema 1, by what its registry says that it is', async () => {
    const { bytes, digest, mediaType } = schema1Image();
    upstream.push('app', 'latest', { bytes, digest, mediaType: OCI_MANIFEST, manifests: [{ bytes, digest, mediaType: OCI_MANIFEST }], blobs: [] });
    upstream.fail({ match: { path: '/manifests/' }, action: Fault.headers({ 'content-type': mediaType }), times: 10 });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('schema 1') });
  });

  test('schema 1, by what it is', async () => {
    const { bytes, digest } = schema1Image();
    upstream.push('app', 'latest', { bytes, digest, mediaType: OCI_MANIFEST, manifests: [{ bytes, digest, mediaType: OCI_MANIFEST }], blobs: [] });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('schema 1') });
  });

  test('indexes five deep', async () => {
    upstream.push('app', 'latest', nested(5));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('4 levels deep') });
  });

  test('a manifest larger than 4 MiB', async () => {
    upstream.push('app', 'latest', singleImage({ annotations: { padding: 'x'.repeat(4 * 1024 * 1024) } }));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('larger than 4194304 bytes') });
  });

  test('a manifest that is one kind to its registry and another to its reader', async () => {
    const image = singleImage();
    upstream.push('app', 'latest', image);
    upstream.fail({ match: { method: 'GET', path: '/manifests/' }, action: Fault.headers({ 'content-type': 'application/vnd.oci.image.index.v1+json' }), times: 10 });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
  });

  test.each([
    ['a path for a digest', (manifest: Record<string, unknown>) => { manifest.layers = [{ mediaType: 'x', digest: '../../../other/manifests/latest', size: 1 }]; }],
    ['a negative size', (manifest: Record<string, unknown>) => { manifest.layers = [{ mediaType: 'x', digest: digestOf('x'), size: -1 }]; }],
    ['no config', (manifest: Record<string, unknown>) => { delete manifest.config; }],
    ['manifests beside its layers', (manifest: Record<string, unknown>) => { manifest.manifests = []; }],
  ])('a manifest with %s', async (_, change) => {
    upstream.push('app', 'latest', withManifest(singleImage(), change));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
    expect(upstream.count({ path: 'other' })).toBe(0);
  });
});

describe('a child manifest whose size is not what its index says', () => {
  test.each([['shorter', -1], ['longer', 1]])('is refused when the index says %s by a byte', async (_, difference) => {
    const image = withManifest(multiPlatformImage(), (index) => {
      const [child] = index.manifests as { size: number }[];
      child.size += difference;
    });
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringMatching(/has [0-9]+ bytes, and its index says [0-9]+$/) });
    expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
  });
});

describe('a blob that is not what its manifest says', () => {
  test.each([['shorter', -1, 'digest-mismatch'], ['longer', 1, 'network']] as const)('fails when the manifest says %s by a byte', async (_, difference, reason) => {
    const image = withManifest(singleImage({ layers: 1 }), (manifest) => {
      const [layer] = manifest.layers as { size: number }[];
      layer.size += difference;
    });
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'failed', reason });
    expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
  });
});

describe('fetched and sent no more than needed', () => {
  const shared = blobOf(seededBytes('shared', 5000));
  const image = multiPlatformImage({ baseLayers: [shared], platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] });

  beforeEach(() => upstream.push('app', 'latest', image));

  test('a child manifest that the target has is not asked for upstream, nor its blobs', async () => {
    const amd64 = singleImage({ baseLayers: [shared] });
    target.push('mirror/app', undefined, amd64);
    expect(await run()).toMatchObject({ outcome: 'copied', countedPulls: image.manifests.length - 1 });
    expect(upstream.count({ path: amd64.digest })).toBe(0);
    for (const { digest } of amd64.blobs.filter((blob) => blob !== shared)) expect(upstream.count({ path: digest })).toBe(0);
  });

  test('a blob that the target has is not fetched and not sent', async () => {
    target.repository('mirror/app').blobs.set(shared.digest, shared);
    expect(await run()).toMatchObject({ outcome: 'copied', blobsSkipped: 1, blobsCopied: image.blobs.length - 1 });
    expect(upstream.count({ path: shared.digest })).toBe(0);
    expect(target.requestsTo({ method: 'PUT' }).filter(({ query }) => query.includes(encodeURIComponent(shared.digest)))).toEqual([]);
  });

  test('a layer that platforms share is fetched and sent once', async () => {
    await run();
    expect(upstream.count({ method: 'GET', path: shared.digest })).toBe(1);
    expect(target.requestsTo({ method: 'PUT' }).filter(({ query }) => query.includes(encodeURIComponent(shared.digest)))).toHaveLength(1);
  });

  test('a layer that is listed twice is fetched once', async () => {
    const twice = singleImage({ layers: 1, duplicateLayer: true });
    upstream.push('app', 'latest', twice);
    await run();
    expect(upstream.count({ method: 'GET', path: twice.blobs[1].digest })).toBe(1);
  });

  test('an image that is there under another tag only gets the new one', async () => {
    target.push('mirror/app', 'other', image);
    expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: 0, countedPulls: 1 });
    expect(target.requestsTo({ method: /PUT|POST/ }).map(({ path }) => path)).toEqual(['/v2/mirror/app/manifests/latest']);
  });

  test('several blobs at a time, but never more than sixteen requests on one side', async () => {
    const wide = multiPlatformImage({ seed: 'wide', platforms: Array.from({ length: 20 }, (_, index) => `linux/arch${index}`), layers: 4 });
    upstream.push('app', 'latest', wide);
    let release = () => {};
    const blobs = { method: 'GET', path: '/blobs/' };
    upstream.fail({ match: blobs, action: Fault.hold(new Promise<void>((resolve) => { release = resolve; })), times: 1000 });
    const running = run();
    await momentOf(running, () => upstream.count(blobs) >= 4); // none of them is answered yet
    release();
    expect(await running).toMatchObject({ outcome: 'copied' });
    expect(upstream.mostConcurrent).toBeGreaterThanOrEqual(4);
    for (const { mostConcurrent } of [upstream, target]) expect(mostConcurrent).toBeLessThanOrEqual(16);
  });
});

describe('the order at the target', () => {
  const image = indexOf([multiPlatformImage(), singleImage({ seed: 'beside' })]);

  beforeEach(() => {
    upstream.push('app', 'latest', image);
    target.push('mirror/app', 'latest', singleImage({ seed: 'old' }));
    target.resetRequests();
  });

  function puts(): string[] {
    return target.requestsTo({ method: 'PUT' }).map(({ path, query }) => /digest=(.*)/.exec(decodeURIComponent(query))?.[1] ?? path.replace(/.*\//, ''));
  }

  test('is the tag last of all', async () => {
    await run();
    expect(puts().at(-1)).toBe('latest');
    expect(puts().filter((reference) => reference === 'latest')).toHaveLength(1);
    expect(target.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/mirror/app/manifests/latest' });
  });

  test('is blobs before the manifest that lists them, and children before their index', async () => {
    await run();
    const at = (digest: string) => puts().indexOf(digest === image.digest ? 'latest' : digest);
    for (const { bytes, digest } of image.manifests) {
      const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString());
      for (const needed of [...config ? [config] : [], ...layers, ...manifests]) {
        expect(at(needed.digest)).toBeGreaterThanOrEqual(0);
        expect(at(needed.digest)).toBeLessThan(at(digest));
      }
    }
  });

  test.each([
    ['blob', image.blobs[0].digest],
    ['child manifest', image.manifests[0].digest],
    ['nested index', image.manifests[2].digest],
  ])('leaves the tag exactly as it was when a %s cannot be had', async (_, digest) => {
    const old = target.tagDigest('mirror/app', 'latest');
    upstream.fail({ match: { method: 'GET', path: digest }, action: Fault.status(404), times: 10 });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'not-found', targetDigest: old });
    expect(target.tagDigest('mirror/app', 'latest')).toBe(old);
    expect(puts()).not.toContain('latest');
  });
});
