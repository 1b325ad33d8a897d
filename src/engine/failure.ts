import { MirrorError } from './mirror-error';
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
  if (error instanceof MirrorError) return { reason: error.reason, message: error.message };
  if (signal.aborted) return { reason: 'interrupted', message: 'stopped before it was done; what was copied stays, and the next run goes on from it' };
  if (Date.now() >= deadline) {
    return { reason: 'deadline-exceeded', message: 'not done within the time of the run; what was copied stays, and the next run goes on from it' };
  }
  return { reason: 'internal-error', message: `unexpected: ${error instanceof Error ? error.message : String(error)}` };
}
