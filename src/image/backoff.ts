/** Pauses between retries. The engine uses them for registries, and those who start builds for AWS CodeBuild. */

/** How pauses grow, in milliseconds. */
export interface Backoff {
  /** The first pause. Each further pause is twice as long. */
  readonly firstPause: number;
  /** The longest pause. */
  readonly longestPause: number;
}

/**
 * The pause before a retry, in milliseconds: exponential, with jitter so that a fleet doesn't retry all at once.
 *
 * @param failures the number of failed attempts, at least 1
 * @param random a number from 0 to 1, 1 excluded
 */
export function backoffPause({ firstPause, longestPause }: Backoff, failures: number, random: number): number {
  return Math.min(longestPause, firstPause * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/** The log line before a retry. */
export function formatRetry(problem: string, seconds: number): string {
  return `${problem}; trying again in ${seconds.toFixed(1)} s`;
}
