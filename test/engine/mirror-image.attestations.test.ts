/** Attestations in an index, which a target may refuse. */
import { Fault } from '../support/fault';
import { artifact, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { platform } from '../support/mirror-request';
import { MirroringOptions } from '../support/mirroring';
import { UpstreamAndEcr } from '../support/upstream-and-ecr';

const IMAGE = multiPlatformImage({ attestations: 'artifacts' });
const [AMD64, ARM64, ...ATTESTATIONS] = IMAGE.manifests.slice(0, -1);
const SOURCE_DIGEST = 'io.github.cdk-ecr-mirror.source-digest';

let both: UpstreamAndEcr;
let upstream: LocalRegistry;
let ecr: LocalEcr;

beforeEach(() => start());

afterEach(async () => {
  expect(both.errors).toEqual([]);
  await both.close();
});

async function start(image: FixtureImage = IMAGE, strict = true): Promise<void> {
  await both?.close();
  both = await new UpstreamAndEcr({ strict }).start(image);
  ({ upstream, ecr } = both);
}

const run = (options: MirroringOptions = {}, repository = 'mirror/app') => both.run(repository, options);

interface Index {
  readonly manifests: { readonly digest: string; readonly size: number; readonly mediaType: string }[];
  readonly annotations: Record<string, string>;
}

function held(reference = '1.0.0', repository = 'mirror/app'): Index {
  return JSON.parse(ecr.repository(repository).find(reference)!.bytes.toString());
}

function refuse(digest: string, status: number): () => number {
  return ecr.fail({ match: { method: 'PUT', path: digest }, action: Fault.status(status), times: 1000 });
}

describe('an image with attestations that Amazon ECR refuses', () => {
  test('is copied without them, as a new index, with both digests and a warning', async () => {
    const result = await run();
    expect(result).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest, warnings: [expect.stringContaining('the mirror refuses an attestation')] });
    expect(result.targetDigest).not.toBe(IMAGE.digest);
    expect(result.warnings![0]).toContain(`without its 2 attestations, and its digest is ${result.targetDigest} instead of ${IMAGE.digest}`);
    expect(ecr.tagDigest('mirror/app', '1.0.0')).toBe(result.targetDigest);
    expect(ATTESTATIONS.filter(({ digest }) => ecr.repository('mirror/app').manifests.has(digest))).toEqual([]);
  });

  test('keeps its other entries with their content and order, and the source digest in an annotation', async () => {
    await run();
    const source: Index = JSON.parse(IMAGE.bytes.toString());
    expect(held().manifests).toEqual(source.manifests.filter(({ digest }) => [AMD64.digest, ARM64.digest].includes(digest)));
    expect(held().annotations).toEqual({ [SOURCE_DIGEST]: IMAGE.digest, 'io.github.cdk-ecr-mirror.attestations': 'left-out' });
  });

  test.each(['fixed', 'floating'] as const)('is unchanged in the next run with one request on each side, as a %s tag', async (kind) => {
    const { targetDigest } = await run({ kind }, 'mirror/fixed');
    upstream.resetRequests();
    ecr.resetRequests();
    const second = await run({ kind }, 'mirror/fixed');
    expect(second).toMatchObject({ outcome: 'unchanged', sourceDigest: IMAGE.digest, targetDigest, countedPulls: 0, requests: { source: 1 } });
    // Over plain HTTP, the challenge of Amazon ECR comes first.
    expect(ecr.requests.map(({ method, status }) => [method, status])).toEqual([['GET', 401], ['GET', 200]]);
    expect(second.warnings).toBeUndefined();
  });

  test('that moved upstream is a moved tag, with the digests of upstream', async () => {
    await run({}, 'mirror/fixed');
    upstream.push('app', '1.0.0', singleImage({ seed: 'moved' }));
    const message = `from ${IMAGE.digest.slice(7, 19)} to ${singleImage({ seed: 'moved' }).digest.slice(7, 19)}`;
    expect(await run({}, 'mirror/fixed')).toMatchObject({ outcome: 'tag-moved', message: expect.stringContaining(message) });
  });

  test('that moved upstream is kept beside the first under SUFFIX, and a second time is a no-op', async () => {
    await run({}, 'mirror/fixed');
    upstream.push('app', '1.0.0', multiPlatformImage({ seed: 'moved', attestations: 'artifacts' }));
    const first = await run({ onTagMoved: 'SUFFIX' }, 'mirror/fixed');
    expect(ecr.tagDigest('mirror/fixed', first.suffixedTag!)).toBeDefined();
    ecr.resetRequests();
    expect(await run({ onTagMoved: 'SUFFIX' }, 'mirror/fixed')).toMatchObject({ outcome: 'tag-moved', suffixedTag: first.suffixedTag });
    expect(ecr.count({ method: /PUT|POST/ })).toBe(0);
  });

  test('is copied whole to a registry that takes them', async () => {
    await start(IMAGE, false);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(ecr.holds('mirror/app', IMAGE)).toBe(true);
  });
});

describe('the new index is the same', () => {
  test('whichever attestation is refused, and when attestations are dropped without asking', async () => {
    await start(IMAGE, false);
    const digests: (string | undefined)[] = [];
    for (const [index, refused] of [[ATTESTATIONS[0]], [ATTESTATIONS[1]], ATTESTATIONS].entries()) {
      ecr.faults.clear();
      ecr.repository('mirror/app').manifests.clear();
      ecr.repository('mirror/app').tags.clear();
      for (const { digest } of refused) refuse(digest, 405);
      digests.push((await run()).targetDigest);
      expect(digests).toHaveLength(index + 1);
    }
    ecr.faults.clear();
    digests.push((await run({ attestations: 'DROP' }, 'mirror/mixed')).targetDigest);
    expect(new Set(digests).size).toBe(1);
    expect(digests[0]).not.toBe(IMAGE.digest);
  });

  test('in the next run, after one that was interrupted before the tag', async () => {
    const put = ecr.fail({ match: { method: 'PUT', path: '/manifests/1.0.0' }, action: Fault.status(400) });
    expect(await run()).toMatchObject({ outcome: 'failed' });
    expect([put(), ecr.tagDigest('mirror/app', '1.0.0')]).toEqual([1, undefined]);
    const { targetDigest } = await run();
    expect((await run({}, 'mirror/fixed')).targetDigest).toBe(targetDigest);
  });
});

describe('a refusal', () => {
  beforeEach(() => start(multiPlatformImage({ attestations: true }), false));

  test.each([400, 404, 405, 415, 501])('with HTTP %d of an attestation in an index is none of the image', async (status) => {
    const [, , attestation] = multiPlatformImage({ attestations: true }).manifests;
    expect(refuse(attestation.digest, status)()).toBe(0);
    expect(await run()).toMatchObject({ outcome: 'copied', warnings: [expect.stringContaining(`HTTP ${status}`)] });
    expect(held().manifests.map(({ digest }) => digest)).not.toContain(attestation.digest);
  });

  test.each([401, 403, 429, 500, 503])('with HTTP %d, which is not about the attestation, fails the image', async (status) => {
    const [, , attestation] = multiPlatformImage({ attestations: true }).manifests;
    refuse(attestation.digest, status);
    expect(await run()).toMatchObject({ outcome: 'failed' });
    expect(ecr.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
  });

  test.each([400, 404, 405])('with HTTP %d of the image of a platform fails the image', async (status) => {
    const [amd64] = multiPlatformImage({ attestations: true }).manifests;
    refuse(amd64.digest, status);
    expect(await run()).toMatchObject({ outcome: 'failed', message: expect.stringContaining(amd64.digest) });
    expect(ecr.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
  });
});

describe('an artifact in an index', () => {
  const single = singleImage();

  test('with a subject is an attestation, also without the annotations of BuildKit', async () => {
    await start(indexOf([single, artifact({ subject: single })]));
    expect(await run()).toMatchObject({ outcome: 'copied', warnings: [expect.stringContaining('without its attestation')] });
    expect(held().manifests.map(({ digest }) => digest)).toEqual([single.digest]);
  });

  test('without a subject is part of the image, and its refusal fails the image', async () => {
    const other = artifact({ artifactType: 'application/vnd.example;v=1' });
    await start(indexOf([single, other]));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
  });

  test('that is all that the index has is not left out', async () => {
    await start(indexOf([artifact({ subject: single })]));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining('HTTP 405') });
    await start(indexOf([artifact({ subject: single })]), false);
    expect(await run({ attestations: 'DROP' })).toMatchObject({ outcome: 'copied', targetDigest: indexOf([artifact({ subject: single })]).digest });
  });
});

test('an index in an index is made anew without its attestations, and the other entries stay', async () => {
  const nested = indexOf([IMAGE, singleImage({ seed: 'beside' })]);
  await start(nested);
  const { targetDigest } = await run();
  const [inner, beside] = held().manifests;
  expect(beside.digest).toBe(singleImage({ seed: 'beside' }).digest);
  expect(inner.digest).not.toBe(IMAGE.digest);
  expect(held(inner.digest).manifests.map(({ digest }) => digest)).toEqual([AMD64.digest, ARM64.digest]);
  expect(await run()).toMatchObject({ outcome: 'unchanged', sourceDigest: nested.digest, targetDigest });
});

describe('with a selection of platforms', () => {
  const platforms = [platform('linux/arm64')];

  test('the new index has both annotations, and is unchanged in the next run', async () => {
    const { targetDigest, ...first } = await run({ platforms });
    expect(first).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest, warnings: [expect.any(String)] });
    expect(held().manifests.map(({ digest }) => digest)).toEqual([ARM64.digest]);
    expect(held().annotations).toMatchObject({ [SOURCE_DIGEST]: IMAGE.digest, 'io.github.cdk-ecr-mirror.platforms': 'linux/arm64' });
    expect(await run({ platforms })).toMatchObject({ outcome: 'unchanged', targetDigest });
  });

  test('another selection is another index, without and with a selection', async () => {
    await run({ platforms, kind: 'floating' });
    expect(await run({ kind: 'floating' })).toMatchObject({ outcome: 'copied' });
    expect(await run({ platforms, kind: 'floating' })).toMatchObject({ outcome: 'copied' });
  });
});

describe('the policy', () => {
  test('DROP leaves them out without asking the mirror', async () => {
    await start(IMAGE, false);
    const result = await run({ attestations: 'DROP' });
    expect(result).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest });
    expect([result.warnings, ecr.count({ path: ATTESTATIONS[0].digest })]).toEqual([undefined, 0]);
    expect(held().manifests.map(({ digest }) => digest)).toEqual([AMD64.digest, ARM64.digest]);
    expect(await run({ attestations: 'DROP' })).toMatchObject({ outcome: 'unchanged', targetDigest: result.targetDigest });
  });

  test('DROP copies an image without attestations unchanged', async () => {
    await start(singleImage());
    expect(await run({ attestations: 'DROP' })).toMatchObject({ outcome: 'copied', targetDigest: singleImage().digest });
  });

  test('DROP leaves an image that the mirror has with its attestations', async () => {
    ecr.push('mirror/app', '1.0.0', IMAGE);
    expect(await run({ attestations: 'DROP' })).toMatchObject({ outcome: 'unchanged', targetDigest: IMAGE.digest });
  });

  test('KEEP fails with the remedy, and no tag moves', async () => {
    const { message, ...result } = await run({ attestations: 'KEEP' });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
    expect(message).toContain('HTTP 405, UNSUPPORTED');
    expect(message).toContain('set attestations to "keep if accepted"');
    expect(ecr.tagDigest('mirror/app', '1.0.0')).toBeUndefined();
  });

  test('KEEP says why a fixed tag without attestations is not what it must be, and keeps it', async () => {
    const { targetDigest } = await run({}, 'mirror/fixed');
    const result = await run({ attestations: 'KEEP' }, 'mirror/fixed');
    expect(result).toMatchObject({ outcome: 'tag-moved', targetDigest, message: expect.stringContaining('has the image without its attestations') });
  });

  test('KEEP fails for a floating tag without attestations, which stays', async () => {
    await run({ kind: 'floating' });
    expect(await run({ kind: 'floating', attestations: 'KEEP' })).toMatchObject({ outcome: 'failed' });
    expect(ecr.tagDigest('mirror/app', '1.0.0')).not.toBe(IMAGE.digest);
  });
});

describe('a pinned digest', () => {
  test.each([['KEEP_IF_ACCEPTED', 'unsupported-manifest'], ['DROP', 'invalid-configuration']] as const)('fails with the remedy under %s, and no tag moves', async (attestations, reason) => {
    const { message, ...result } = await run({ attestations, expectedDigest: IMAGE.digest });
    expect(result).toMatchObject({ outcome: 'failed', reason });
    expect(message).toMatch(/pinned.*remove the digest/);
    expect([...ecr.repository('mirror/app').tags.keys()]).toEqual([]);
  });

  test('is met by an image whose attestations the mirror takes', async () => {
    await start(IMAGE, false);
    expect(await run({ expectedDigest: IMAGE.digest })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  });

  test('is not met by an index that an earlier run made without attestations', async () => {
    await run({ kind: 'floating' });
    expect(await run({ kind: 'floating', expectedDigest: IMAGE.digest })).toMatchObject({ outcome: 'failed', message: expect.stringContaining('the digest is pinned') });
    await run({}, 'mirror/fixed');
    expect(await run({ expectedDigest: IMAGE.digest }, 'mirror/fixed')).toMatchObject({ outcome: 'tag-moved', message: expect.stringContaining('but its digest is pinned') });
  });
});

describe('platform tags', () => {
  test('come with an image without attestations, and stay in the next run', async () => {
    const platformTags = [platform('linux/arm64')];
    expect(await run({ platformTags }, 'mirror/fixed')).toMatchObject({ outcome: 'copied', platformTags: ['1.0.0-linux-arm64'] });
    expect(ecr.tagDigest('mirror/fixed', '1.0.0-linux-arm64')).toBe(ARM64.digest);
    expect(await run({ platformTags }, 'mirror/fixed')).toMatchObject({ outcome: 'unchanged', platformTags: ['1.0.0-linux-arm64'] });
  });
});

describe('referrers', () => {
  const attestations = multiPlatformImage({ attestations: true });
  const [amd64, , attestation] = attestations.manifests;

  beforeEach(async () => {
    await start(attestations, false);
    refuse(attestation.digest, 405);
  });

  test('of the full index and of an attestation stay behind with a warning, those of a platform come', async () => {
    const [ofIndex, ofAttestation, ofPlatform] = [attestations, attestation, amd64].map((subject, index) => artifact({ seed: `${index}`, subject }));
    for (const referrer of [ofIndex, ofAttestation, ofPlatform]) upstream.push('app', undefined, referrer);
    const { warnings, ...result } = await run({ referrers: true });
    expect(result).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
    expect(warnings).toEqual([expect.stringContaining('refuses an attestation'), expect.stringMatching(/^2 referrers are not copied, because they refer to the full index/)]);
    expect([ofIndex, ofAttestation, ofPlatform].map((referrer) => ecr.holds('mirror/app', referrer))).toEqual([false, false, true]);
  });
});
