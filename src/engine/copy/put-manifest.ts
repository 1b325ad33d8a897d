import type { CopyContext } from './copy-context';
import type { Manifest } from './manifest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';

/**
 * How many times the usual tries a rate limit is worth: Amazon ECR takes ten manifests a second from an account, so a fleet has to queue.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
 */
const RATE_LIMITED_TRIES = 5;

/**
 * Puts a manifest whose contents are there, under a tag or its digest.
 *
 * A rate limit is waited out for longer than other failures are.
 */
export async function putManifest({ run, target }: Pick<CopyContext, 'run' | 'target'>, manifest: Manifest, reference: string): Promise<void> {
  const { attempts } = run.retry;
  const patient = { ...run, retry: { ...run.retry, attempts: attempts * RATE_LIMITED_TRIES } };
  let failures = 0;
  let mayBePut = false;
  const put = () => target.putManifest(reference, manifest).catch((error: unknown) => {
    if (!(error instanceof MirrorError) || error.reason === 'rate-limited') throw error;
    mayBePut ||= error.retryable;
    failures++;
    throw failures < attempts ? error : new MirrorError(error.reason, error.message, { cause: error });
  });
  try {
    await withRetries(patient, put);
  } catch (error) {
    // After a connection that broke, or a gateway that gave up, only the registry knows.
    const there = mayBePut ? await target.manifestDigest(reference).catch(() => undefined) : undefined;
    if (there !== manifest.digest) throw error;
  }
}
