/** What Amazon ECR refuses while an image is pushed to it: over its rate, out of time, or for good. */
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import { DEFAULT_RETRY } from '../../src/engine/registry/retry';
import { Fault, RequestMatch } from '../support/fault';
import { artifact, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalEcr, LocalEcrOptions } from '../support/local-ecr';
import { requestOf, withTools } from '../support/mirror-request';
import { MirroringOptions, QUICK_RETRY } from '../support/mirroring';
import { OTHER, UpstreamAndEcr } from '../support/upstream-and-ecr';

const ALWAYS = 1000;
const TAG: RequestMatch = { method: 'PUT', path: '/manifests/1.0.0' };
const SINGLE = singleImage();
const INDEX = multiPlatformImage();

let both: UpstreamAndEcr;
let ecr: LocalEcr;

/** Begins with an image upstream, and another one that the mirror's tag names. */
async function start(image: FixtureImage, options: LocalEcrOptions = {}): Promise<void> {
  both = await new UpstreamAndEcr(options).start(image);
  ecr = both.ecr;
  ecr.push('mirror/app', '1.0.0', OTHER);
}

afterEach(async () => {
  expect(both.errors).toEqual([]);
  await both.close();
});

const run = (options: MirroringOptions = {}) => both.run('mirror/app', { kind: 'floating', ...options });
const tagDigest = () => ecr.tagDigest('mirror/app', '1.0.0');

describe('PutImage over its rate', () => {
  const throttled = Fault.status(429, { 'content-type': 'application/json' }, JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'Rate exceeded' }] }));
  const puts: [string, RequestMatch][] = [['a child manifest', { method: 'PUT', path: '/manifests/sha256' }], ['the tag', TAG]];

  test.each(puts)('is waited out for longer than other failures, when %s is put', async (_, match) => {
    await start(INDEX);
    const hits = ecr.fail({ match, action: throttled, times: QUICK_RETRY.attempts * 2 });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: INDEX.digest });
    expect([hits(), ecr.holds('mirror/app', INDEX)]).toEqual([QUICK_RETRY.attempts * 2, true]);
  });

  test.each(puts)('for good fails as rate-limited in its words and leaves the tag, when %s is put', async (_, match) => {
    await start(INDEX);
    const hits = ecr.fail({ match, action: throttled, times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'rate-limited', message: expect.stringContaining('TOOMANYREQUESTS: Rate exceeded') });
    expect(hits()).toBeGreaterThan(QUICK_RETRY.attempts * 2);
    expect(tagDigest()).toBe(OTHER.digest);
  });

  test('gives other failures no more tries than elsewhere', async () => {
    await start(SINGLE);
    const limited = ecr.fail({ match: TAG, action: throttled, times: QUICK_RETRY.attempts });
    const failed = ecr.fail({ match: TAG, action: Fault.status(503), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
    expect([limited(), failed()]).toEqual([QUICK_RETRY.attempts, QUICK_RETRY.attempts]);
  });

  test('ends with the time of the run', async () => {
    await start(SINGLE);
    ecr.fail({ match: TAG, action: throttled, times: ALWAYS });
    const result = await run({ retry: { ...DEFAULT_RETRY, firstPause: 60_000, maxPause: 60_000 }, deadline: Date.now() + 20_000 });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'rate-limited', message: expect.stringContaining('deadline') });
  });

  test('lets a fleet of images through, all of them', async () => {
    // The service's own quota and the engine's own pauses, in a time that runs ten times as fast and begins with the first refusal.
    const speed = 10;
    let begun: number | undefined;
    const now = () => begun === undefined ? 0 : (performance.now() - begun) * speed;
    await start(SINGLE, { putImagesPerSecond: 10, now });
    const platforms = Array.from({ length: 8 }, (_, index) => `linux/processor${index}`);
    const fleet = Array.from({ length: 12 }, (_, index) => multiPlatformImage({ seed: `image ${index}`, platforms, layers: 0 }));
    fleet.forEach((image, index) => both.upstream.push('app', `1.${index}.0`, image));
    const requests = fleet.map((_, index) => requestOf(`${both.upstream.host}/app:1.${index}.0`, `${ecr.host}/mirror/app:1.${index}.0`, { referrers: false }));
    const retry = { ...DEFAULT_RETRY, firstPause: DEFAULT_RETRY.firstPause / speed, maxPause: DEFAULT_RETRY.maxPause / speed };
    const line = (text: string) => { if (text.includes('Rate exceeded')) begun ??= performance.now(); };
    const results = await withTools(
      (tools) => mirrorAll(requests.map(planRequest), { ...tools, progress: { ...tools.progress, line } }, { onResult: (result) => result }),
      { credentials: both.credentials, retry },
    );
    expect(results.map(({ outcome, targetDigest }) => [outcome, targetDigest])).toEqual(fleet.map(({ digest }) => ['copied', digest]));
    expect(ecr.requests.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});

describe('an upload whose time is over', () => {
  const finish: RequestMatch = { method: 'PUT', path: '/blobs/uploads/' };

  test('is begun anew, and so are all others under way', async () => {
    await start(INDEX);
    ecr.fail({ match: finish, action: Fault.pass(), onHit: () => ecr.expireUploads() });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: INDEX.digest });
    const expired = ecr.requestsTo(finish).filter(({ status }) => status === 404).length;
    expect(expired).toBeGreaterThan(0);
    expect([ecr.count({ method: 'POST' }), ecr.openUploads]).toEqual([INDEX.blobs.length + expired, 0]);
    expect(ecr.holds('mirror/app', INDEX)).toBe(true);
  });

  test('each time fails in its words and leaves the tag', async () => {
    await start(SINGLE);
    ecr.fail({ match: finish, action: Fault.pass(), onHit: () => ecr.expireUploads(), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('BLOB_UPLOAD_UNKNOWN: The upload could not be found') });
    expect(tagDigest()).toBe(OTHER.digest);
  });
});

test('a layer without bytes, which it cannot take, fails with the cause and leaves the tag', async () => {
  await start(singleImage({ emptyLayer: true }));
  expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringMatching(/does not have any parts.*has 0 bytes, and registries such as Amazon ECR do not store empty blobs: build the image without/) });
  expect([tagDigest(), ecr.openUploads]).toEqual([OTHER.digest, 0]);
});

describe('contents that are gone when their manifest is put', () => {
  test('fail as layers in its words and leave the tag, and the next run brings them', async () => {
    await start(SINGLE);
    const [layer] = SINGLE.blobs;
    ecr.fail({ match: TAG, action: Fault.pass(), onHit: () => ecr.repository('mirror/app').blobs.delete(layer.digest) });
    expect(await run()).toMatchObject({ outcome: 'failed', message: expect.stringContaining(`Layers with digests '[${layer.digest}]' required for pushing image`) });
    expect(tagDigest()).toBe(OTHER.digest);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: SINGLE.digest, blobsCopied: 1, blobsSkipped: SINGLE.blobs.length - 1 });
  });

  test('fail as images in its words and leave the tag, and the next run brings them', async () => {
    await start(INDEX);
    const [child] = INDEX.manifests;
    ecr.fail({ match: TAG, action: Fault.pass(), onHit: () => ecr.repository('mirror/app').manifests.delete(child.digest) });
    expect(await run()).toMatchObject({ outcome: 'failed', message: expect.stringContaining(`Images with digests '[${child.digest}]' required for pushing image`) });
    expect(tagDigest()).toBe(OTHER.digest);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: INDEX.digest, blobsCopied: 0 });
  });
});

describe('an attestation of a kind that it does not take', () => {
  const attestation = 'application/vnd.docker.attestation.manifest.v1+json';
  const words = "HTTP 405, UNSUPPORTED: Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";

  test('within an index that must keep it fails as unsupported in its words and leaves the tag', async () => {
    await start(indexOf([SINGLE, artifact({ artifactType: attestation, subject: SINGLE })]), { refusedArtifactTypes: [attestation] });
    expect(await run({ attestations: 'KEEP' })).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringContaining(words) });
    expect(tagDigest()).toBe(OTHER.digest);
  });

  test.each([attestation, 'application/vnd.dev.sigstore.bundle+json;version=0.2'])('beside an image is a warning, and the image is there: %s', async (artifactType) => {
    await start(SINGLE, { refusedArtifactTypes: [attestation] });
    const refused = artifact({ seed: 'refused', artifactType, subject: SINGLE });
    const taken = artifact({ seed: 'taken', subject: SINGLE });
    both.upstream.push('app', undefined, refused);
    both.upstream.push('app', undefined, taken);
    const result = await run({ referrers: true });
    expect(result).toMatchObject({ outcome: 'copied', targetDigest: SINGLE.digest, referrersCopied: 1, warnings: [expect.stringContaining(words)] });
    expect([ecr.holds('mirror/app', taken), ecr.holds('mirror/app', refused)]).toEqual([true, false]);
  });
});
