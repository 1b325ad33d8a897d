import { MirrorError } from './mirror-error';
import { networkAdvice } from './registry/network-advice';
import { errorCode } from './registry/transport';
import type { FailureReason } from './result';

/** When and by whom a run is ended. */
export interface RunLimits {
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Ends the run early, for example on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Longest time that a timer of Node can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A signal that ends with the run or at its deadline, whichever is first. */
export function signalOf({ deadline, signal }: RunLimits, ...others: AbortSignal[]): AbortSignal {
  const left = Math.min(LONGEST_TIMER, Math.max(0, deadline - Date.now()));
  return AbortSignal.any([signal, ...others, AbortSignal.timeout(left)]);
}

/** Puts whatever ended a run in words, with its reason. */
export function describeFailure(error: unknown, { deadline, signal }: RunLimits): { readonly reason: FailureReason; readonly message: string } {
  if (error instanceof MirrorError) return { reason: error.reason, message: withAdvice(error) };
  if (signal.aborted) return { reason: 'interrupted', message: 'stopped before it was done; what was copied stays, and the next run goes on from it' };
  if (Date.now() >= deadline) {
    return { reason: 'deadline-exceeded', message: 'not done within the time of the run; what was copied stays, and the next run goes on from it' };
  }
  return { reason: 'internal-error', message: `unexpected: ${error instanceof Error ? error.message : String(error)}` };
}

/** What keeps a connection from being made at all, rather than breaks it: the network between, or the lack of one. */
const UNREACHED = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** The last word about a host that cannot be reached says what to open; the lines about tries before it stay short. */
function withAdvice(error: MirrorError): string {
  // Such a failure begins with the host, which is that of a redirect where one led there.
  const [, host] = /^(\S+): /.exec(error.message) ?? [];
  if (error.reason !== 'network' || host === undefined || !UNREACHED.includes(errorCode(error))) return error.message;
  return `${error.message}; ${networkAdvice(host)}`;
}
