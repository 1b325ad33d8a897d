import { MirrorError } from './mirror-error';
import { networkAdvice } from './registry/network-advice';
import { errorCode } from './registry/transport';
import type { FailureReason } from './result';

/** The limits of a run. */
export interface RunLimits {
  /** The deadline, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Interrupts the run, for example on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The maximum delay of a Node.js timer, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/** A signal that aborts at the deadline of the run, or when one of the given signals does. */
export function signalOf({ deadline, signal }: RunLimits, ...others: AbortSignal[]): AbortSignal {
  const remaining = Math.min(MAX_TIMER, Math.max(0, deadline - Date.now()));
  return AbortSignal.any([signal, ...others, AbortSignal.timeout(remaining)]);
}

/** The reason and the message for an error that ended the work on an image. */
export function describeFailure(error: unknown, { deadline, signal }: RunLimits): { readonly reason: FailureReason; readonly message: string } {
  if (error instanceof MirrorError) return { reason: error.reason, message: withNetworkAdvice(error) };
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
