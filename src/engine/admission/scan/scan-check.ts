import type { ScanPolicy } from '../../../image/admission/admission-policy';
import type { RegistryClient } from '../../registry/registry-client';
import type { RetryContext } from '../../registry/retry';
import type { ProgressListener } from '../../report/progress';
import type { Verdict } from '../check';

/** What the check of findings needs. */
export interface ScanCheckOptions {
  readonly policy: ScanPolicy;
  /** The client of the quarantine repository in Amazon ECR. */
  readonly quarantine: RegistryClient;
  /** The digest of the image in the quarantine repository: an index, or the image of one platform. */
  readonly digest: string;
  readonly retryContext: RetryContext;
  readonly progress: ProgressListener;
  /** Whether nothing may be written, so that no scan may be started and the check does not wait. */
  readonly dryRun: boolean;
}

/** Checks the findings of Amazon ECR for all platforms of an image in quarantine. */
export async function checkScan(_options: ScanCheckOptions): Promise<Verdict> {
  throw new Error('not built yet');
}
