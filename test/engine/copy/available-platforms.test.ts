/** Mirroring those of the selected platforms that upstream has. */
import { PLATFORMS_ANNOTATION, SOURCE_DIGEST_ANNOTATION } from '../../../src/engine/copy/platforms';
import type { MirrorResult } from '../../../src/engine/result';
import { Fault } from '../../support/fault';
import { FixtureImage, indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { mirrorOne, platform, RequestOptions } from '../../support/mirror-request';
import { withRegistries } from '../../support/with-servers';

const WANTED = ['linux/amd64', 'linux/arm64'];
/** Several images upstream, by the platforms that they have. */
const IMAGES = {
  more: multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64', 'linux/s390x'], attestations: true }),
  exactly: multiPlatformImage({ platforms: ['linux/arm64', 'linux/amd64'], attestations: true }),
  fewer: multiPlatformImage({ platforms: ['linux/amd64', 'linux/s390x'] }),
  none: multiPlatformImage({ platforms: ['windows/amd64', 'linux/s390x'] }),
};

const { upstream, target } = withRegistries();

function run(image: FixtureImage, options: RequestOptions = {}): Promise<MirrorResult> {
  upstream.push('app', 'latest', image);
  return mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, { platforms: WANTED, platformsIfAvailable: true, ...options });
}

interface Held {
  readonly manifests: readonly { readonly platform: { readonly architecture: string } }[];
  readonly annotations: Record<string, string>;
}

const held = (): Held => JSON.parse(target.repository('mirror/app').find('latest')!.bytes.toString());

test('the platforms that upstream has are mirrored, and the others are not missed', async () => {
  expect(await run(IMAGES.fewer)).toMatchObject({ outcome: 'copied', sourceDigest: IMAGES.fewer.digest });
  expect(held().manifests.map((entry) => entry.platform.architecture)).toEqual(['amd64']);
  expect(held().annotations).toEqual({ [SOURCE_DIGEST_ANNOTATION]: IMAGES.fewer.digest, [PLATFORMS_ANNOTATION]: 'linux/amd64,linux/arm64?' });
});

test('if upstream has none of the platforms, the run fails and lists what upstream has', async () => {
  expect(await run(IMAGES.none)).toMatchObject({
    outcome: 'failed', reason: 'not-found', message: expect.stringMatching(/has no image for linux\/amd64, linux\/arm64; it has windows\/amd64, linux\/s390x$/),
  });
  expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
});

test('an image that has no other platforms keeps its digest, its attestations, and its referrers', async () => {
  expect(await run(IMAGES.exactly)).toMatchObject({ outcome: 'copied', targetDigest: IMAGES.exactly.digest });
  expect(target.holds('mirror/app', IMAGES.exactly)).toBe(true);
});

test('an image that is not an index is copied unchanged, whatever its platform is', async () => {
  const image = singleImage({ platform: 'linux/s390x' });
  expect(await run(image)).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
});

test('where upstream has all platforms, the index is the same as with a list of required platforms', async () => {
  const { targetDigest } = await run(IMAGES.more);
  expect(await run(IMAGES.more, { platformsIfAvailable: false })).toMatchObject({ outcome: 'unchanged', targetDigest });
  target.repository('mirror/app').tags.clear();
  expect(await run(IMAGES.more, { platformsIfAvailable: false })).toMatchObject({ outcome: 'copied', targetDigest });
});

describe('a second run', () => {
  test.each(['more', 'exactly', 'fewer'] as const)('finds the image unchanged with one request to each registry, where upstream has %s platforms', async (name) => {
    const { targetDigest } = await run(IMAGES[name], { referrers: false });
    upstream.resetRequests();
    target.resetRequests();
    expect(await run(IMAGES[name], { referrers: false })).toMatchObject({ outcome: 'unchanged', targetDigest, requests: { source: 1, target: 1 }, countedPulls: 0 });
  });

  test('finds an unchanged image that lost its attestations because the target refused them', async () => {
    for (const { digest } of IMAGES.exactly.manifests.slice(-2)) {
      target.fail({ match: { method: 'PUT', path: `/manifests/${digest}` }, action: Fault.status(405), times: 1000 });
    }
    expect(await run(IMAGES.exactly)).toMatchObject({ outcome: 'copied', warnings: [expect.stringContaining('refuses an attestation')] });
    expect(await run(IMAGES.exactly)).toMatchObject({ outcome: 'unchanged' });
    expect(await run(IMAGES.exactly, { kind: 'fixed' })).toMatchObject({ outcome: 'unchanged' });
  });

  test('copies a platform that upstream has added', async () => {
    await run(IMAGES.fewer);
    expect(await run(IMAGES.more)).toMatchObject({ outcome: 'copied', sourceDigest: IMAGES.more.digest });
    expect(held().annotations[PLATFORMS_ANNOTATION]).toBe('linux/amd64,linux/arm64');
  });

  test('that requires all platforms does not accept an index that lacks one of them', async () => {
    await run(IMAGES.fewer);
    expect(await run(IMAGES.fewer, { platformsIfAvailable: false })).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });

  test('leaves an image alone that the mirror has with all platforms', async () => {
    await run(IMAGES.fewer, { platforms: undefined });
    expect(await run(IMAGES.fewer, { kind: 'fixed' })).toMatchObject({ outcome: 'unchanged', targetDigest: IMAGES.fewer.digest });
  });

  test('treats a fixed tag with another selection as moved', async () => {
    await run(IMAGES.fewer, { kind: 'fixed', platforms: ['linux/s390x', 'linux/arm'] });
    expect(await run(IMAGES.fewer, { kind: 'fixed' })).toMatchObject({
      outcome: 'tag-moved', message: expect.stringContaining('has other platforms (linux/s390x) than configured'),
    });
  });
});

test('a platform tag for a platform that upstream lacks fails', async () => {
  expect(await run(IMAGES.fewer, { platformTags: [platform('linux/arm64')] })).toMatchObject({ outcome: 'failed', reason: 'not-found' });
});

test('an upstream index with the annotations of this engine gets its own', async () => {
  const imitation = indexOf([singleImage({ platform: 'linux/amd64' })], {
    annotations: { [SOURCE_DIGEST_ANNOTATION]: `sha256:${'a'.repeat(64)}`, [PLATFORMS_ANNOTATION]: 'linux/amd64,linux/arm64' },
  });
  expect(await run(imitation)).toMatchObject({ outcome: 'copied', sourceDigest: imitation.digest });
  expect(held().annotations).toEqual({ [SOURCE_DIGEST_ANNOTATION]: imitation.digest, [PLATFORMS_ANNOTATION]: 'linux/amd64,linux/arm64?' });
  expect(await run(imitation)).toMatchObject({ outcome: 'unchanged' });
});
