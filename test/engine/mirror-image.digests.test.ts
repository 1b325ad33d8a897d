/** A registry that names one image and gives another. What is pinned is what is mirrored, or nothing is. */
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { mirror } from '../support/mirroring';
import { withRegistries } from '../support/with-servers';

const GOOD = multiPlatformImage({ seed: 'good' });
const OTHER = singleImage({ seed: 'other' });
const ALWAYS = 1000;
const HEAD_OF_MANIFEST = { method: 'HEAD', path: '/manifests/' };

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', GOOD);
  upstream.push('app', 'other', OTHER);
});

function run(reference: string) {
  return mirror(`${upstream.host}/app${reference}`, `${target.host}/mirror/app:1.0.0`);
}

/** Nothing of the image that was not asked for has come to the target. */
function nothingOfTheOther(): void {
  expect(target.repository('mirror/app').manifests.has(OTHER.digest)).toBe(false);
  for (const { digest } of OTHER.blobs) expect(target.repository('mirror/app').blobs.has(digest)).toBe(false);
}

describe.each([
  ['a digest alone', `@${GOOD.digest}`],
  ['a tag with a digest', `:1.0.0@${GOOD.digest}`],
])('an image that is pinned by %s', (_, reference) => {
  test('fails as digest-mismatch where HEAD names another image', async () => {
    upstream.fail({ match: HEAD_OF_MANIFEST, action: Fault.headers({ 'docker-content-digest': OTHER.digest }), times: ALWAYS });
    expect(await run(reference)).toMatchObject({ outcome: 'failed', reason: 'digest-mismatch', message: expect.stringContaining(OTHER.digest) });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
    nothingOfTheOther();
  });

  test('is copied where HEAD names another image only once', async () => {
    upstream.fail({ match: HEAD_OF_MANIFEST, action: Fault.headers({ 'docker-content-digest': OTHER.digest }) });
    expect(await run(reference)).toMatchObject({ outcome: 'copied', sourceDigest: GOOD.digest, targetDigest: GOOD.digest });
    nothingOfTheOther();
  });

  test.each([
    ['tells no digest', Fault.headers({ 'docker-content-digest': undefined })],
    ['is not known', Fault.status(405)],
  ])('is copied where HEAD %s', async (_name, action) => {
    upstream.fail({ match: HEAD_OF_MANIFEST, action, times: ALWAYS });
    expect(await run(reference)).toMatchObject({ outcome: 'copied', sourceDigest: GOOD.digest, targetDigest: GOOD.digest });
  });

  test.each([
    ['tells no digest', Fault.headers({ 'docker-content-digest': undefined })],
    ['is not known', Fault.status(405)],
  ])('fails as digest-mismatch where HEAD %s and GET gives another image', async (_name, action) => {
    upstream.fail({ match: HEAD_OF_MANIFEST, action, times: ALWAYS });
    upstream.repository('app').manifests.set(GOOD.digest, OTHER);
    expect(await run(reference)).toMatchObject({ outcome: 'failed', reason: 'digest-mismatch' });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
    nothingOfTheOther();
  });
});

test('a manifest that HEAD named and GET does not have is a digest-mismatch, not a missing image', async () => {
  upstream.fail({ match: { method: 'GET', path: GOOD.digest }, action: Fault.status(404), times: ALWAYS });
  expect(await run(':1.0.0')).toMatchObject({
    outcome: 'failed', reason: 'digest-mismatch', message: `${upstream.host}: it returned the digest ${GOOD.digest} in app, and has no such manifest`,
  });
  expect(target.count({ method: /PUT|POST/ })).toBe(0);
});

test('a target that tells another digest of a child than was asked for is a digest-mismatch', async () => {
  const [child] = GOOD.manifests;
  target.push('mirror/app', undefined, OTHER);
  target.push('mirror/app', undefined, GOOD);
  target.fail({ match: { method: 'HEAD', path: child.digest }, action: Fault.headers({ 'docker-content-digest': OTHER.digest }), times: ALWAYS });
  expect(await run(':1.0.0')).toMatchObject({ outcome: 'failed', reason: 'digest-mismatch', message: expect.stringContaining(target.host) });
  expect(target.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
});
