import type { FailureReason, MirrorResult, Outcome, RunSummary } from '../image/contract/mirror-result';

export type { FailureReason, MirrorResult, Outcome, RunSummary } from '../image/contract/mirror-result';

/** The outcomes, the worst first. */
const OUTCOMES: readonly Outcome[] = ['failed', 'tag-moved', 'held', 'upstream-gone', 'copied', 'unchanged'];

/** Sums up the results of a run. */
export function summarize(results: readonly MirrorResult[]): RunSummary {
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length;
  return {
    outcome: OUTCOMES.find((outcome) => count(outcome) > 0) ?? 'unchanged',
    images: {
      'copied': count('copied'),
      'unchanged': count('unchanged'),
      'held': count('held'),
      'upstream-gone': count('upstream-gone'),
      'tag-moved': count('tag-moved'),
      'failed': count('failed'),
    },
    results: results.map(({ source, target, outcome, reason, customBuilds }) => {
      return { source, target, outcome, ...(reason === undefined ? {} : { reason }), ...(customBuilds === undefined ? {} : { customBuilds }) };
    }),
  };
}

/** The numbers in the result of an image for which nothing was transferred. */
export const NO_TRANSFER = {
  bytesCopied: 0,
  blobsCopied: 0,
  blobsSkipped: 0,
  referrersCopied: 0,
  requests: { source: 0, target: 0 },
  countedPulls: 0,
  seconds: 0,
} as const;

/** The result of an image that could not be attempted. */
export function notAttempted(source: string, target: string, reason: FailureReason, message: string): MirrorResult {
  return { source, target, outcome: 'failed', reason, message, ...NO_TRANSFER };
}

/** Whether the mirror has the image that it should have. The exit code depends on it. */
export function isSuccess(result: MirrorResult): boolean {
  return result.reason === undefined;
}
