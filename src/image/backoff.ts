/** The pauses between retries of requests to registries and to AWS CodeBuild. */

/** The growth of pauses, in milliseconds. */
export interface Backoff {
  /** The first pause. Each further pause is twice as long. */
  readonly firstPause: number;
  /** The maximum pause. */
  readonly maxPause: number;
}

/**
 * The pause before a retry, in milliseconds: exponential, with jitter so that a fleet doesn't retry all at once.
 *
 * @param failures the number of failed attempts, at least 1
 * @param random a number from 0 to 1, 1 excluded
 */
export function backoffPause({ firstPause, maxPause }: Backoff, failures: number, random: number): number {
  return Math.min(maxPause, firstPause * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/** The log line before a retry. */
export function formatRetry(problem: string, seconds: number): string {
  return `${problem}; trying again in ${seconds.toFixed(1)} s`;
}
