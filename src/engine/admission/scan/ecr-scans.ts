import type {
  BatchGetRepositoryScanningConfigurationRequest, BatchGetRepositoryScanningConfigurationResponse, DescribeImageScanFindingsRequest,
  DescribeImageScanFindingsResponse, StartImageScanRequest, StartImageScanResponse,
} from '@aws-sdk/client-ecr';
import { Finding, parseFindings } from './findings';
import { sanitizeForLog } from '../../../image/sanitize';
import { EcrRegistry, sendToEcr, withEcrClient } from '../../ecr-api';
import { MirrorError } from '../../mirror-error';
import { limitError } from '../../registry/read-budget';
import type { RetryContext } from '../../registry/retry';

/** Sends single requests to the API of Amazon ECR. */
export interface ScanApi {
  readonly registry: EcrRegistry;
  describeFindings(input: DescribeImageScanFindingsRequest, signal: AbortSignal): Promise<DescribeImageScanFindingsResponse>;
  startScan(input: StartImageScanRequest, signal: AbortSignal): Promise<StartImageScanResponse>;
  scanningConfiguration(
    input: BatchGetRepositoryScanningConfigurationRequest, signal: AbortSignal,
  ): Promise<BatchGetRepositoryScanningConfigurationResponse>;
}

/** Runs a task with the API of Amazon ECR. */
export function withScanApi<T>(registry: EcrRegistry, task: (api: ScanApi) => Promise<T>): Promise<T> {
  return withEcrClient(registry, (client, sdk) => task({
    registry,
    describeFindings: (input, abortSignal) => client.send(new sdk.DescribeImageScanFindingsCommand(input), { abortSignal }),
    startScan: (input, abortSignal) => client.send(new sdk.StartImageScanCommand(input), { abortSignal }),
    scanningConfiguration: (input, abortSignal) => {
      return client.send(new sdk.BatchGetRepositoryScanningConfigurationCommand(input), { abortSignal });
    },
  }));
}

/** The scan of an image as Amazon ECR describes it. */
export interface ScanReport {
  /** `COMPLETE`, `ACTIVE`, `IN_PROGRESS`, or another word of Amazon ECR. */
  readonly status: string;
  /** The status in words. */
  readonly description: string;
  /** In milliseconds since the epoch; undefined when no scan is complete. */
  readonly completedAt?: number;
  /** The number of findings by severity; undefined when Amazon ECR leaves it out. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** The result of a request for a new scan: it was started; the image was scanned in the last 24 hours; the registry starts no scans on request. */
export type ScanStart =
  | { readonly outcome: 'started' | 'limited' | 'disabled' | 'unsupported'; readonly message: string }
  | { readonly outcome: 'denied'; readonly message: string };

/** When the registry scans the images of a repository. */
export type ScanFrequency = 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN' | 'MANUAL' | 'unknown';

const FINDINGS_PER_PAGE = 1000;
const MAX_PAGES = 50;
const FINISHED = ['COMPLETE', 'ACTIVE'];

/** The scans of one repository of Amazon ECR. */
export class EcrScans {
  /** The number of requests to the API. */
  requests = 0;
  private knownFrequency?: Promise<ScanFrequency>;

  constructor(readonly repository: string, private readonly api: ScanApi, private readonly retryContext: RetryContext) {}

  /** The account of the registry. */
  get account(): string {
    return this.api.registry.account;
  }

  /**
   * Describes the last scan of an image with all its findings; undefined when there is no scan.
   *
   * @throws MirrorError when Amazon ECR refuses the request
   */
  async report(digest: string): Promise<ScanReport | undefined> {
    let page = await this.page(digest);
    if (page === undefined) return undefined;
    const { imageScanFindings: { findingSeverityCounts, imageScanCompletedAt } = {}, imageScanStatus } = page;
    const status = imageScanStatus?.status ?? 'UNKNOWN';
    const findings = parseFindings(page.imageScanFindings);
    for (let pages = 1; FINISHED.includes(status) && page?.nextToken; pages++) {
      if (pages === MAX_PAGES) throw limitError(`${this.repository}: ${digest} exceeds the limit of ${MAX_PAGES * FINDINGS_PER_PAGE} findings`);
      page = await this.page(digest, page.nextToken);
      findings.push(...parseFindings(page?.imageScanFindings));
    }
    const description = imageScanStatus?.description ?? '';
    return { status, description, completedAt: imageScanCompletedAt?.getTime(), counts: findingSeverityCounts, findings };
  }

  private page(digest: string, nextToken?: string): Promise<DescribeImageScanFindingsResponse | undefined> {
    const input = { ...this.image(digest), maxResults: FINDINGS_PER_PAGE, nextToken };
    return this.send('ecr:DescribeImageScanFindings', `cannot describe the scan findings of ${this.repository}@${digest}`, (signal) => {
      return this.api.describeFindings(input, signal).catch((error: unknown) => {
        if (nameOf(error) === 'ScanNotFoundException') return undefined;
        throw error;
      });
    });
  }

  /** Starts a scan. Amazon ECR allows this once in 24 hours for an image, and only with basic scanning. */
  async start(digest: string): Promise<ScanStart> {
    try {
      return await this.send('ecr:StartImageScan', `cannot start a scan of ${this.repository}@${digest}`, async (signal) => {
        try {
          await this.api.startScan(this.image(digest), signal);
          return { outcome: 'started', message: '' };
        } catch (error) {
          const refusal = START_REFUSALS[nameOf(error)];
          if (refusal === undefined) throw error;
          return { outcome: refusal, message: sanitizeForLog(String(Object(error).message)) };
        }
      });
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      // Another run can start the scan.
      return { outcome: error.reason === 'unauthorized' ? 'denied' : 'limited', message: error.message };
    }
  }

  /** When the registry scans images of the repository. It is unknown when Amazon ECR refuses the request, and in another account. */
  async frequency(): Promise<ScanFrequency> {
    this.knownFrequency ??= this.readFrequency().catch((error: unknown) => {
      if (error instanceof MirrorError) return 'unknown';
      throw error;
    });
    return this.knownFrequency;
  }

  private async readFrequency(): Promise<ScanFrequency> {
    const problem = `cannot read the scanning configuration of ${this.repository}`;
    const { scanningConfigurations = [] } = await this.send('ecr:BatchGetRepositoryScanningConfiguration', problem, (signal) => {
      return this.api.scanningConfiguration({ repositoryNames: [this.repository] }, signal);
    });
    // The request has no account: it is about the registry of the caller.
    const own = scanningConfigurations.find(({ repositoryArn = '', repositoryName }) => {
      return repositoryName === this.repository && repositoryArn.split(':')[4] === this.account;
    });
    return own?.scanFrequency ?? 'unknown';
  }

  private send<T>(permission: string, problem: string, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const remedy = `allow ${permission} on the repository`;
    return sendToEcr(this.retryContext, { registry: this.api.registry, problem, remedy }, (signal) => {
      this.requests++;
      return send(signal);
    });
  }

  private image(imageDigest: string) {
    return { registryId: this.account, repositoryName: this.repository, imageId: { imageDigest } };
  }
}

/**
 * Refusals to start a scan that are not errors. With enhanced scanning, Amazon ECR refuses with the words "This feature is disabled". For an image
 * that was scanned in the last 24 hours, it answers `LimitExceededException` or `ThrottlingException`.
 *
 * @see https://github.com/alexjurkiewicz/ecr-scan-image/issues/44
 * @see https://github.com/aws/containers-roadmap/issues/1226
 */
const START_REFUSALS: Readonly<Record<string, 'limited' | 'disabled' | 'unsupported' | undefined>> = {
  LimitExceededException: 'limited',
  ThrottlingException: 'limited',
  ValidationException: 'disabled',
  InvalidParameterException: 'disabled',
  UnsupportedImageTypeException: 'unsupported',
};

function nameOf(error: unknown): string {
  return String(Object(error).name);
}
