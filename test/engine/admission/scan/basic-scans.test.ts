/** The scan check with basic scanning, against the local Amazon ECR and its API. */
import { AwsApiError } from '../../../support/aws-json-api';
import { singleImage } from '../../../support/fixture-images';
import { QUARANTINE, ScannedQuarantine } from '../../../support/scanned-quarantine';

const IMAGE = singleImage();
const HOUR = 3_600_000;
const CRITICAL = { id: 'CVE-2024-3094', severity: 'CRITICAL', package: 'xz-utils' };
const HIGH = { id: 'CVE-2024-1000', severity: 'HIGH' };
const MEDIUM = { id: 'CVE-2024-2000', severity: 'MEDIUM' };
/** Long enough for any machine; a check ends as soon as the scan does. */
const PATIENT = { longest: 60_000, firstPause: 10, maxPause: 20 };

let quarantine: ScannedQuarantine;

beforeEach(async () => {
  quarantine = await new ScannedQuarantine().start();
});

afterEach(async () => {
  await quarantine.close();
  expect(quarantine.ecr.errors).toEqual([]);
});

describe('the findings of a complete scan', () => {
  beforeEach(() => {
    quarantine.push(IMAGE);
  });

  test('pass when there are none, with two requests and without a new scan', async () => {
    quarantine.ecr.resetRequests();
    expect(await quarantine.check(IMAGE)).toEqual({ passed: true, note: 'scan of 1 image by Amazon ECR: no vulnerabilities' });
    const gets = quarantine.ecr.requests.filter(({ path, status }) => path !== '/' && status !== 401).map(({ method }) => method);
    expect([gets, quarantine.calls]).toEqual([['GET'], { DescribeImageScanFindings: 1 }]);
  });

  test('pass up to the maximum severity, which the note counts', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [MEDIUM, { ...MEDIUM, id: 'CVE-2024-2001' }, { id: 'CVE-2024-3', severity: 'LOW' }]);
    expect(await quarantine.check(IMAGE)).toEqual({ passed: true, note: 'scan of 1 image by Amazon ECR: 2 MEDIUM, 1 LOW' });
  });

  test('hold the image above the maximum severity, with the worst first and the remedy', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [MEDIUM, HIGH, CRITICAL]);
    expect(await quarantine.check(IMAGE)).toEqual({
      passed: false,
      heldBy: 'scan-findings',
      message: 'Amazon ECR found vulnerabilities (1 CRITICAL, 1 HIGH), and the worst severity that may be served is MEDIUM: '
        + 'CVE-2024-3094 (CRITICAL, xz-utils 3.0.11-1~deb12u2), CVE-2024-1000 (HIGH, openssl 3.0.11-1~deb12u2); '
        + 'wait for an image without them, or add each ID to findingExceptions with a reason and a last day',
    });
  });

  test('list at most five vulnerabilities, each once', async () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ ...HIGH, id: `CVE-2024-${index}` }));
    quarantine.ecr.scans.setFindings(IMAGE.digest, [...many, { ...many[0], package: 'libssl3' }]);
    const verdict = await quarantine.check(IMAGE);
    expect(verdict).toMatchObject({ heldBy: 'scan-findings', message: expect.stringContaining('found vulnerabilities (9 HIGH)') });
    expect(Object(verdict).message).toContain('CVE-2024-4 (HIGH, openssl 3.0.11-1~deb12u2), and 4 more;');
    expect(Object(verdict).message).not.toContain('CVE-2024-5');
  });

  test('hold the image when only the last of three pages has a severe one', async () => {
    const mild = Array.from({ length: 2500 }, (_, index) => ({ ...MEDIUM, id: `CVE-2023-${index}` }));
    quarantine.ecr.scans.setFindings(IMAGE.digest, [...mild, CRITICAL]);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-findings', message: expect.stringContaining('CVE-2024-3094') });
    expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 3 });
  });

  test('hold the image when the severity is a word that is not known', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ ...HIGH, severity: 'CATASTROPHIC' }]);
    expect(await quarantine.check(IMAGE, { policy: { maximumSeverity: 'CRITICAL' } })).toMatchObject({ heldBy: 'scan-findings' });
  });

  test.each(['UNDEFINED', 'UNTRIAGED'])('pass when the severity is not rated yet (%s), and the note says so', async (severity) => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ ...HIGH, severity }]);
    expect(await quarantine.check(IMAGE)).toEqual({ passed: true, note: `scan of 1 image by Amazon ECR: 1 ${severity}` });
  });

  test('cannot forge lines of the log', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [{ id: `CVE-1\n${'x'.repeat(200)}`, severity: 'BAD\u001b[2J', package: 'a\nb' }]);
    const { message } = Object(await quarantine.check(IMAGE));
    expect(message).toContain('CVE-1\\u000a');
    // eslint-disable-next-line no-control-regex
    expect(message).not.toMatch(/[\u0000-\u001f]|x{60}/);
  });
});

describe('an exception', () => {
  beforeEach(() => {
    quarantine.push(IMAGE);
    quarantine.ecr.scans.setFindings(IMAGE.digest, [CRITICAL]);
  });

  const today = new Date().toISOString().slice(0, 10);

  test('lets its vulnerability pass, also on its last day', async () => {
    expect(await quarantine.check(IMAGE, { policy: { exceptions: [{ id: CRITICAL.id, expires: today }] } }))
      .toEqual({ passed: true, note: 'scan of 1 image by Amazon ECR: 1 CRITICAL, with exceptions for CVE-2024-3094' });
  });

  test('holds the image again after its last day, and the message says so', async () => {
    expect(await quarantine.check(IMAGE, { policy: { exceptions: [{ id: CRITICAL.id, expires: '2026-01-31' }] } }))
      .toMatchObject({ heldBy: 'scan-findings', message: expect.stringMatching(/; the exception for CVE-2024-3094 ended on 2026-01-31$/) });
  });

  test.each(['CVE-2024-309', 'CVE-2024-30944', 'cve-2024-3094', 'CVE-2024-*', ''])('is for its own ID only (%s)', async (id) => {
    expect(await quarantine.check(IMAGE, { policy: { exceptions: [{ id, expires: '2999-01-01' }] } })).toMatchObject({ heldBy: 'scan-findings' });
  });

  test('lets no other vulnerability pass', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [CRITICAL, HIGH]);
    const { message } = Object(await quarantine.check(IMAGE, { policy: { exceptions: [{ id: CRITICAL.id, expires: '2999-01-01' }] } }));
    expect(message).toContain('CVE-2024-1000');
    expect(message).not.toContain('CVE-2024-3094');
  });
});

describe('a scan that is not complete', () => {
  test('holds the image as pending', async () => {
    quarantine.ecr.scans.times = { scan: HOUR };
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE)).toEqual({
      passed: false, heldBy: 'scan-pending', message: `${IMAGE.digest.slice(0, 19)}: its scan is not complete; the next run checks it again`,
    });
  });

  test('is awaited, and its findings decide', async () => {
    quarantine.ecr.scans.times = { scan: 200 };
    quarantine.ecr.scans.setFindings(IMAGE.digest, [CRITICAL]);
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ heldBy: 'scan-findings' });
    expect(quarantine.lines).toEqual([`waiting for the scan of ${QUARANTINE}@${IMAGE.digest}`]);
  });

  test.each([
    ['in a dry run', { dryRun: true, wait: PATIENT }],
    ['in audit mode', { policy: { mode: 'AUDIT' as const }, wait: undefined }],
    ['when the run is about to end', { wait: PATIENT, retryContext: { deadline: Date.now() } }],
  ])('is not awaited %s', async (_when, options) => {
    quarantine.ecr.scans.times = { scan: HOUR };
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE, options)).toMatchObject({ heldBy: 'scan-pending' });
    expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 1 });
  });

  test('ends the wait when the run is interrupted', async () => {
    quarantine.ecr.scans.times = { scan: HOUR };
    quarantine.push(IMAGE);
    const controller = new AbortController();
    const verdict = quarantine.check(IMAGE, { wait: PATIENT, retryContext: { signal: controller.signal } });
    setTimeout(() => controller.abort(), 100);
    await expect(verdict).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('an image without a scan', () => {
  beforeEach(async () => {
    await quarantine.close();
    quarantine = await new ScannedQuarantine({ scanOnPush: false }).start();
    quarantine.push(IMAGE);
  });

  test('gets one, and its findings decide', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [HIGH]);
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ heldBy: 'scan-findings' });
    expect(quarantine.calls).toEqual({ BatchGetRepositoryScanningConfiguration: 1, StartImageScan: 1, DescribeImageScanFindings: 2 });
  });

  test('gets none in a dry run', async () => {
    expect(await quarantine.check(IMAGE, { dryRun: true })).toMatchObject({ heldBy: 'scan-pending', message: expect.stringContaining('a dry run starts no scan') });
    expect(quarantine.calls.StartImageScan).toBeUndefined();
  });

  test('is pending when Amazon ECR asks for fewer requests', async () => {
    quarantine.ecr.scans.refusals.set('StartImageScan', new AwsApiError(400, 'ThrottlingException', 'Rate exceeded'));
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending' });
    expect(quarantine.calls.StartImageScan).toBe(1);
  });

  test('is not scanned when the role may not start scans, and the message names the permission', async () => {
    quarantine.ecr.scans.refusals.set('StartImageScan', new AwsApiError(400, 'AccessDeniedException', 'not authorized to perform: ecr:StartImageScan'));
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'not-scanned', message: expect.stringContaining('allow ecr:StartImageScan') });
  });
});

describe('a scan that is older than 24 hours', () => {
  beforeEach(() => {
    quarantine.push(IMAGE);
    quarantine.ecr.scans.setScanned(QUARANTINE, IMAGE.digest, Date.now() - 25 * HOUR);
  });

  test('is made again before the image passes', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [MEDIUM]);
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ passed: true });
    expect(quarantine.calls).toEqual({ StartImageScan: 1, DescribeImageScanFindings: 2 });
    await quarantine.check(IMAGE);
    expect(quarantine.calls.StartImageScan).toBe(1);
  });

  test('holds the image as pending until the new one is complete', async () => {
    quarantine.ecr.scans.times = { scan: HOUR };
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending', message: expect.stringContaining('older than 24 hours') });
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending', message: expect.stringContaining('its scan is not complete') });
    expect(quarantine.calls.StartImageScan).toBe(1);
  });

  test('is made again without a wait when its findings hold the image anyway', async () => {
    quarantine.ecr.scans.setFindings(IMAGE.digest, [CRITICAL]);
    expect(await quarantine.check(IMAGE, { wait: PATIENT })).toMatchObject({ heldBy: 'scan-findings' });
    expect(quarantine.calls).toEqual({ StartImageScan: 1, DescribeImageScanFindings: 1 });
  });

  test('holds the image as pending when the quota for scans is used up', async () => {
    quarantine.ecr.scans.refusals.set('StartImageScan', new AwsApiError(400, 'LimitExceededException', 'The scan quota per image has been exceeded.'));
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending' });
  });

  test('decides in a dry run, which starts no scan', async () => {
    expect(await quarantine.check(IMAGE, { dryRun: true })).toMatchObject({ passed: true });
    expect(quarantine.calls.StartImageScan).toBeUndefined();
  });
});

describe('a status that is no result', () => {
  test.each([
    ['UNSUPPORTED_IMAGE', 'scan-unsupported'],
    ['IMAGE_SIZE_EXCEEDED', 'scan-unsupported'],
    ['FINDINGS_UNAVAILABLE', 'not-scanned'],
    ['SCAN_ELIGIBILITY_EXPIRED', 'not-scanned'],
    ['IMAGE_ARCHIVED', 'not-scanned'],
    ['LIMIT_EXCEEDED', 'scan-pending'],
    ['SOMETHING_NEW', 'not-scanned'],
  ])('%s is never clean', async (status, heldBy) => {
    quarantine.ecr.scans.setStatus(IMAGE.digest, status, 'In the words of Amazon ECR.');
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE)).toMatchObject({ passed: false, heldBy, message: expect.stringContaining('In the words of Amazon ECR.') });
  });

  test('a failed scan of an unsupported image is not made again', async () => {
    quarantine.ecr.scans.setStatus(IMAGE.digest, 'FAILED', 'UnsupportedImageError: The operating system and/or package manager are not supported.');
    quarantine.push(IMAGE);
    quarantine.ecr.scans.setScanned(QUARANTINE, IMAGE.digest, Date.now() - 25 * HOUR);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-unsupported', message: expect.stringContaining('UnsupportedImageError') });
    expect(quarantine.calls).toEqual({ DescribeImageScanFindings: 1 });
  });

  test('a scan that failed for another reason is made again when it is older than 24 hours', async () => {
    quarantine.ecr.scans.setStatus(IMAGE.digest, 'FAILED', 'An internal error occurred.');
    quarantine.push(IMAGE);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-unsupported' });
    quarantine.ecr.scans.setScanned(QUARANTINE, IMAGE.digest, Date.now() - 25 * HOUR);
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'scan-pending' });
  });
});

describe('a refusal to read findings', () => {
  beforeEach(() => {
    quarantine.push(IMAGE);
  });

  test('holds the image, and the message names the permission', async () => {
    quarantine.ecr.scans.refusals.set('DescribeImageScanFindings', new AwsApiError(400, 'AccessDeniedException', 'not authorized to perform: inspector2:ListFindings'));
    const { heldBy, message } = Object(await quarantine.check(IMAGE));
    expect([heldBy, message]).toEqual(['not-scanned', expect.stringContaining('inspector2:ListFindings; allow ecr:DescribeImageScanFindings')]);
  });

  test('is retried when it is transient, and then holds the image as unreachable', async () => {
    quarantine.ecr.scans.refusals.set('DescribeImageScanFindings', new AwsApiError(400, 'ThrottlingException', 'Rate exceeded'));
    expect(await quarantine.check(IMAGE)).toMatchObject({ heldBy: 'unreachable', message: expect.stringContaining('Rate exceeded') });
    expect(quarantine.calls.DescribeImageScanFindings).toBeGreaterThan(1);
  });
});

test('a registry that is not Amazon ECR scans nothing, and the message says so', async () => {
  quarantine.push(IMAGE);
  expect(await quarantine.check(IMAGE, { api: undefined })).toMatchObject({
    heldBy: 'not-scanned', message: expect.stringContaining('is not a registry in Amazon ECR'),
  });
});
