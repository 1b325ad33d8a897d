import { BatchGetRepositoryScanningConfigurationCommand, DescribeImageScanFindingsCommand, ECRClient, StartImageScanCommand } from '@aws-sdk/client-ecr';
import type { FixtureImage } from './fixture-images';
import { EcrRepositoryDefinition, LocalEcr } from './local-ecr';
import { withTools } from './mirror-request';
import type { Verdict } from '../../src/engine/admission/check';
import type { ScanApi } from '../../src/engine/admission/scan/ecr-scans';
import { checkScan, ScanCheckOptions } from '../../src/engine/admission/scan/scan-check';
import { RepositoryAccess } from '../../src/engine/registry/repository-access';
import type { RetryContext } from '../../src/engine/registry/retry';
import type { ScanPolicy } from '../../src/image/admission/admission-policy';
import { parseImageReference } from '../../src/image/image-reference';

export const QUARANTINE = 'mirror-held';

/** A run's options of a check, other than usual. */
export interface QuarantineCheckOptions extends Partial<Omit<ScanCheckOptions, 'policy' | 'quarantine' | 'digest' | 'retryContext'>> {
  readonly policy?: Partial<ScanPolicy>;
  readonly retryContext?: Partial<RetryContext>;
}

/** Amazon ECR with a quarantine repository, and the scan check against it. The check does not wait, unless a test asks for it. */
export class ScannedQuarantine {
  readonly ecr: LocalEcr;
  /** The lines of the progress. */
  readonly lines: string[] = [];
  private client?: ECRClient;

  constructor(definition: Partial<EcrRepositoryDefinition> = {}) {
    this.ecr = new LocalEcr([{ repositoryName: QUARANTINE, imageTagMutability: 'IMMUTABLE', scanOnPush: true, ...definition }]);
  }

  async start(): Promise<this> {
    await this.ecr.start();
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    this.client = new ECRClient({ region: 'eu-west-1', endpoint: this.ecr.url, maxAttempts: 1, credentials });
    return this;
  }

  async close(): Promise<void> {
    this.client?.destroy();
    await this.ecr.close();
  }

  /** Pushes an image, which the registry scans if a rule says so. */
  push(image: FixtureImage): FixtureImage {
    this.ecr.push(QUARANTINE, undefined, image);
    return image;
  }

  /** Checks an image. By default, findings up to `MEDIUM` may be served. */
  check({ digest }: Pick<FixtureImage, 'digest'>, { policy, retryContext, ...options }: QuarantineCheckOptions = {}): Promise<Verdict> {
    const credentialFor = async () => {
      const [username, password] = Buffer.from(this.ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
      return { username, password };
    };
    const silent = () => undefined;
    const progress = { line: (text: string) => void this.lines.push(text), blobStarted: silent, blobBytes: silent, blobFinished: silent };
    return withTools(async (tools) => {
      const access = new RepositoryAccess(tools);
      try {
        return await checkScan({
          policy: { maximumSeverity: 'MEDIUM', ...policy },
          quarantine: access.client(parseImageReference(`${this.ecr.host}/${QUARANTINE}`), 'pull,push'),
          digest,
          retryContext: { ...access.retryContext, ...retryContext },
          progress,
          dryRun: false,
          api: this.api,
          wait: { longest: 0, firstPause: 1, maxPause: 1 },
          ...options,
        });
      } finally {
        access.close();
      }
    }, { credentials: { credentialFor } });
  }

  /** The numbers of calls of the API, by operation. */
  get calls(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const call of this.ecr.apiCalls) counts[call] = (counts[call] ?? 0) + 1;
    return counts;
  }

  get api(): ScanApi {
    const client = this.client!;
    return {
      registry: { account: '123456789012', region: 'eu-west-1', fips: false },
      describeFindings: (input, abortSignal) => client.send(new DescribeImageScanFindingsCommand(input), { abortSignal }),
      startScan: (input, abortSignal) => client.send(new StartImageScanCommand(input), { abortSignal }),
      scanningConfiguration: (input, abortSignal) => client.send(new BatchGetRepositoryScanningConfigurationCommand(input), { abortSignal }),
    };
  }
}
