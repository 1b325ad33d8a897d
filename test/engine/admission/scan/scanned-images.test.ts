/** The images of an index that the scan check judges, against the local Amazon ECR. */
import { artifact, FixtureImage, fixtureOf, indexOf, multiPlatformImage, singleImage } from '../../../support/fixture-images';
import { ScannedQuarantine } from '../../../support/scanned-quarantine';

const CRITICAL = { id: 'CVE-2024-3094', severity: 'CRITICAL' };

let quarantine: ScannedQuarantine;

beforeEach(async () => {
  quarantine = await new ScannedQuarantine().start();
});

afterEach(async () => {
  await quarantine.close();
  expect(quarantine.ecr.errors).toEqual([]);
});

/** An image that an index lists with another platform than its own, or without any. */
function listed(image: FixtureImage, platform?: string): FixtureImage {
  return { ...image, platform };
}

test('every platform is judged, and the message names the one with findings', async () => {
  const arm = singleImage({ platform: 'linux/arm64' });
  const image = quarantine.push(indexOf([singleImage({ platform: 'linux/amd64' }), arm]));
  quarantine.ecr.scans.setFindings(arm.digest, [CRITICAL]);
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-findings', message: expect.stringContaining('vulnerabilities in linux/arm64 (1 CRITICAL), and') });
  expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 2 });
});

test('a vulnerability of several platforms counts once', async () => {
  const platforms = [singleImage({ platform: 'linux/amd64' }), singleImage({ platform: 'linux/arm64' })];
  const image = quarantine.push(indexOf(platforms));
  for (const { digest } of platforms) quarantine.ecr.scans.setFindings(digest, [CRITICAL]);
  const { message } = Object(await quarantine.check(image));
  expect(message).toContain('found vulnerabilities in linux/amd64, linux/arm64 (1 CRITICAL)');
});

test('nested indexes are judged', async () => {
  const inner = singleImage({ platform: 'linux/s390x' });
  const image = quarantine.push(indexOf([singleImage(), indexOf([indexOf([indexOf([indexOf([inner])])])])]));
  quarantine.ecr.scans.setFindings(inner.digest, [CRITICAL]);
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-findings', message: expect.stringContaining('in linux/s390x') });
});

test.each([true, 'artifacts'] as const)('attestations are left out, because their scans fail (%s)', async (attestations) => {
  const image = quarantine.push(multiPlatformImage({ attestations }));
  expect(await quarantine.check(image)).toEqual({ passed: true, note: 'scan of 2 images by Amazon ECR: no vulnerabilities' });
});

test.each([undefined, 'unknown/any'])('a runnable image is judged when its index says that it has no platform (%s)', async (platform) => {
  const hidden = singleImage({ seed: 'hidden' });
  const image = quarantine.push(indexOf([singleImage(), listed(hidden, platform)]));
  quarantine.ecr.scans.setFindings(hidden.digest, [CRITICAL]);
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-findings' });
});

test('an image that is listed as an artifact first, and with a platform later, is judged', async () => {
  const plain = artifact({ seed: 'chart' });
  const image = quarantine.push(indexOf([singleImage(), plain, listed(plain, 'linux/amd64')]));
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-unsupported' });
});

test('an index without any image can not be scanned', async () => {
  const image = quarantine.push(indexOf([artifact({ seed: 'chart' })]));
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-unsupported', message: expect.stringContaining('no image that Amazon ECR can scan') });
});

test('a single artifact is not clean because there is nothing to scan', async () => {
  expect(await quarantine.check(quarantine.push(artifact({ seed: 'chart' })))).toMatchObject({ heldBy: 'scan-unsupported' });
});

test('findings of one platform hold the image although the scan of another is not complete', async () => {
  const [amd, arm] = [singleImage({ platform: 'linux/amd64' }), singleImage({ platform: 'linux/arm64' })];
  const image = quarantine.push(indexOf([amd, arm]));
  quarantine.ecr.scans.setStatus(arm.digest, 'PENDING');
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-pending', message: expect.stringMatching(/^linux\/arm64: /) });
  quarantine.ecr.scans.setFindings(amd.digest, [CRITICAL]);
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-findings' });
});

test('while one scan is awaited, complete scans are not read again', async () => {
  const [amd, arm] = [singleImage({ platform: 'linux/amd64' }), singleImage({ platform: 'linux/arm64' })];
  const image = quarantine.push(indexOf([amd, arm]));
  quarantine.ecr.scans.setStatus(arm.digest, 'PENDING');
  const { api } = quarantine;
  const described: (string | undefined)[] = [];
  const describeFindings: typeof api.describeFindings = (input, signal) => {
    described.push(input.imageId?.imageDigest);
    if (described.length === 4) quarantine.ecr.scans.setStatus(arm.digest, 'UNSUPPORTED_IMAGE');
    return api.describeFindings(input, signal);
  };
  const wait = { longest: 60_000, firstPause: 1, maxPause: 1 };
  expect(await quarantine.check(image, { wait, api: { ...api, describeFindings } })).toMatchObject({ heldBy: 'scan-unsupported' });
  expect(described).toEqual([amd.digest, arm.digest, arm.digest, arm.digest]);
});

test('an image that is not in quarantine is pending in a dry run, and an error in a run', async () => {
  const image = singleImage({ seed: 'elsewhere' });
  expect(await quarantine.check(image, { dryRun: true })).toMatchObject({ heldBy: 'scan-pending' });
  await expect(quarantine.check(image)).rejects.toMatchObject({ reason: 'not-found' });
});

test('an entry with layers of an unknown kind beside a file system is judged', async () => {
  const base = singleImage({ seed: 'mixed' });
  const content = JSON.parse(base.bytes.toString());
  const [layer] = content.layers;
  const mixed = fixtureOf({ ...content, layers: [{ ...layer, mediaType: 'application/vnd.in-toto+json' }, layer] }, [], base.blobs);
  const image = quarantine.push(indexOf([singleImage(), mixed]));
  quarantine.ecr.scans.setFindings(mixed.digest, [CRITICAL]);
  expect(await quarantine.check(image)).toMatchObject({ heldBy: 'scan-findings' });
});
