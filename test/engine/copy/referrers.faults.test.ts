/** What may go wrong with referrers: the image is copied all the same. */
import * as fc from 'fast-check';
import type { MirrorResult } from '../../../src/engine/result';
import { OCI_INDEX } from '../../../src/image/media-types';
import { Fault } from '../../support/fault';
import { artifact, cosignTag, singleImage } from '../../support/fixture-images';
import { mirrorOne } from '../../support/mirror-request';
import { randomCases } from '../../support/random-cases';
import { withRegistries } from '../../support/with-servers';

const IMAGE = singleImage();
const SIGNATURE = artifact({ seed: 'signature', subject: IMAGE });
const SBOM = artifact({ seed: 'sbom', subject: IMAGE });
const LIST = { path: '/referrers/' };
const NOW = { 'retry-after': '0' };

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', 'latest', IMAGE);
});

function run(): Promise<MirrorResult> {
  return mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`);
}

/** The image is there, whatever became of what refers to it. */
function isCopied(result: MirrorResult): void {
  expect(result).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(target.tagDigest('mirror/app', 'latest')).toBe(IMAGE.digest);
}

function answerLists(body: string, headers: Record<string, string> = {}): () => number {
  return upstream.fail({ match: LIST, action: Fault.status(200, { 'content-type': OCI_INDEX, ...headers }, body), times: 1000 });
}

describe('at the target', () => {
  test.each([400, 403, 404, 405])('a referrer that is refused with HTTP %d is a warning, and the others come', async (status) => {
    upstream.push('app', undefined, SIGNATURE);
    upstream.push('app', undefined, SBOM);
    target.fail({ match: { method: 'PUT', path: SIGNATURE.digest }, action: Fault.status(status), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result).toMatchObject({ referrersCopied: 1, warnings: [expect.stringContaining(SIGNATURE.digest)] });
    expect(target.holds('mirror/app', SBOM)).toBe(true);
  });

  test('a referrer\'s blob that is refused is a warning', async () => {
    upstream.push('app', undefined, SIGNATURE);
    upstream.fail({ match: { method: 'GET', path: SIGNATURE.blobs[1].digest }, action: Fault.status(404), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result).toMatchObject({ referrersCopied: 0, warnings: [expect.stringContaining(SIGNATURE.digest)] });
  });

  test('more warnings than twenty are not told', async () => {
    for (let index = 0; index < 30; index++) upstream.push('app', undefined, artifact({ seed: `refused ${index}`, subject: IMAGE }));
    target.fail({ match: ({ method, path }) => method === 'PUT' && path.includes('/manifests/sha256:') && !path.endsWith(IMAGE.digest), action: Fault.status(403), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toHaveLength(20);
  });
});

describe('upstream', () => {
  test.each([
    ['HTTP 400', Fault.status(400)],
    ['HTTP 401', Fault.status(401)],
    ['HTTP 403', Fault.status(403)],
    ['HTTP 404', Fault.status(404)],
    ['HTTP 405', Fault.status(405)],
    ['HTTP 501', Fault.status(501)],
    ['a page for people', Fault.status(200, { 'content-type': 'text/html' }, '<html>welcome</html>')],
    ['JSON of another kind', Fault.status(200, { 'content-type': 'application/json' }, '{}')],
  ])('%s instead of a list means that there is none, without a warning', async (_, action) => {
    const hits = upstream.fail({ match: LIST, action, times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toBeUndefined();
    expect(hits()).toBe(1);
  });

  test.each([429, 500, 502, 503, 504])('HTTP %d instead of a list costs two tries and is a warning', async (status) => {
    const hits = upstream.fail({ match: LIST, action: Fault.status(status, NOW), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toEqual([expect.stringMatching(new RegExp(`cannot find the referrers of .*HTTP ${status}`))]);
    expect(hits()).toBe(2);
  });

  test('HTTP 503 for once is got over', async () => {
    upstream.push('app', undefined, SIGNATURE);
    upstream.fail({ match: LIST, action: Fault.status(503, NOW) });
    const result = await run();
    isCopied(result);
    expect(result).toMatchObject({ referrersCopied: 1 });
    expect(result.warnings).toBeUndefined();
  });

  test('a list that breaks off for good is a warning', async () => {
    upstream.push('app', undefined, SIGNATURE);
    upstream.fail({ match: LIST, action: Fault.resetBody(5), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toHaveLength(1);
  });

  test('a referrer that is listed and not there is a warning', async () => {
    answerLists(JSON.stringify({ manifests: [{ mediaType: SIGNATURE.mediaType, digest: SIGNATURE.digest, size: 10 }] }));
    const result = await run();
    isCopied(result);
    expect(result).toMatchObject({ referrersCopied: 0, warnings: [expect.stringContaining(SIGNATURE.digest)] });
  });

  test('a referrer with other content than its digest says is a warning', async () => {
    upstream.push('app', undefined, SIGNATURE);
    upstream.fail({ match: { method: 'GET', path: SIGNATURE.digest }, action: Fault.flipByte(20), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result).toMatchObject({ referrersCopied: 0, warnings: [expect.stringContaining('arrived with other content')] });
    expect(target.holds('mirror/app', SIGNATURE)).toBe(false);
  });

  test('a referrer whose size is not what the list says is a warning', async () => {
    upstream.push('app', undefined, SIGNATURE);
    answerLists(JSON.stringify({ manifests: [{ mediaType: SIGNATURE.mediaType, digest: SIGNATURE.digest, size: SIGNATURE.bytes.length + 1 }] }));
    const result = await run();
    isCopied(result);
    expect(result.warnings).toHaveLength(1);
  });

  test('a signature of cosign that cannot be read is a warning', async () => {
    const { digest } = artifact();
    upstream.push('app', cosignTag(IMAGE.digest), artifact());
    upstream.fail({ match: { method: 'GET', path: digest }, action: Fault.status(404), times: 1000 });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toEqual([expect.stringContaining(digest)]);
  });
});

describe('a hostile list', () => {
  test.each([
    ['no list of manifests', JSON.stringify({ manifests: 'many' })],
    ['a digest that is none', JSON.stringify({ manifests: [{ mediaType: 'x', digest: '../../etc/passwd', size: 1 }] })],
    ['a digest of another kind', JSON.stringify({ manifests: [{ mediaType: 'x', digest: `sha512:${'0'.repeat(128)}`, size: 1 }] })],
    ['no size', JSON.stringify({ manifests: [{ mediaType: 'x', digest: SIGNATURE.digest }] })],
    ['a size below nothing', JSON.stringify({ manifests: [{ mediaType: 'x', digest: SIGNATURE.digest, size: -1 }] })],
    ['entries that are no objects', JSON.stringify({ manifests: [null, 1, 'x'] })],
    ['more than four megabytes', JSON.stringify({ manifests: [], padding: 'x'.repeat(4 * 1024 * 1024) })],
  ])('of %s is a warning', async (_, body) => {
    answerLists(body);
    const result = await run();
    isCopied(result);
    expect(result.warnings).toEqual([expect.stringContaining('cannot find the referrers of ')]);
  });

  test('that names the image itself does no harm', async () => {
    answerLists(JSON.stringify({ manifests: [{ mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.bytes.length }] }));
    isCopied(await run());
  });

  test('that repeats a page is a warning', async () => {
    const pages = answerLists('{"manifests":[]}', { link: `</v2/app/referrers/${IMAGE.digest}>; rel="next"` });
    const result = await run();
    isCopied(result);
    expect(result.warnings).toEqual([expect.stringContaining('the list repeats a page')]);
    expect(pages()).toBe(1);
  });

  test('that has a terminal\'s control characters for a digest does not show them', async () => {
    answerLists(JSON.stringify({ manifests: [{ mediaType: 'x', digest: '\u001b[2J\u202esha256:', size: 1 }] }));
    const result = await run();
    isCopied(result);
    expect(result.warnings?.join()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  test('of any JSON at all leaves the image whole', async () => {
    const list = fc.record({ manifests: fc.jsonValue() }).map((value) => JSON.stringify(value));
    await fc.assert(fc.asyncProperty(fc.oneof(fc.json(), list, fc.string()), async (body) => {
      upstream.faults.clear();
      answerLists(body);
      target.repository('mirror/app').tags.clear();
      isCopied(await run());
    }), { numRuns: randomCases(60) });
  });
});
