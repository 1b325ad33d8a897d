import { multiPlatformImage, singleImage } from './fixture-images';
import { LocalEcr } from './local-ecr';

const IMAGE = singleImage();
const HIGH = { id: 'CVE-2024-1000', severity: 'HIGH' };

let ecr: LocalEcr;
let time = 1_000_000_000_000;

beforeEach(() => {
  ecr = new LocalEcr(['mirror-held', 'team/app'], { now: () => time });
});

/** The answer of an operation for an image, or the code of its refusal. */
function call(operation: string, repositoryName = 'mirror-held', { digest: imageDigest }: { readonly digest: string } = IMAGE, page: object = {}): Record<string, unknown> {
  try {
    return ecr.scans.operation(operation)!({ registryId: '123456789012', repositoryName, imageId: { imageDigest }, ...page }) as Record<string, unknown>;
  } catch (error) {
    return { code: Object(error).code };
  }
}

function describeScan(image: { readonly digest: string } = IMAGE) {
  return call('DescribeImageScanFindings', 'mirror-held', image);
}

test('scans nothing without a rule, and once in 24 hours on request', () => {
  ecr.push('mirror-held', undefined, IMAGE);
  expect(describeScan()).toEqual({ code: 'ScanNotFoundException' });
  expect(call('StartImageScan')).toMatchObject({ imageScanStatus: { status: 'IN_PROGRESS' } });
  expect(describeScan()).toMatchObject({ imageScanStatus: { status: 'COMPLETE' } });
  time += 23 * 3_600_000;
  expect(call('StartImageScan')).toEqual({ code: 'LimitExceededException' });
  time += 2 * 3_600_000;
  expect(call('StartImageScan')).toMatchObject({ imageScanStatus: { status: 'IN_PROGRESS' } });
});

test.each([
  ['mirror-held', true], ['held', true], ['mirror-*', true], ['*-held', true], ['mirror*d', true], ['*', true], ['mirror', true],
  ['team', false], ['held*', false], ['*mirror', false],
])('the filter %s matches mirror-held: %s', (filter, isMatch) => {
  ecr.scans.configuration = { scanType: 'BASIC', rules: [{ scanFrequency: 'SCAN_ON_PUSH', filters: [filter] }] };
  ecr.push('mirror-held', undefined, IMAGE);
  expect('code' in describeScan()).toBe(!isMatch);
});

test('a continuous rule counts before a rule for pushes, and the configuration of a repository says so', () => {
  ecr.scans.configuration = {
    scanType: 'ENHANCED', rules: [{ scanFrequency: 'SCAN_ON_PUSH', filters: ['*'] }, { scanFrequency: 'CONTINUOUS_SCAN', filters: ['mirror-held'] }],
  };
  const configurations = ecr.scans.operation('BatchGetRepositoryScanningConfiguration')! as unknown as (input: object) => unknown;
  expect(configurations({ repositoryNames: ['mirror-held', 'team/app', 'nobody'] })).toMatchObject({
    scanningConfigurations: [
      { repositoryName: 'mirror-held', scanFrequency: 'CONTINUOUS_SCAN', scanOnPush: false, appliedScanFilters: [{ filter: '*' }, { filter: 'mirror-held' }] },
      { repositoryArn: 'arn:aws:ecr:eu-west-1:123456789012:repository/team/app', scanFrequency: 'SCAN_ON_PUSH', scanOnPush: true },
    ],
    failures: [{ repositoryName: 'nobody', failureCode: 'REPOSITORY_NOT_FOUND' }],
  });
});

test('the images of an index are scanned, the index is not, and attestations fail', () => {
  ecr.scans.configuration = { scanType: 'BASIC', rules: [{ scanFrequency: 'SCAN_ON_PUSH', filters: ['mirror-held'] }] };
  const image = multiPlatformImage({ attestations: true });
  ecr.push('mirror-held', 'held', image);
  const statuses = image.manifests.map((manifest) => Object(describeScan(manifest).imageScanStatus).status ?? describeScan(manifest).code);
  expect(statuses.sort()).toEqual(['COMPLETE', 'COMPLETE', 'FAILED', 'FAILED', 'ScanNotFoundException']);
  expect(call('StartImageScan', 'mirror-held', image)).toEqual({ code: 'UnsupportedImageTypeException' });
});

test('findings come in pages, and in the shape of the scan type', () => {
  ecr.push('mirror-held', undefined, IMAGE);
  ecr.scans.setFindings(IMAGE.digest, [HIGH, { ...HIGH, id: 'CVE-2024-2' }]);
  ecr.scans.setScanned('mirror-held', IMAGE.digest, time);
  expect(call('DescribeImageScanFindings', 'mirror-held', IMAGE, { maxResults: 1 })).toMatchObject({
    nextToken: '1', imageScanFindings: { findings: [{ name: 'CVE-2024-1000', severity: 'HIGH' }], findingSeverityCounts: { HIGH: 2 } },
  });
  ecr.scans.configuration = { scanType: 'ENHANCED', rules: [] };
  const last = call('DescribeImageScanFindings', 'mirror-held', IMAGE, { maxResults: 1, nextToken: '1' });
  expect(last).toMatchObject({ imageScanFindings: { enhancedFindings: [{ packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2024-2' } }] } });
  expect([last.nextToken, call('StartImageScan')]).toEqual([undefined, { code: 'ValidationException' }]);
});

test('the event of a scan has the form of its scan type', () => {
  ecr.push('mirror-held', 'held.1', IMAGE);
  ecr.scans.setFindings(IMAGE.digest, [HIGH]);
  ecr.scans.setScanned('mirror-held', IMAGE.digest, time);
  const common = { 'image-digest': IMAGE.digest, 'image-tags': ['held.1'] };
  expect(ecr.scans.scanEvent('mirror-held', IMAGE.digest)).toMatchObject({
    'source': 'aws.ecr',
    'detail-type': 'ECR Image Scan',
    'detail': { 'scan-status': 'COMPLETE', 'repository-name': 'mirror-held', 'finding-severity-counts': { HIGH: 1 }, ...common },
  });
  ecr.scans.configuration = { scanType: 'ENHANCED', rules: [] };
  expect(ecr.scans.scanEvent('mirror-held', IMAGE.digest)).toMatchObject({
    'source': 'aws.inspector2',
    'detail-type': 'Inspector2 Scan',
    'resources': ['arn:aws:ecr:eu-west-1:123456789012:repository/mirror-held'],
    'detail': {
      'scan-status': 'INITIAL_SCAN_COMPLETE',
      'repository-name': 'arn:aws:ecr:eu-west-1:123456789012:repository/mirror-held',
      'finding-severity-counts': { HIGH: 1, TOTAL: 1 },
      ...common,
    },
  });
});

test('the events of an index are those of the images that it lists, which have no tags', () => {
  const image = multiPlatformImage();
  ecr.push('mirror-held', 'held.1', image);
  const [child] = image.manifests;
  ecr.scans.setScanned('mirror-held', child.digest, time);
  expect(ecr.scans.scanEvent('mirror-held', child.digest)).toMatchObject({ detail: { 'image-digest': child.digest, 'image-tags': [] } });
});
