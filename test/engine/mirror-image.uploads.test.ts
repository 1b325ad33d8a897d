/** Uploads that fail half-way: begun anew, told truly, and left open nowhere. */
import { Fault, RequestMatch } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { mirror, MirroringOptions } from '../support/mirroring';
import { withRegistries } from '../support/with-servers';

const LAYER_BYTES = 200_000;
const IMAGE = singleImage({ layers: 3, layerBytes: LAYER_BYTES });
const LAYER = IMAGE.blobs.find(({ size }) => size === LAYER_BYTES)!;
const BYTES = IMAGE.blobs.reduce((sum, { size }) => sum + size, 0);
const ALWAYS = 1000;
const PUT_OF_LAYER: RequestMatch = ({ method, query }) => method === 'PUT' && query.includes(encodeURIComponent(LAYER.digest));
const UNKNOWN = Fault.status(404, {}, JSON.stringify({ errors: [{ code: 'BLOB_UPLOAD_UNKNOWN', message: 'blob upload unknown to registry' }] }));

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

function run(options: MirroringOptions = {}) {
  return mirror(`${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`, options);
}

describe('an upload that the registry has lost', () => {
  test('is begun anew', async () => {
    const hits = target.fail({ match: PUT_OF_LAYER, action: UNKNOWN });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([hits(), target.count({ method: 'POST' })]).toEqual([1, IMAGE.blobs.length + 1]);
  });

  test('each time is told as the registry\'s failure, not as a missing image', async () => {
    const hits = target.fail({ match: PUT_OF_LAYER, action: UNKNOWN, times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('BLOB_UPLOAD_UNKNOWN') });
    expect(hits()).toBe(3);
  });
});

describe('a transfer that failed', () => {
  test.each([
    ['a flipped byte upstream', 'upstream', { method: 'GET', path: LAYER.digest }, Fault.flipByte(100_000)],
    ['HTTP 503 from the target', 'target', PUT_OF_LAYER, Fault.status(503)],
    ['a reset by the target', 'target', PUT_OF_LAYER, Fault.resetWhileReceiving(100_000)],
  ] as const)('by %s has its upload canceled, and none is open in the end', async (_, side, match, action) => {
    const hits = (side === 'upstream' ? upstream : target).fail({ match, action });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hits()).toBe(1);
    expect(target.openUploads).toBe(0);
    expect(target.count({ method: 'DELETE' })).toBe(1);
  });

  test.each([
    ['a flipped byte upstream', 'upstream', { method: 'GET', path: LAYER.digest }, Fault.flipByte(100_000)],
    ['HTTP 503 from the target', 'target', PUT_OF_LAYER, Fault.status(503)],
  ] as const)('for good by %s leaves no upload of it open', async (_, side, match, action) => {
    (side === 'upstream' ? upstream : target).fail({ match, action, times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed' });
    expect(target.openUploads).toBe(0);
  });

  test('is no worse off with a registry that cannot cancel', async () => {
    target.fail({ match: PUT_OF_LAYER, action: Fault.status(503) });
    const hits = target.fail({ match: { method: 'DELETE' }, action: Fault.reset(), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(hits()).toBe(1);
  });
});

describe('counting', () => {
  test('a blob whose answer was lost counts as copied, once', async () => {
    target.fail({ match: PUT_OF_LAYER, action: Fault.loseResponse() });
    expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: IMAGE.blobs.length, blobsSkipped: 0, bytesCopied: BYTES });
    expect(target.requestsTo(PUT_OF_LAYER)).toHaveLength(1);
  });

  test('a blob whose upload failed once counts once', async () => {
    target.fail({ match: PUT_OF_LAYER, action: Fault.status(503) });
    expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: IMAGE.blobs.length, blobsSkipped: 0, bytesCopied: BYTES });
  });

  test('a blob that the target had beforehand counts as skipped, whatever failed before that was known', async () => {
    target.repository('mirror/app').blobs.set(LAYER.digest, LAYER);
    target.fail({ match: { method: 'HEAD', path: LAYER.digest }, action: Fault.status(503) });
    expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: IMAGE.blobs.length - 1, blobsSkipped: 1, bytesCopied: BYTES - LAYER_BYTES });
  });
});

test.each([['a week', 604_800], ['a month, beyond the longest timer', 30 * 86_400]])('a deadline of %s does not end the run at once', async (_, seconds) => {
  expect(await run({ deadline: Date.now() + seconds * 1000 })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
});
