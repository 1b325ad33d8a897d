/** The scan check with enhanced scanning, against the local Amazon ECR and its API. */
import { AwsApiError } from '../../../support/aws-json-api';
import { singleImage } from '../../../support/fixture-images';
import { QUARANTINE, ScannedQuarantine } from '../../../support/scanned-quarantine';

const IMAGE = singleImage();
const HOUR = 3_600_000;
const HIGH = { id: 'CVE-2024-1000', severity: 'HIGH' };
const PATIENT = { longest: 60_000, firstPause: 10, maxPause: 20 };

let quarantine: ScannedQuarantine;

beforeEach(async () => {
  quarantine = await new ScannedQuarantine().start();
});

afterEach(async () => {
  await quarantine.close();
  expect(quarantine.ecr.errors).toEqual([]);
});

/** Lets Amazon Inspector scan the quarantine repository, or only others. */
function enable(scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN' = 'CONTINUOUS_SCAN', filter = QUARANTINE): void {
  quarantine.ecr.scans.configuration = { scanType: 'ENHANCED', rules: [{ scanFrequency, filters: [filter] }] };
}

/** Pushes the image, and lets it be scanned some time ago. */
function pushed(ago = HOUR): void {
  quarantine.push(IMAGE);
  quarantine.ecr.scans.setScanned(QUARANTINE, IMAGE.digest, Date.now() - ago);
}

describe.each(['SCAN_ON_PUSH', 'CONTINUOUS_SCAN'] as const)('with %s', (frequency) => {
  beforeEach(() => enable(frequency));

  test('findings up to the maximum severity pass', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ ...HIGH, severity: 'MEDIUM' }, { id: 'CVE-2024-7', severity: 'UNTRIAGED' }]);
    pushed();
    expect(await quarantine.check(IMAGE)).toEqual({ passed: true, note: 'scan of 1 image by Amazon ECR: 1 MEDIUM, 1 UNTRIAGED' });
    expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 1 });
  });

  test('findings above the maximum severity hold the image', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [HIGH]);
    pushed();
    expect(await quarantine.check(IMAGE)).toMatchObject({
      heldBy: 'scan-findings', message: expect.stringContaining('CVE-2024-1000 (HIGH, openssl 3.0.11-1~deb12u2)'),
    });
  });

  test.each(['SUPPRESSED', 'CLOSED'])('findings that are %s do not hold the image', async (status) => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ ...HIGH, status }]);
    pushed();
    expect(await quarantine.check(IMAGE)).toMatchObject({ passed: true });
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ ...HIGH, status }, { ...HIGH, id: 'CVE-2024-2', status: 'ACTIVE' }]);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-findings' });
  });

  test('an exception is for the ID of the vulnerability', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [HIGH]);
    pushed();
    expect(await quarantine.check(IMAGE, { policy: { exceptions: [{ id: HIGH.id, expires: '2999-01-01' }] } })).toMatchObject({ passed: true });
    expect(await quarantine.check(IMAGE, { policy: { exceptions: [{ id: 'CVE-2024-1', expires: '2999-01-01' }] } })).toMatchObject({ passed: false });
  });

  test('all pages count', async () => {
    const mild = Array.from({ length: 1500 }, (_, index) => ({ id: `CVE-2023-${index}`, severity: 'LOW' }));
    quarantine.ecr.scans.setFindings(IMAGE.digest, [...mild, HIGH]);
    pushed();
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-findings' });
    expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 2 });
  });

  test('an image without vulnerabilities passes when the scan ended a while ago', async () => {
    pushed();
    expect(await quarantine.check(IMAGE)).toMatchObject({ passed: true });
  });

  test('an image that Amazon ECR calls scanned before it has the findings does not pass', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [HIGH]);
    quarantine.ecr.scans.times = { settling: 200 };
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending', message: expect.stringContaining('can still report findings') });
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ heldBy: 'scan-findings' });
  });

  test('a scan that is not known at first, and then pending, is awaited', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [HIGH]);
    quarantine.ecr.scans.times = { unknown: 150, scan: 150 };
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending' });
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ heldBy: 'scan-findings' });
  });
});

test('a scan on push that is older than 24 hours decides, because Amazon Inspector does not scan on request', async () => {
  enable('SCAN_ON_PUSH');
  pushed(25 * HOUR);
  expect(await quarantine.check(IMAGE)).toMatchObject({ passed: true });
  expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 1, StartImageScan: 1 });
});

test('a continuous scan is never started by the check', async () => {
  enable();
  quarantine.ecr.scans.times = { unknown: HOUR };
  quarantine.push(IMAGE);
  expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending' });
  expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 1, BatchGetRepositoryScanningConfiguration: 1 });
});

test('counts of severe findings that are not listed yet hold the image', async () => {
  enable();
  pushed();
  const api = (counts: Record<string, number>) => ({
    ...quarantine.api,
    describeFindings: async () => ({
      imageScanStatus: { status: 'ACTIVE' as const },
      imageScanFindings: { imageScanCompletedAt: new Date(Date.now() - HOUR), findingSeverityCounts: counts, enhancedFindings: [] },
    }),
  });
  expect(await quarantine.check(IMAGE, { api: api({ CRITICAL: 2 }) })).toMatchObject({ heldBy: 'scan-pending', message: expect.stringContaining('CRITICAL') });
  expect(await quarantine.check(IMAGE, { api: api({ CRITICAL: 0, LOW: 2 }) })).toMatchObject({ passed: true });
});

describe('a registry that does not scan the quarantine repository', () => {
  const remedy = 'add a rule for mirror-held to the scanning rules of the registry, for example with the RegistryScanning construct';

  beforeEach(() => {
    enable('CONTINUOUS_SCAN', 'production*');
    quarantine.push(IMAGE);
  });

  test('holds the image at once, and the message has the remedy', async () => {
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toEqual({
      passed: false,
      heldBy: 'not-scanned',
      message: `${IMAGE.digest.slice(0, 19)}: no scanning rule of the registry matches the repository mirror-held, so it is never scanned; ${remedy}`,
    });
  });

  test.each(['AccessDeniedException', 'ServerException'])('is only suspected after %s, and the message fits both', async (code) => {
    const status = code === 'ServerException' ? 500 : 400;
    quarantine.ecr.scans.refusals.set('BatchGetRepositoryScanningConfiguration', new AwsApiError(status, code, 'no'));
    expect(await quarantine.check(IMAGE)).toMatchObject({
      heldBy: 'scan-pending', message: expect.stringContaining(`it is not scanned yet; if it is never scanned, ${remedy}`),
    });
  });

  test('scans the image after a rule was added', async () => {
    enable();
    quarantine.push(IMAGE);
    quarantine.ecr.scans.setScanned(QUARANTINE, IMAGE.digest, Date.now() - HOUR);
    expect(await quarantine.check(IMAGE)).toMatchObject({ passed: true });
  });
});
