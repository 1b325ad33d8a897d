import { setTimeout as sleep } from 'node:timers/promises';
import { PermitRequiredError } from './read-budget';
import { Backoff, backoffPause } from '../../image/backoff';
import { MirrorError } from '../mirror-error';
import { untilAborted } from '../run-signal';

/** The number of tries, and the pauses between them. */
export interface RetryPolicy extends Backoff {
  /** The number of tries, including the first. */
  readonly attempts: number;
  /** The maximum pause in milliseconds that a `Retry-After` header may require. For a longer one, there is no next try. */
  readonly maxWait?: number;
}

/** Six tries within about 30 seconds, unless the registry sends `Retry-After`. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 6, firstPause: 500, maxPause: 15_000 };

/** The retry policy and the limits of the run. */
export interface RetryContext {
  readonly retry: RetryPolicy;
  /** The deadline of the run, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Called before each pause. */
  readonly onRetry?: (error: MirrorError, pauseSeconds: number) => void;
}

/**
 * Retries transient errors until an attempt succeeds, the tries are used up, or the deadline is reached.
 *
 * A request that needs the permit for large documents is sent again when the image has it.
 * Pauses grow exponentially with jitter. `Retry-After` is honored exactly. When the next try would be after the deadline, the run fails at once.
 *
 * @throws MirrorError of the last attempt
 */
export async function withRetries<T>(context: RetryContext, attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (error instanceof PermitRequiredError) {
        await untilAborted(context.signal, error.permit);
        number--; // the request did not fail
        continue;
      }
      if (!(error instanceof MirrorError) || !error.retryable || number >= context.retry.attempts || context.signal.aborted) throw error;
      const pause = pauseFor(context.retry, number, error.retryAfterSeconds);
      if (pause > (context.retry.maxWait ?? Infinity)) throw error;
      if (Date.now() + pause >= context.deadline) {
        throw new MirrorError(error.reason, `${error.message} (not retried: the next try would be after the deadline of the run)`, { cause: error });
      }
      context.onRetry?.(error, pause / 1000);
      await sleep(pause, undefined, { signal: context.signal });
    }
  }
}

function pauseFor(policy: RetryPolicy, number: number, retryAfterSeconds: number | undefined): number {
  return retryAfterSeconds === undefined ? backoffPause(policy, number, Math.random()) : retryAfterSeconds * 1000;
}
