/** Signatures, bills of materials and attestations that are kept beside an image. */
import { OCI_INDEX } from '../../../src/image/media-types';
import { Fault } from '../../support/fault';
import { digestOf } from '../../support/fixture-blob';
import { artifact, cosignTag, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { LocalRegistry } from '../../support/local-registry';
import { mirrorOne, RequestOptions } from '../../support/mirror-request';
import { withRegistries } from '../../support/with-servers';

const IMAGE = multiPlatformImage();
const [AMD64, ARM64] = IMAGE.manifests;
const SIGNATURE = artifact({ seed: 'signature', subject: IMAGE });
const SBOM = artifact({ seed: 'sbom', subject: IMAGE });

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', 'latest', IMAGE);
});

function run(options: RequestOptions = {}) {
  return mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, options);
}

function pushReferrers(...referrers: FixtureImage[]): void {
  for (const referrer of referrers) upstream.push('app', undefined, referrer);
}

/** What was put at the target, in order: tags and digests. */
function puts(): string[] {
  return target.requestsTo({ method: 'PUT', path: '/manifests/' }).map(({ path }) => path.split('/manifests/')[1]);
}

const lists = () => upstream.count({ path: '/referrers/' });

describe('with the referrers API upstream', () => {
  test('a signature and a bill of materials come along with a new image, byte for byte', async () => {
    pushReferrers(SIGNATURE, SBOM);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest, referrersCopied: 2 });
    expect([SIGNATURE, SBOM].map((one) => target.holds('mirror/app', one))).toEqual([true, true]);
    expect(target.repository('mirror/app').referrers(IMAGE.digest).map(({ digest }) => digest).sort()).toEqual([SIGNATURE.digest, SBOM.digest].sort());
  });

  test('they come after the image and before its tag', async () => {
    pushReferrers(SIGNATURE, SBOM);
    await run();
    const order = puts();
    expect(order.at(-1)).toBe('latest');
    for (const { digest } of [SIGNATURE, SBOM]) {
      expect(order.indexOf(digest)).toBeGreaterThan(order.indexOf(IMAGE.digest));
      expect(order.indexOf(digest)).toBeLessThan(order.indexOf('latest'));
    }
  });

  test('those of an index\'s platforms come along', async () => {
    const ofPlatforms = [artifact({ seed: 'amd64', subject: AMD64 }), artifact({ seed: 'arm64', subject: ARM64 })];
    pushReferrers(...ofPlatforms);
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
    expect(ofPlatforms.map((one) => target.holds('mirror/app', one))).toEqual([true, true]);
  });

  test('those of a single image come along', async () => {
    const image = singleImage();
    upstream.push('app', 'latest', image);
    pushReferrers(artifact({ subject: image }));
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest, referrersCopied: 1 });
  });

  test('an index that refers to the image comes along with what it lists', async () => {
    const listed = indexOf([artifact({ seed: 'one' }), artifact({ seed: 'two' })]);
    const subject = { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.bytes.length };
    const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(listed.bytes.toString()), subject }));
    const root = { digest: digestOf(bytes), mediaType: OCI_INDEX, bytes };
    const referrer = { ...listed, ...root, manifests: [...listed.manifests.slice(0, -1), root] };
    pushReferrers(referrer);
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
    expect(target.holds('mirror/app', referrer)).toBe(true);
  });

  test('a referrer of a referrer comes along, and one more link of the chain does not', async () => {
    const second = artifact({ seed: 'second', subject: SIGNATURE });
    const third = artifact({ seed: 'third', subject: second });
    pushReferrers(SIGNATURE, second, third);
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
    expect([SIGNATURE, second, third].map((one) => target.holds('mirror/app', one))).toEqual([true, true, false]);
  });

  test('a manifest that is about another one stays behind', async () => {
    const other = artifact({ seed: 'other', subject: singleImage({ seed: 'other' }) });
    pushReferrers(other);
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 0 });
    expect(target.holds('mirror/app', other)).toBe(false);
  });

  test('a list of several pages is read to its end', async () => {
    pushReferrers(SIGNATURE, SBOM);
    const page = ({ digest, mediaType, bytes: { length: size } }: FixtureImage) => JSON.stringify({ manifests: [{ digest, mediaType, size }] });
    const path = new RegExp(`/referrers/${IMAGE.digest}$`);
    const link = `</v2/app/referrers/${IMAGE.digest}?page=2>; rel="next"`;
    upstream.fail({ match: ({ path: asked, query }) => path.test(asked) && query === '', action: Fault.status(200, { 'content-type': OCI_INDEX, link }, page(SIGNATURE)) });
    upstream.fail({ match: ({ path: asked, query }) => path.test(asked) && query === 'page=2', action: Fault.status(200, { 'content-type': OCI_INDEX }, page(SBOM)) });
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
    expect([SIGNATURE, SBOM].map((one) => target.holds('mirror/app', one))).toEqual([true, true]);
  });

  test('no list counts as a pull, each referrer does', async () => {
    const { countedPulls } = await run();
    pushReferrers(SIGNATURE);
    target.repository('mirror/app').tags.clear();
    target.repository('mirror/app').manifests.clear();
    expect((await run()).countedPulls).toBe(countedPulls + 1);
  });
});

describe('by tags', () => {
  describe('without the referrers API upstream, what the list under the fallback tag names comes along', () => {
    const LIST = IMAGE.digest.replace(':', '-');
    const list = indexOf([SIGNATURE, SBOM]);

    test.each([
      ['and a target with the API is left to make its own list', true, undefined],
      ['and a target without it is given a list', false, expect.stringMatching(/^sha256:/)],
    ])('%s', async (_, referrers, listed) => {
      const [old, mirrored] = await Promise.all([new LocalRegistry({ referrers: false }).start(), new LocalRegistry({ referrers }).start()]);
      old.push('app', 'latest', IMAGE);
      old.push('app', LIST, list);
      const result = await mirrorOne(`${old.host}/app:latest`, `${mirrored.host}/mirror/app:latest`);
      expect([...old.errors, ...mirrored.errors]).toEqual([]);
      await Promise.all([old.close(), mirrored.close()]);
      expect(result).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
      expect([SIGNATURE, SBOM].map((one) => mirrored.holds('mirror/app', one))).toEqual([true, true]);
      expect(mirrored.tagDigest('mirror/app', LIST)).toEqual(listed);
    });
  });

  test('with the referrers API, nobody asks for the fallback tag', async () => {
    upstream.push('app', IMAGE.digest.replace(':', '-'), indexOf([SIGNATURE]));
    await run();
    expect(upstream.count({ path: /\/manifests\/sha256-[0-9a-f]{64}$/ })).toBe(0);
  });

  test.each(['sig', 'att', 'sbom'] as const)('what cosign keeps as .%s comes along under the same tag, before the image\'s', async (suffix) => {
    const tag = cosignTag(IMAGE.digest, suffix);
    upstream.push('app', tag, artifact({ seed: suffix }));
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
    expect(target.tagDigest('mirror/app', tag)).toBe(artifact({ seed: suffix }).digest);
    expect(puts().indexOf(tag)).toBeLessThan(puts().indexOf('latest'));
  });

  test('what cosign keeps for another image stays behind', async () => {
    upstream.push('app', cosignTag(singleImage({ seed: 'other' }).digest), artifact());
    expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 0 });
    expect([...target.repository('mirror/app').tags.keys()]).toEqual(['latest']);
  });
});

describe('a false answer for a tag', () => {
  const FALLBACK_TAG = IMAGE.digest.replace(':', '-');
  let old: LocalRegistry;

  beforeEach(async () => {
    old = await new LocalRegistry({ referrers: false }).start();
    old.push('app', 'latest', IMAGE);
  });

  afterEach(async () => {
    expect(old.errors).toEqual([]);
    await old.close();
  });

  const runFromOld = () => mirrorOne(`${old.host}/app:latest`, `${target.host}/mirror/app:latest`);
  const tags = () => [...target.repository('mirror/app').tags.keys()];

  test.each([
    ['the image itself, as GitLab answers it,', FALLBACK_TAG, IMAGE],
    ['an image that is no list', FALLBACK_TAG, singleImage({ seed: 'no list' })],
    ['the image itself', cosignTag(IMAGE.digest), IMAGE],
    ['the image itself', cosignTag(IMAGE.digest, 'att'), IMAGE],
    ['the image itself', cosignTag(IMAGE.digest, 'sbom'), IMAGE],
  ])('%s under %s is ignored without a warning', async (_, tag, image) => {
    old.push('app', tag, image);
    const result = await runFromOld();
    expect(result).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest, referrersCopied: 0 });
    expect([result.warnings, tags()]).toEqual([undefined, ['latest']]);
    expect(target.holds('mirror/app', singleImage({ seed: 'no list' }))).toBe(false);
  });

  test('a list that names the image itself has one referrer less', async () => {
    old.push('app', FALLBACK_TAG, indexOf([IMAGE, SIGNATURE]));
    const result = await runFromOld();
    expect(result).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
    expect([result.warnings, target.holds('mirror/app', SIGNATURE)]).toEqual([undefined, true]);
  });

  test('a list with entries that do not exist is a warning for each, and the others come', async () => {
    old.push('app', FALLBACK_TAG, indexOf([SIGNATURE, SBOM]));
    old.repository('app').manifests.delete(SBOM.digest);
    expect(await runFromOld()).toMatchObject({ outcome: 'copied', referrersCopied: 1, warnings: [expect.stringContaining(SBOM.digest)] });
  });
});

describe('are not looked for', () => {
  test('when the image is unchanged and it is not the time, which costs one request on each side', async () => {
    pushReferrers(SIGNATURE);
    await run();
    upstream.resetRequests();
    target.resetRequests();
    expect(await run()).toMatchObject({ outcome: 'unchanged', referrersCopied: 0, countedPulls: 0, requests: { source: 1, target: 1 } });
    expect([upstream.count(), target.count()]).toEqual([1, 1]);
  });

  test('when they are not wanted', async () => {
    pushReferrers(SIGNATURE);
    upstream.push('app', cosignTag(IMAGE.digest), artifact());
    expect(await run({ referrers: false })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest, referrersCopied: 0 });
    expect([lists(), upstream.count({ path: /\/manifests\/sha256-/ })]).toEqual([0, 0]);
    expect(target.holds('mirror/app', SIGNATURE)).toBe(false);
  });

  test('in a dry run', async () => {
    pushReferrers(SIGNATURE);
    expect(await run({ dryRun: true })).toMatchObject({ outcome: 'copied', dryRun: true, referrersCopied: 0 });
    expect([lists(), target.exists('mirror/app')]).toEqual([0, false]);
  });

  test('when a fixed tag moved', async () => {
    pushReferrers(SIGNATURE);
    target.push('mirror/app', 'latest', singleImage());
    expect(await run({ kind: 'fixed' })).toMatchObject({ outcome: 'tag-moved', referrersCopied: 0 });
    expect(lists()).toBe(0);
  });
});

test('nothing that refers to an image is a result without warnings', async () => {
  const result = await run();
  expect(result).toMatchObject({ outcome: 'copied', referrersCopied: 0 });
  expect(result.warnings).toBeUndefined();
});

test('without a referrer the manifest is put once, under its tag', async () => {
  await run();
  expect(puts()).not.toContain(IMAGE.digest);
});
