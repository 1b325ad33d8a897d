/** Signatures and other referrers that are published after their image was mirrored. */
import { OCI_INDEX } from '../../src/image/media-types';
import { Fault } from '../support/fault';
import { artifact, cosignTag, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { mirrorOne, RequestOptions } from '../support/mirror-request';

const IMAGE = multiPlatformImage();
const SIGNATURE = artifact({ seed: 'signature', subject: IMAGE });
const SBOM = artifact({ seed: 'sbom', subject: IMAGE });
const FALLBACK_TAG = IMAGE.digest.replace(':', '-');
const DAY = 86_400_000;
/** A day on which the tag `.sig` has its turn, and the days after it. */
const FIRST_DAY = Date.UTC(2030, 0, 1) - (Date.UTC(2030, 0, 1) / DAY % 11) * DAY;

let upstream: LocalRegistry;
let target: LocalRegistry;
let now: jest.SpyInstance;

beforeEach(() => {
  const [real, started] = [Date.now, Date.now()];
  now = jest.spyOn(Date, 'now').mockImplementation(() => FIRST_DAY + real.call(Date) - started);
});

afterEach(async () => {
  now.mockRestore();
  expect([...upstream.errors, ...target.errors]).toEqual([]);
  await Promise.all([upstream.close(), target.close()]);
});

/** Sets the day of a run: 0 is the first one. */
function onDay(day: number): void {
  now.mockImplementation(() => FIRST_DAY + day * DAY);
}

/** An image that was mirrored before its signature was published. */
async function mirrored({ upstreamHasApi = true, targetHasApi = true }, image: FixtureImage = IMAGE): Promise<void> {
  [upstream, target] = [new LocalRegistry({ referrers: upstreamHasApi }), new LocalRegistry({ referrers: targetHasApi })];
  await Promise.all([upstream.start(), target.start()]);
  upstream.push('app', 'latest', image);
  await run({ lateReferrers: false });
  upstream.resetRequests();
  target.resetRequests();
}

function run(options: RequestOptions = {}) {
  const deadline = Date.now() + 60_000;
  return mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, { lateReferrers: true, ...options }, { deadline });
}

describe('a referrer that was published after its image', () => {
  test('comes by the referrers API, and the image stays unchanged', async () => {
    await mirrored({});
    upstream.push('app', undefined, SIGNATURE);
    expect(await run()).toMatchObject({ outcome: 'unchanged', targetDigest: IMAGE.digest, referrersCopied: 1 });
    expect(target.repository('mirror/app').referrers(IMAGE.digest).map(({ digest }) => digest)).toEqual([SIGNATURE.digest]);
    expect(target.count({ method: 'PUT', path: '/manifests/latest' })).toBe(0);
  });

  test.each([
    ['sig', 0, true], ['att', 1, true], ['sbom', 3, true],
    ['sig', 0, false], ['att', 4, false], ['sbom', 9, false],
  ] as const)('comes by the tag .%s of cosign, on its day (%d; with the API: %s)', async (suffix, day, upstreamHasApi) => {
    await mirrored({ upstreamHasApi });
    upstream.push('app', cosignTag(IMAGE.digest, suffix), artifact({ seed: suffix }));
    onDay(day);
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 1 });
    expect(target.tagDigest('mirror/app', cosignTag(IMAGE.digest, suffix))).toBe(artifact({ seed: suffix }).digest);
  });

  test.each([[true, false], [false, true]])('comes by the list under the fallback tag, on its day (a target with the API: %s)', async (targetHasApi, isListed) => {
    await mirrored({ upstreamHasApi: false, targetHasApi });
    upstream.push('app', FALLBACK_TAG, indexOf([SIGNATURE]));
    onDay(1);
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 1 });
    expect(target.holds('mirror/app', SIGNATURE)).toBe(true);
    expect(target.tagDigest('mirror/app', FALLBACK_TAG) !== undefined).toBe(isListed);
  });

  test('comes with its own signature', async () => {
    await mirrored({});
    const second = artifact({ seed: 'second', subject: SBOM });
    for (const referrer of [SBOM, second]) upstream.push('app', undefined, referrer);
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 2 });
    expect(target.holds('mirror/app', second)).toBe(true);
  });

  test('comes to a target without the API beside an earlier one in one list', async () => {
    await mirrored({ targetHasApi: false });
    upstream.push('app', undefined, SIGNATURE);
    await run();
    upstream.push('app', undefined, SBOM);
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 1 });
    const { manifests } = JSON.parse(target.repository('mirror/app').find(FALLBACK_TAG)!.bytes.toString()) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest }) => digest).sort()).toEqual([SIGNATURE.digest, SBOM.digest].sort());
  });

  test('replaces an older one under the same tag of cosign', async () => {
    await mirrored({});
    for (const seed of ['one', 'two']) {
      upstream.push('app', cosignTag(IMAGE.digest), artifact({ seed }));
      expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 1 });
      expect(target.tagDigest('mirror/app', cosignTag(IMAGE.digest))).toBe(artifact({ seed }).digest);
    }
  });

  test('that the target refuses is a warning, and the image stays unchanged', async () => {
    await mirrored({});
    upstream.push('app', undefined, SIGNATURE);
    target.fail({ match: { method: 'PUT', path: SIGNATURE.digest }, action: Fault.status(405), times: 1000 });
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, warnings: [expect.stringContaining(SIGNATURE.digest)] });
  });
});

describe('a look', () => {
  test.each([
    ['the referrers API and a tag of cosign', true, 0, ['HEAD latest', 'GET referrers', 'HEAD .sig']],
    ['a registry without the API, for a tag of cosign', false, 0, ['HEAD latest', 'GET referrers', 'HEAD .sig']],
    ['a registry without the API, for the fallback tag', false, 1, ['HEAD latest', 'GET referrers', 'HEAD fallback']],
  ])('costs two requests that no rate limit counts, of %s', async (_, upstreamHasApi, day, requests) => {
    await mirrored({ upstreamHasApi });
    onDay(day);
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, countedPulls: 0, requests: { source: 3, target: 1 } });
    const nameOf = (path: string) => path.includes('/referrers/') ? 'referrers' : path.split('/').at(-1)!.replace(FALLBACK_TAG, '') || 'fallback';
    expect(upstream.requests.map(({ method, path }) => `${method} ${nameOf(path)}`)).toEqual(requests);
  });

  test('that finds what the mirror has asks the mirror, and copies nothing', async () => {
    await mirrored({});
    for (const referrer of [SIGNATURE, SBOM]) upstream.push('app', undefined, referrer);
    upstream.push('app', cosignTag(IMAGE.digest), artifact());
    await run();
    target.resetRequests();
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, countedPulls: 0, requests: { source: 3, target: 3 } });
    expect(target.count({ method: /PUT|POST/ })).toBe(0);
  });

  test('asks for every kind of tag within eleven days, for schedules of one to ten days', async () => {
    await mirrored({ upstreamHasApi: false });
    for (const interval of [1, 2, 3, 7, 10]) {
      upstream.resetRequests();
      for (let index = 0; index < 11; index++) {
        onDay(index * interval);
        await run();
      }
      const asked = new Set(upstream.requestsTo({ method: 'HEAD' }).map(({ path }) => path.split('/').at(-1)));
      const tags = ['sig', 'att', 'sbom'].map((suffix) => `${FALLBACK_TAG}.${suffix}`);
      expect([...asked].sort()).toEqual(['latest', FALLBACK_TAG, ...tags].sort());
    }
  });

  test.each([429, 503])('that upstream answers with HTTP %d is a warning, and the image stays unchanged', async (status) => {
    await mirrored({});
    upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(status, { 'retry-after': '0' }), times: 1000 });
    expect(await run()).toMatchObject({ outcome: 'unchanged', warnings: [expect.stringContaining('cannot look for new referrers')] });
  });

  test('that the mirror cannot answer is a warning, and copies nothing', async () => {
    await mirrored({});
    upstream.push('app', undefined, SIGNATURE);
    target.fail({ match: { path: '/referrers/' }, action: Fault.status(503, { 'retry-after': '0' }), times: 1000 });
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, warnings: [expect.stringContaining('cannot find out which referrers')] });
    expect(target.count({ method: 'PUT' })).toBe(0);
  });

  test('that finds the image itself copies nothing', async () => {
    await mirrored({});
    const list = JSON.stringify({ manifests: [{ mediaType: OCI_INDEX, digest: IMAGE.digest, size: IMAGE.bytes.length }] });
    upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(200, { 'content-type': OCI_INDEX }, list), times: 1000 });
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0 });
    expect(target.count()).toBe(1);
  });
});

describe('nothing is asked', () => {
  test.each<[string, RequestOptions]>([
    ['when it is not the time', { lateReferrers: false }],
    ['when referrers are not wanted', { referrers: false }],
    ['in a dry run', { dryRun: true }],
  ])('%s', async (_, options) => {
    await mirrored({});
    upstream.push('app', undefined, SIGNATURE);
    expect(await run(options)).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, requests: { source: 1, target: 1 } });
    expect([upstream.count(), target.count()]).toEqual([1, 1]);
  });

  test('when a fixed tag moved', async () => {
    await mirrored({});
    upstream.push('app', 'latest', singleImage());
    expect(await run({ kind: 'fixed' })).toMatchObject({ outcome: 'tag-moved', requests: { source: 1, target: 1 } });
  });

  test('of an index with a selection of platforms, which no referrer refers to', async () => {
    await mirrored({});
    const platforms = ['linux/arm64'];
    target.repository('mirror/app').tags.clear();
    await run({ platforms });
    upstream.push('app', undefined, SIGNATURE);
    expect(await run({ platforms })).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, requests: { source: 1, target: 1 } });
  });
});
