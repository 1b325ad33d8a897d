/**
 * The scans of a registry in Amazon ECR.
 *
 * Imitated, from botocore's service model, AWS's documentation, and public issues:
 * - Basic scanning: `DescribeImageScanFindings` with `findings`; a scan on push of the repositories that a rule matches, and of those with the old
 *   setting of the repository; `StartImageScan`, once in 24 hours for an image.
 * - Enhanced scanning: `enhancedFindings`; `ACTIVE` for continuous scans and `COMPLETE` for scans on push; no scan is known at first, and findings
 *   come later than the status; without any vulnerability there are neither counts nor `enhancedFindings`; `StartImageScan` is refused.
 * - A filter without a wildcard matches all names that contain it. A repository without a matching filter is `MANUAL`.
 * - Images of file systems are scanned, attestations fail, and indexes are never scanned.
 *
 * Not verified against the real service: the sentence of the refusal of `StartImageScan` for an image that was scanned, and the scan frequency of a
 * repository that no rule of enhanced scanning matches.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
 * @see https://github.com/aws/aws-sdk/issues/289 for findings that come later than the status
 * @see https://github.com/alexjurkiewicz/ecr-scan-image/issues/44 for `StartImageScan` with enhanced scanning
 * @see https://github.com/moby/buildkit/issues/3499 for attestations, and https://github.com/alexjurkiewicz/ecr-scan-image/issues/43 for indexes
 */
import { AwsApiError } from './aws-json-api';
import { deliveredEvent } from './delivered-event';
import { EcrFinding, findingsPage, severityCounts } from './ecr-findings';
import { DeliveredEvent } from './event-pattern';
import type { FixtureManifest } from './fixture-images';
import type { RepositoryStorage } from './repository-storage';
import { isFileSystemLayer, isIndexType } from '../../src/image/media-types';

/** The scanning configuration of a registry. */
export interface EcrScanningConfiguration {
  readonly scanType: 'BASIC' | 'ENHANCED';
  readonly rules: ReadonlyArray<{ readonly scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN'; readonly filters: readonly string[] }>;
}

/** How long the parts of a scan last, in milliseconds. */
export interface EcrScanTimes {
  /** Until Amazon ECR knows the scan. Only with enhanced scanning. @default 0 */
  readonly unknown?: number;
  /** The scan itself. @default 0 */
  readonly scan?: number;
  /** From the end of the scan until there are findings. Only with enhanced scanning. @default 0 */
  readonly settling?: number;
}

/** What is known of the repositories: their account, their old setting, and their images. */
export interface ScannedRegistry {
  readonly account: string;
  readonly scansOnPush: (repository: string) => boolean;
  /** Undefined for a repository that does not exist. */
  readonly repository: (name: string) => RepositoryStorage | undefined;
  readonly now: () => number;
}

export interface ScanInput {
  readonly registryId: string;
  readonly repositoryName: string;
  readonly imageId: { readonly imageDigest?: string; readonly imageTag?: string };
  readonly maxResults?: number;
  readonly nextToken?: string;
}

const DAY = 24 * 3_600_000;
const UNSUPPORTED = 'UnsupportedImageError: The operating system and/or package manager are not supported.';

export class EcrScans {
  configuration: EcrScanningConfiguration = { scanType: 'BASIC', rules: [] };
  times: EcrScanTimes = {};
  /** What the operations of scans are refused with, by their names. */
  readonly refusals = new Map<string, AwsApiError>();
  private readonly findings = new Map<string, readonly EcrFinding[]>();
  private readonly statuses = new Map<string, { readonly status: string; readonly description: string }>();
  /** When the last scan of each image started. */
  private readonly starts = new Map<string, number>();

  constructor(private readonly registry: ScannedRegistry) {}

  /** What scans find in an image from now on. */
  setFindings(digest: string, findings: readonly EcrFinding[]): void {
    this.findings.set(digest, findings);
  }

  /** The status with which scans of an image end, instead of a result. */
  setStatus(digest: string, status: string, description: string = ''): void {
    this.statuses.set(digest, { status, description });
  }

  /** Sets when the last scan of an image started, in milliseconds since the epoch. */
  setScanned(repository: string, digest: string, time: number): void {
    this.starts.set(`${repository}@${digest}`, time);
  }

  /** Notes a push. The first one starts a scan, if a rule says so. */
  pushed(repository: string, { digest, mediaType }: FixtureManifest): void {
    const key = `${repository}@${digest}`;
    if (isIndexType(mediaType) || this.starts.has(key) || this.frequency(repository) === 'MANUAL') return;
    this.starts.set(key, this.registry.now());
  }

  /** The operation with a name; undefined when it is not about scans. */
  operation(name: string = ''): ((input: ScanInput) => unknown) | undefined {
    const operation = {
      DescribeImageScanFindings: (input: ScanInput) => this.describe(input),
      StartImageScan: (input: ScanInput) => this.start(input),
      BatchGetRepositoryScanningConfiguration: (input: object) => this.repositoryConfigurations(input as { repositoryNames: string[] }),
    }[name];
    return operation && ((input) => {
      const refusal = this.refusals.get(name);
      if (refusal !== undefined) throw refusal;
      return operation(input);
    });
  }

  /** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html */
  private describe({ repositoryName, imageId, maxResults, nextToken }: ScanInput) {
    const manifest = this.manifest(repositoryName, imageId);
    const { findings, scanned, status } = this.state(repositoryName, manifest);
    const common = { registryId: this.registry.account, repositoryName, imageId, imageScanStatus: status };
    if (scanned === undefined) return { ...common, imageScanFindings: { findings: [], ...this.isEnhanced ? { enhancedFindings: [] } : {} } };
    const page = findingsPage(findings, this.isEnhanced, { maxResults, nextToken });
    const time = scanned / 1000;
    const found = { imageScanCompletedAt: time, vulnerabilitySourceUpdatedAt: time, ...this.counts(findings), ...page.list };
    return { ...common, imageScanFindings: found, ...page.nextToken === undefined ? {} : { nextToken: page.nextToken } };
  }

  private manifest(repository: string, { imageDigest, imageTag }: ScanInput['imageId']): FixtureManifest {
    const storage = this.registry.repository(repository);
    if (storage === undefined) throw new AwsApiError(400, 'RepositoryNotFoundException', `The repository with name '${repository}' does not exist`);
    const manifest = storage.find(imageDigest ?? imageTag ?? '');
    if (manifest !== undefined) return manifest;
    throw new AwsApiError(400, 'ImageNotFoundException', `The image with imageId {imageDigest:'${imageDigest}', imageTag:'${imageTag}'} does not exist`);
  }

  /** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html */
  private start({ repositoryName, imageId }: ScanInput) {
    const { digest, mediaType } = this.manifest(repositoryName, imageId);
    if (this.isEnhanced) throw new AwsApiError(400, 'ValidationException', 'This feature is disabled');
    if (isIndexType(mediaType)) {
      const sentence = `An artifact with media type '${mediaType}' cannot be scanned. For more information, see the Amazon ECR documentation.`;
      throw new AwsApiError(400, 'UnsupportedImageTypeException', sentence);
    }
    const key = `${repositoryName}@${digest}`;
    if ((this.starts.get(key) ?? -Infinity) > this.registry.now() - DAY) {
      throw new AwsApiError(400, 'LimitExceededException', 'The scan quota per image has been exceeded. Wait and try again.');
    }
    this.starts.set(key, this.registry.now());
    return { registryId: this.registry.account, repositoryName, imageId, imageScanStatus: { status: 'IN_PROGRESS' } };
  }

  /** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetRepositoryScanningConfiguration.html */
  private repositoryConfigurations({ repositoryNames }: { readonly repositoryNames: readonly string[] }) {
    const isKnown = (name: string) => this.registry.repository(name) !== undefined;
    const unknown = repositoryNames.filter((name) => !isKnown(name));
    return {
      scanningConfigurations: repositoryNames.filter(isKnown).map((name) => ({
        repositoryArn: `arn:aws:ecr:eu-west-1:${this.registry.account}:repository/${name}`,
        repositoryName: name,
        scanOnPush: this.frequency(name) === 'SCAN_ON_PUSH',
        scanFrequency: this.frequency(name),
        appliedScanFilters: this.configuration.rules.flatMap(({ filters }) => filters).filter((filter) => matches(filter, name))
          .map((filter) => ({ filter, filterType: 'WILDCARD' })),
      })),
      failures: unknown.map((name) => ({ repositoryName: name, failureCode: 'REPOSITORY_NOT_FOUND', failureReason: 'The repository does not exist' })),
    };
  }

  /**
   * The event that says that the scan of an image is complete, as EventBridge hands it to targets.
   *
   * Its tags are those of the scanned image. The images that an index lists have none, unless they are pushed with one.
   *
   * @see https://github.com/hashintel/hash/pull/8596
   */
  scanEvent(repository: string, digest: string): DeliveredEvent {
    const manifest = this.manifest(repository, { imageDigest: digest });
    const { findings } = this.state(repository, manifest);
    const arn = `arn:aws:ecr:eu-west-1:${this.registry.account}:repository/${repository}`;
    const counts = severityCounts(findings);
    const tags = [...this.registry.repository(repository)!.tags].flatMap(([tag, named]) => named === digest ? [tag] : []);
    const common = { 'image-digest': digest, 'image-tags': tags };
    const [source, detailType, detail] = this.isEnhanced
      ? ['aws.inspector2', 'Inspector2 Scan', {
        'scan-status': 'INITIAL_SCAN_COMPLETE', 'repository-name': arn, 'finding-severity-counts': { ...counts, TOTAL: findings.length }, ...common,
      }]
      : ['aws.ecr', 'ECR Image Scan', { 'scan-status': 'COMPLETE', 'repository-name': repository, 'finding-severity-counts': counts, ...common }];
    return deliveredEvent({ source, detailType, detail, eventBusName: 'default', resources: [arn] } as Parameters<typeof deliveredEvent>[0]);
  }

  private get isEnhanced(): boolean {
    return this.configuration.scanType === 'ENHANCED';
  }

  /** Enhanced scanning leaves the counts out for an image without vulnerabilities. */
  private counts(findings: readonly EcrFinding[]): object {
    return this.isEnhanced && findings.length === 0 ? {} : { findingSeverityCounts: severityCounts(findings) };
  }

  private state(repository: string, manifest: FixtureManifest) {
    const { unknown = 0, scan = 0, settling = 0 } = this.times;
    const start = this.starts.get(`${repository}@${manifest.digest}`);
    const time = this.registry.now();
    if (start === undefined || (this.isEnhanced && time < start + unknown)) {
      const sentence = `Image scan does not exist for the image with '{imageDigest:'${manifest.digest}'}' in the repository with name '${repository}'`;
      throw new AwsApiError(400, 'ScanNotFoundException', sentence);
    }
    const ends = start + (this.isEnhanced ? unknown : 0) + scan;
    if (time < ends) {
      const status = this.isEnhanced ? { status: 'PENDING', description: 'Pending start of the image scan.' } : { status: 'IN_PROGRESS' };
      return { status, findings: [] };
    }
    const fixed = this.statuses.get(manifest.digest) ?? (hasFileSystem(manifest) ? undefined : { status: 'FAILED', description: UNSUPPORTED });
    if (fixed !== undefined) return { status: fixed, findings: [] };
    const isSettling = this.isEnhanced && time < ends + settling;
    const status = this.frequency(repository) === 'CONTINUOUS_SCAN' ? { status: 'ACTIVE', description: 'Continuous scan is selected for image.' }
      : { status: 'COMPLETE', description: 'The scan was completed successfully.' };
    return { status, scanned: ends, findings: isSettling ? [] : this.findings.get(manifest.digest) ?? [] };
  }

  /** Of several rules that match, the one for continuous scans counts. */
  private frequency(repository: string): 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN' | 'MANUAL' {
    const matching = this.configuration.rules.filter(({ filters }) => filters.some((filter) => matches(filter, repository)));
    if (matching.some(({ scanFrequency }) => scanFrequency === 'CONTINUOUS_SCAN')) return 'CONTINUOUS_SCAN';
    return matching.length > 0 || (!this.isEnhanced && this.registry.scansOnPush(repository)) ? 'SCAN_ON_PUSH' : 'MANUAL';
  }
}

function matches(filter: string, repository: string): boolean {
  if (!filter.includes('*')) return repository.includes(filter);
  return new RegExp(`^${filter.split('*').map((part) => part.replace(/[.]/g, '\\.')).join('.*')}$`).test(repository);
}

function hasFileSystem({ bytes }: FixtureManifest): boolean {
  const { layers = [] } = JSON.parse(bytes.toString()) as { layers?: { mediaType: string }[] };
  return layers.some(({ mediaType }) => isFileSystemLayer(mediaType));
}
