import * as fc from 'fast-check';
import { readManifest } from '../../../src/engine/copy/manifest';
import { digestOf } from '../../../src/engine/digest';
import { MirrorError } from '../../../src/engine/mirror-error';
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types';

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const descriptor = (character: string, mediaType = 'application/octet-stream', size = 7) => ({ mediaType, digest: digest(character), size });
const CONFIG = descriptor('c', 'application/vnd.oci.image.config.v1+json');
const LAYERS = [descriptor('1'), descriptor('2')];
const IMAGE = { schemaVersion: 2, config: CONFIG, layers: LAYERS };
const INDEX = { schemaVersion: 2, manifests: [descriptor('a', OCI_MANIFEST), descriptor('b', OCI_MANIFEST)] };

/** Reads JSON, or the text itself, under its true digest. */
function read(content: unknown, mediaType: string) {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return readManifest({ bytes, mediaType }, digestOf(bytes), 'quay.io');
}

describe('reading', () => {
  test.each([OCI_INDEX, DOCKER_MANIFEST_LIST])('an index of type %s lists manifests and no blobs', (mediaType) => {
    expect(read(INDEX, mediaType)).toMatchObject({ mediaType, children: INDEX.manifests, blobs: [] });
  });

  test.each([OCI_MANIFEST, DOCKER_MANIFEST])('an image of type %s needs its configuration and layers', (mediaType) => {
    expect(read(IMAGE, mediaType)).toMatchObject({ mediaType, children: [], blobs: [CONFIG, ...LAYERS] });
  });

  test('keeps the very bytes', () => {
    const text = ` {"layers" : [],\n"config":${JSON.stringify(CONFIG)} } `;
    const manifest = read(text, OCI_MANIFEST);
    expect(manifest.bytes.toString()).toBe(text);
    expect(manifest.digest).toBe(digestOf(Buffer.from(text)));
  });

  test('takes an artifact with a configuration of any type', () => {
    const artifact = { schemaVersion: 2, artifactType: 'application/vnd.example', config: descriptor('e', 'application/vnd.oci.empty.v1+json', 2), layers: [] };
    expect(read(artifact, OCI_MANIFEST).blobs).toEqual([artifact.config]);
  });

  test('takes an empty index', () => {
    expect(read({ schemaVersion: 2, manifests: [] }, OCI_INDEX).children).toEqual([]);
  });

  test('takes a blob of size 0', () => {
    expect(read({ ...IMAGE, layers: [descriptor('0', '', 0)] }, OCI_MANIFEST).blobs[1].size).toBe(0);
  });

  test('takes a descriptor without a media type', () => {
    expect(read({ ...IMAGE, layers: [{ digest: digest('1'), size: 1 }] }, OCI_MANIFEST).blobs[1]).toEqual({ mediaType: '', digest: digest('1'), size: 1 });
  });

  test.each([
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ])('leaves out a layer of type %s, which stays at its own address', (mediaType) => {
    const layers = [{ ...descriptor('f', mediaType), urls: ['https://example.com/layer'] }, LAYERS[0]];
    expect(read({ ...IMAGE, layers }, DOCKER_MANIFEST).blobs).toEqual([CONFIG, LAYERS[0]]);
  });

  const FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  test.each([
    ['no urls', {}],
    ['urls of null', { urls: null }],
    ['an empty list of urls', { urls: [] }],
    ['urls without an address', { urls: ['', null, 7] }],
    ['urls that are a text', { urls: 'https://example.com/layer' }],
  ])('a non-distributable layer with %s is needed like any layer', (_, urls) => {
    const layer = descriptor('f', FOREIGN);
    expect(read({ ...IMAGE, layers: [{ ...layer, ...urls }] }, OCI_MANIFEST).blobs).toEqual([CONFIG, layer]);
  });

  test('a layer of another type is needed, also with urls', () => {
    expect(read({ ...IMAGE, layers: [{ ...LAYERS[0], urls: ['https://example.com/layer'] }] }, OCI_MANIFEST).blobs).toEqual([CONFIG, LAYERS[0]]);
  });

  test.each([
    ['an image without layers', { schemaVersion: 2, config: CONFIG }, OCI_MANIFEST],
    ['an image whose layers are null', { ...IMAGE, layers: null }, DOCKER_MANIFEST],
    ['an image with an empty list of layers', { ...IMAGE, layers: [] }, OCI_MANIFEST],
  ])('%s needs only its configuration', (_, content, mediaType) => {
    expect(read(content, mediaType)).toMatchObject({ children: [], blobs: [CONFIG] });
  });

  test.each([OCI_INDEX, DOCKER_MANIFEST_LIST])('an index of type %s whose manifests are null is empty', (mediaType) => {
    expect(read({ schemaVersion: 2, manifests: null }, mediaType)).toMatchObject({ children: [], blobs: [] });
  });

  test('the size -0 is 0, as in Go', () => {
    const blob = read(`{"config":{"digest":"${digest('c')}","size":-0}}`, OCI_MANIFEST).blobs[0];
    expect(Object.is(blob.size, 0)).toBe(true);
  });

  test('invalid UTF-8 in a text makes no difference to what is copied', () => {
    const bytes = Buffer.concat([Buffer.from('{"annotations":{"a":"'), Buffer.from([0xff, 0xc0]), Buffer.from(`"},"manifests":${JSON.stringify(INDEX.manifests)}}`)]);
    expect(readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), 'quay.io')).toMatchObject({ bytes, children: INDEX.manifests });
  });
});

describe('the kind of manifest', () => {
  test.each(['', 'application/json', 'text/plain', 'application/octet-stream'])('is what it says of itself when the registry says %j', (mediaType) => {
    expect(read({ ...INDEX, mediaType: OCI_INDEX }, mediaType).mediaType).toBe(OCI_INDEX);
  });

  test('is what the registry says when it says nothing of itself', () => {
    expect(read(IMAGE, OCI_MANIFEST).mediaType).toBe(OCI_MANIFEST);
  });

  test.each([
    ['an index that the registry calls an image', INDEX, OCI_INDEX, OCI_MANIFEST],
    ['an image that the registry calls an index', IMAGE, OCI_MANIFEST, OCI_INDEX],
    ['a Docker image that the registry calls an OCI image', IMAGE, DOCKER_MANIFEST, OCI_MANIFEST],
    ['what says of itself that it is no manifest', IMAGE, 'application/json', OCI_MANIFEST],
  ])('is refused for %s', (_, content, own, header) => {
    expect(() => read({ ...content, mediaType: own }, header)).toThrow(`has the media type ${own}, and the registry says ${header}`);
  });

  test.each([
    ['by the registry\'s word', { schemaVersion: 1, fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['by the registry\'s word alone', { fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+json'],
    ['by its own word', { schemaVersion: 1, fsLayers: [] }, 'application/json'],
    ['by its own word against the registry\'s', { ...IMAGE, schemaVersion: 1 }, OCI_MANIFEST],
  ])('is refused with a remedy for Docker schema 1 %s', (_, content, mediaType) => {
    expect(() => read(content, mediaType)).toThrow(/is of Docker schema 1, which signs its own bytes and cannot be copied; pull a newer tag of the image$/);
  });

  test('is refused and named when it is unknown', () => {
    expect(() => read({ ...IMAGE, mediaType: 'application/vnd.example+json' }, '')).toThrow('has an unsupported media type: application/vnd.example+json');
  });

  test('is refused when nobody says it', () => {
    expect(() => read(IMAGE, '')).toThrow('has an unsupported media type: none');
  });

  test('is shown without control characters', () => {
    expect(() => read({ ...IMAGE, mediaType: 'a\n\u001b[2K' }, '')).toThrow('unsupported media type: a\\u000a\\u001b[2K');
  });
});

describe('refusals', () => {
  test('other content than the digest says may be right at the next try', () => {
    const bytes = Buffer.from(JSON.stringify(IMAGE));
    const attempt = () => readManifest({ bytes, mediaType: OCI_MANIFEST }, digest('0'), 'quay.io');
    expect(attempt).toThrow(expect.objectContaining({ reason: 'digest-mismatch', retryable: true }));
    expect(attempt).toThrow(`quay.io: manifest ${digest('0')} arrived with other content (${digestOf(bytes)})`);
  });

  test.each([
    ['no JSON', 'no JSON'],
    ['nothing', ''],
    ['half of its JSON', '{"layers":['],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"manifest"'],
  ])('%s is no JSON object', (_, text) => {
    expect(() => read(text, OCI_MANIFEST)).toThrow(/is not a JSON object$/);
  });

  test.each([
    ['an index without manifests', { schemaVersion: 2 }, OCI_INDEX],
    ['an error document that the registry calls an index', { errors: [{ code: 'UNKNOWN' }] }, OCI_INDEX],
    ['an index whose manifests are an object', { manifests: {} }, OCI_INDEX],
    ['an image whose layers are a text', { config: CONFIG, layers: 'none' }, OCI_MANIFEST],
    ['an image whose layers are false', { config: CONFIG, layers: false }, OCI_MANIFEST],
  ])('%s lacks its list of contents', (_, content, mediaType) => {
    expect(() => read(content, mediaType)).toThrow(/has no list of (manifests; "manifests"|layers; "layers") must be a list$/);
  });

  test.each([
    ['no digest', {}],
    ['an empty digest', { digest: '', size: 1 }],
    ['a short digest', { digest: 'sha256:abc', size: 1 }],
    ['a digest of another kind', { digest: `sha512:${'a'.repeat(128)}`, size: 1 }],
    ['a digest that leads elsewhere', { digest: '../../secret', size: 1 }],
    ['a digest in capitals', { digest: digest('A'), size: 1 }],
    ['a number', 5],
    ['null', null],
    ['a text', digest('1')],
  ])('content named by %s is refused', (_, entry) => {
    expect(() => read({ manifests: [entry] }, OCI_INDEX)).toThrow('has a descriptor without a valid sha256 digest');
    expect(() => read({ config: CONFIG, layers: [entry] }, OCI_MANIFEST)).toThrow('has a descriptor without a valid sha256 digest');
  });

  test.each([
    ['a list', '["sha256:x"]', 'object'],
    ['an object that has no words', '{"toString":null,"valueOf":null}', 'object'],
    ['lists in lists', `${'['.repeat(50)}${']'.repeat(50)}`, 'object'],
    ['a number', '5', 'number'],
    ['true', 'true', 'boolean'],
    ['null', 'null', 'object'],
  ])('a digest that is %s is refused, told by its type', (_, json, type) => {
    const text = `{"manifests":[{"digest":${json},"size":1}]}`;
    expect(() => read(text, OCI_INDEX)).toThrow(expect.objectContaining({ reason: 'unsupported-manifest' }));
    expect(() => read(text, OCI_INDEX)).toThrow(new RegExp(`valid sha256 digest: ${type}$`));
  });

  test.each([
    ['an index with layers', { ...INDEX, layers: LAYERS }, OCI_INDEX],
    ['an index with an empty list of layers', { ...INDEX, layers: [] }, OCI_INDEX],
    ['an index with a configuration', { ...INDEX, config: CONFIG }, DOCKER_MANIFEST_LIST],
    ['an image with manifests', { ...IMAGE, manifests: INDEX.manifests }, OCI_MANIFEST],
    ['an image with an empty list of manifests', { ...IMAGE, manifests: [] }, DOCKER_MANIFEST],
  ])('%s is refused as both', (_, content, mediaType) => {
    const attempt = () => read(content, mediaType);
    expect(attempt).toThrow(/ is both an index and an image$/);
    expect(attempt).toThrow(expect.objectContaining({ reason: 'unsupported-manifest', retryable: false }));
  });

  test.each([
    ['without a configuration', { layers: LAYERS }],
    ['whose configuration is null', { layers: LAYERS, config: null }],
    ['whose configuration is a text', { layers: LAYERS, config: digest('c') }],
  ])('an image %s is refused, as the specification requires one', (_, content) => {
    expect(() => read(content, OCI_MANIFEST)).toThrow(/has no "config", which an image manifest must have$/);
  });

  test.each([
    ['none', undefined],
    ['a negative one', -1],
    ['a text', '7'],
    ['one beyond 2^53', 2 ** 53],
    ['null', null],
    ['a list', [7]],
  ])('%s is no usable size', (_, size) => {
    expect(() => read({ config: CONFIG, layers: [{ digest: digest('1'), size }] }, OCI_MANIFEST)).toThrow(`has no valid size for ${digest('1')}`);
  });

  test('are not for trying again', () => {
    expect(() => read({}, OCI_INDEX)).toThrow(expect.objectContaining({ reason: 'unsupported-manifest', retryable: false }));
  });

  test('show no control characters of a digest', () => {
    expect(() => read({ manifests: [{ digest: '\u001b[2K\n' }] }, OCI_INDEX)).toThrow('digest: \\u001b[2K\\u000a');
  });

  test('name the registry and the manifest', () => {
    expect(() => read({}, OCI_INDEX)).toThrow(`quay.io: manifest ${digestOf(Buffer.from('{}'))} has no list of manifests`);
  });
});

describe('any content', () => {
  const mediaType = fc.constantFrom(
    '', 'application/json', OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, 'application/vnd.docker.distribution.manifest.v1+json',
  );
  const simple = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.string(), fc.constantFrom(digest('1'), digest('2')));
  const named = fc.record({ mediaType: fc.oneof(simple, mediaType), digest: simple, size: fc.oneof(simple, fc.nat()) }, { requiredKeys: [] });
  const entry = fc.oneof(simple, named);
  const list = fc.oneof(simple, fc.array(entry, { maxLength: 3 }));
  const schemaVersion = fc.oneof(simple, fc.constantFrom(1, 2));
  const fields = { schemaVersion, mediaType: fc.oneof(simple, mediaType), config: entry, layers: list, manifests: list };
  const shape = fc.record(fields, { requiredKeys: [] });

  /** A manifest's needs are well-formed, or it is refused as a MirrorError. */
  const soundOrRefused = (content: unknown, header: string) => {
    try {
      const { children, blobs } = read(content, header);
      for (const { digest: name, size } of [...children, ...blobs]) {
        expect(name).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(Number.isSafeInteger(size) && size! >= 0).toBe(true);
      }
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      expect(error.reason).toBe('unsupported-manifest');
      expect(error.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    }
  };

  test('of a manifest\'s shape is sound or refused', () => {
    fc.assert(fc.property(shape, mediaType, soundOrRefused), { numRuns: 3000 });
  });

  test('that is JSON is sound or refused', () => {
    fc.assert(fc.property(fc.jsonValue(), mediaType, (value, header) => soundOrRefused(JSON.stringify(value), header)));
  });

  test('that is bytes is sound or refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), mediaType, (bytes, header) => soundOrRefused(Buffer.from(bytes).toString('latin1'), header)));
  });
});
