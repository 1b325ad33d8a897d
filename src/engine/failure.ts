import { MirrorError } from './mirror-error';
import { networkAdvice } from './registry/network-advice';
import type { RegistryTools } from './registry/repository-access';
import { errorCode } from './registry/transport';
import type { FailureReason } from './result';
import type { RunLimits } from './run-signal';
import type { ImageReference } from '../image/image-reference';

/** The limits of a run, and its use of upstream registries. */
type FailureContext = RunLimits & Pick<RegistryTools, 'upstreams'>;

/**
 * The reason and the message for an error that ended the work on an image.
 *
 * @param source the upstream image, if the error can be one of its registry
 */
export function describeFailure(
  error: unknown, { deadline, signal, upstreams }: FailureContext, source?: ImageReference,
): { readonly reason: FailureReason; readonly message: string } {
  if (error instanceof MirrorError) {
    const message = withNetworkAdvice(error);
    return { reason: error.reason, message: source === undefined ? message : upstreams?.describe(source, message) ?? message };
  }
  const continued = 'the mirror keeps what was copied, and the next run continues from there';
  if (signal.aborted) return { reason: 'interrupted', message: `interrupted; ${continued}` };
  if (Date.now() >= deadline) return { reason: 'deadline-exceeded', message: `the run reached its deadline; ${continued}` };
  return { reason: 'internal-error', message: `unexpected: ${error instanceof Error ? error.message : String(error)}` };
}

/** Errors of connections that were never established. */
const CONNECT_ERRORS = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** The message of an error, with advice for a host that cannot be reached. The lines about retries have no advice, and stay short. */
function withNetworkAdvice(error: MirrorError): string {
  // The message of a network error starts with the host. After a redirect, it is the host of the redirect.
  const [, host] = /^(\S+): /.exec(error.message) ?? [];
  if (error.reason !== 'network' || host === undefined || !CONNECT_ERRORS.includes(errorCode(error))) return error.message;
  return `${error.message}; ${networkAdvice(host)}`;
}
