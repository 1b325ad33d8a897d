/** Registries that other clients work with, although they answer in unusual ways. */
import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import { Transport } from '../../src/engine/registry/transport';
import { Fault } from '../support/fault';
import { blobOf, seededBytes } from '../support/fixture-blob';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions } from '../support/mirroring';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();
const LAYER_BYTES = seededBytes('layer', 800_000);
const LAYER = blobOf(LAYER_BYTES);
const IMAGE = singleImage({ layers: 0, baseLayers: [LAYER] });
const ALWAYS = 1000;
const TAG = { path: '/manifests/1.0.0' };
const HEAD_OF_TAG = { method: 'HEAD', ...TAG };
const GET_OF_LAYER = { method: 'GET', path: LAYER.digest };
const COPIED = { outcome: 'copied', targetDigest: IMAGE.digest };

beforeEach(() => upstream.push('app', '1.0.0', IMAGE));

function run(options: MirroringOptions = {}) {
  return mirror(`${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`, options);
}

describe('a HEAD request for a manifest', () => {
  test.each([400, 401, 403, 404, 405, 501])('that the source answers with %d is confirmed by a GET request', async (status) => {
    upstream.fail({ match: HEAD_OF_TAG, action: Fault.status(status), times: ALWAYS });
    expect(await run()).toMatchObject(COPIED);
    expect(upstream.count({ method: 'GET', ...TAG })).toBe(1);
  });

  test.each([
    ['no digest', undefined], ['a digest of another algorithm', `sha512:${'a'.repeat(128)}`], ['a digest in upper case', IMAGE.digest.toUpperCase()], ['an empty digest', ''],
  ])('that returns %s is completed by a GET request', async (_, digest) => {
    upstream.fail({ match: HEAD_OF_TAG, action: Fault.headers({ 'docker-content-digest': digest }), times: ALWAYS });
    expect(await run()).toMatchObject(COPIED);
  });

  test('with a normal answer needs no GET request when the image is unchanged', async () => {
    target.push('mirror/app', '1.0.0', IMAGE);
    expect(await run()).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
  });

  test('for a tag that does not exist costs one GET request more, and the tag is not found', async () => {
    upstream.repository('app').tags.delete('1.0.0');
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'not-found', requests: { source: 2 } });
  });

  test.each([429, 500, 503])('that fails with %d is not replaced by a GET request', async (status) => {
    upstream.fail({ match: HEAD_OF_TAG, action: Fault.status(status, { 'retry-after': '0' }), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed' });
    expect(upstream.count({ method: 'GET', ...TAG })).toBe(0);
  });
});

describe('compression that nobody asked for', () => {
  const root = { method: 'GET', path: IMAGE.digest };
  const compressed = (encoding: string, compress: (bytes: Buffer) => Buffer) => Fault.status(200, {
    'content-encoding': encoding, 'content-type': IMAGE.mediaType, 'docker-content-digest': IMAGE.digest,
  }, compress(IMAGE.bytes));

  test('is declined in each request', async () => {
    await run();
    expect(new Set(upstream.requests.map(({ headers }) => headers['accept-encoding']))).toEqual(new Set(['identity']));
  });

  test.each([['gzip', gzipSync], ['x-gzip', gzipSync], ['GZIP', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const)('is undone in a manifest: %s', async (encoding, compress) => {
    const hits = upstream.fail({ match: root, action: compressed(encoding, compress) });
    expect(await run()).toMatchObject(COPIED);
    expect(hits()).toBe(1);
  });

  test('of an unknown kind is refused in words', async () => {
    upstream.fail({ match: root, action: compressed('zstd', (bytes) => bytes), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringMatching(/content encoding zstd.*turn off compression/) });
  });

  test('that expands to gigabytes stops at the limit of a manifest', async () => {
    upstream.fail({ match: root, action: compressed('gzip', () => gzipSync(Buffer.alloc(64 * 1024 * 1024))), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('larger than 4194304 bytes') });
  });

  test('is not undone in a layer that has the size of its descriptor', async () => {
    upstream.fail({ match: GET_OF_LAYER, action: Fault.headers({ 'content-encoding': 'gzip' }) });
    expect(await run()).toMatchObject(COPIED);
    expect(upstream.count(GET_OF_LAYER)).toBe(1);
  });

  test('is undone in a layer', async () => {
    upstream.fail({ match: GET_OF_LAYER, action: Fault.status(200, { 'content-encoding': 'gzip' }, gzipSync(LAYER_BYTES)) });
    expect(await run()).toMatchObject(COPIED);
  });
});

describe('a download that breaks', () => {
  test('continues at the byte where it stopped, each time', async () => {
    const hits = upstream.fail({ match: GET_OF_LAYER, action: Fault.truncate(500_000) });
    expect(await run()).toMatchObject({ ...COPIED, bytesCopied: IMAGE.blobs.reduce((sum, { size }) => sum + size, 0) });
    const ranges = upstream.requestsTo(GET_OF_LAYER).map(({ headers }) => headers.range);
    expect([hits(), ranges]).toEqual([1, [undefined, expect.stringMatching(/^bytes=[1-9][0-9]*-$/)]]);
    expect(target.count({ method: 'POST' })).toBe(IMAGE.blobs.length); // the upload went on
  });

  test('starts from the beginning when the registry has no ranges', async () => {
    upstream.fail({ match: GET_OF_LAYER, action: Fault.truncate(500_000) });
    upstream.fail({ match: GET_OF_LAYER, action: Fault.status(200, {}, LAYER_BYTES), times: ALWAYS });
    expect(await run()).toMatchObject(COPIED);
    expect(target.count({ method: 'DELETE' })).toBe(1);
  });

  test('with other bytes after the break is a mismatch, and is read again', async () => {
    upstream.fail({ match: GET_OF_LAYER, action: Fault.truncate(500_000) });
    upstream.fail({ match: GET_OF_LAYER, action: Fault.flipByte(10) });
    expect(await run()).toMatchObject(COPIED);
    expect(upstream.count(GET_OF_LAYER)).toBe(3);
  });
});

describe('a registry that needs minutes for a blob', () => {
  const patient = () => new Transport({ idle: 300, slowResponse: 20_000 });
  const later = () => new Promise((resolve) => setTimeout(resolve, 1_000));

  test.each([
    ['before it sends the blob', 'upstream', GET_OF_LAYER],
    ['before it confirms the upload', 'target', { method: 'PUT', path: '/blobs/uploads/' }],
  ] as const)('%s gets one request', async (_, side, match) => {
    const registry = side === 'upstream' ? upstream : target;
    registry.fail({ match, action: Fault.hold(later()) });
    expect(await run({ transport: patient() })).toMatchObject(COPIED);
    expect(registry.count(match)).toBe(side === 'upstream' ? 1 : IMAGE.blobs.length);
    expect(target.count({ method: 'DELETE' })).toBe(0);
  });

  test('does not get the blob a second time when its confirmation was lost', async () => {
    target.fail({ match: { method: 'PUT', path: '/blobs/uploads/' }, action: Fault.loseResponse(), times: ALWAYS });
    expect(await run()).toMatchObject(COPIED);
    expect([target.count({ method: 'PUT', path: '/blobs/uploads/' }), target.count({ method: 'DELETE' })]).toEqual([IMAGE.blobs.length, 0]);
  });
});

describe('a target', () => {
  test.each([400, 401, 403, 405, 501])('that answers %d to the question for a blob gets an upload', async (status) => {
    target.fail({ match: { method: 'HEAD', path: '/blobs/' }, action: Fault.status(status), times: ALWAYS });
    expect(await run()).toMatchObject({ ...COPIED, blobsCopied: IMAGE.blobs.length });
  });

  test('whose blob storage refuses the question gets an upload', async () => {
    const storage = await new LocalRegistry().start();
    storage.fail({ action: Fault.status(403), times: ALWAYS });
    target.fail({ match: { method: 'HEAD', path: '/blobs/' }, action: Fault.status(307, { location: `${storage.url}/signed` }), times: ALWAYS });
    const result = await run();
    await storage.close();
    expect(result).toMatchObject(COPIED);
  });

  test('that stores a manifest under another digest is a failure', async () => {
    const hits = target.fail({ match: { method: 'PUT', path: '/manifests/' }, action: Fault.wrongDigest(), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'digest-mismatch', message: expect.stringContaining('it changes manifests') });
    expect(hits()).toBe(1);
  });

  test('that stores a blob under another digest gets it again', async () => {
    const hits = target.fail({ match: { method: 'PUT', path: '/blobs/uploads/' }, action: Fault.wrongDigest() });
    expect(await run()).toMatchObject(COPIED);
    expect(hits()).toBe(1);
  });

  test('that limits the size of requests is told by its limit', async () => {
    target.fail({ match: { method: 'PUT', path: '/blobs/uploads/' }, action: Fault.status(413), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('the blob is larger than') });
  });

  test('that accepts no uploads is told so', async () => {
    target.fail({ match: { method: 'POST' }, action: Fault.status(405), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('accepts no uploads') });
  });

  test.each([400, 401, 403, 404, 405])('that answers %d to a mount gets an upload', async (status) => {
    const hits = upstream.fail({ match: ({ method, query }) => method === 'POST' && query.includes('mount='), action: Fault.status(status), times: ALWAYS });
    expect(await mirror(`${upstream.host}/app:1.0.0`, `${upstream.host}/mirror/app:1.0.0`)).toMatchObject({ ...COPIED, blobsCopied: IMAGE.blobs.length });
    expect(hits()).toBe(IMAGE.blobs.length);
  });
});

test('a layer that the source lists and does not have is named, not the image', async () => {
  upstream.repository('app').blobs.delete(LAYER.digest);
  expect(await run()).toMatchObject({ outcome: 'failed', message: expect.stringMatching(new RegExp(`read blob app@${LAYER.digest}.*lists the blob`)) });
});

describe('response headers', () => {
  test('of forty kilobytes are read', async () => {
    upstream.fail({ match: HEAD_OF_TAG, action: Fault.headers({ 'x-policy': 'x'.repeat(40_000) }), times: ALWAYS });
    expect(await run()).toMatchObject(COPIED);
  });

  test('above the limit are one failure that names it', async () => {
    upstream.fail({ match: HEAD_OF_TAG, action: Fault.headers({ 'x-policy': 'x'.repeat(70_000) }), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'network', message: expect.stringContaining('larger than 65536 bytes') });
    expect(upstream.count(HEAD_OF_TAG)).toBe(1);
  });
});
