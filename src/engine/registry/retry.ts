import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, backoffPause } from '../../image/backoff';
import { MirrorError } from '../mirror-error';

/** How often, how patiently, and until when to try again. */
export interface RetryPolicy extends Backoff {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** Milliseconds that a registry may ask to wait; beyond, there is no next try. */
  readonly longestWait?: number;
}

/** Six tries over about half a minute, unless the registry says how long to wait. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 6, firstPause: 500, longestPause: 15_000 };

/** What retries need to know of the run. */
export interface RetryContext {
  readonly retry: RetryPolicy;
  /** When the run gives up, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Told before each pause. */
  readonly onRetry?: (error: MirrorError, pauseSeconds: number) => void;
}

/**
 * Runs an attempt until it succeeds, fails for good, or there is no more time.
 *
 * Pauses grow exponentially with jitter; `Retry-After` is obeyed to the letter, and where it reaches past the deadline the run fails at once.
 */
export async function withRetries<T>(context: RetryContext, attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!(error instanceof MirrorError) || !error.retryable || number >= context.retry.attempts || context.signal.aborted) throw error;
      const pause = pauseFor(context.retry, number, error.retryAfterSeconds);
      if (pause > (context.retry.longestWait ?? Infinity)) throw error;
      if (Date.now() + pause >= context.deadline) {
        throw new MirrorError(error.reason, `${error.message} (gave up: the next try would be after the run's deadline)`, { cause: error });
      }
      context.onRetry?.(error, pause / 1000);
      await sleep(pause, undefined, { signal: context.signal });
    }
  }
}

function pauseFor(policy: RetryPolicy, number: number, retryAfterSeconds: number | undefined): number {
  return retryAfterSeconds === undefined ? backoffPause(policy, number, Math.random()) : retryAfterSeconds * 1000;
}
