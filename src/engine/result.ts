import type { FailureReason, MirrorResult, Outcome, RunSummary } from '../image/contract/mirror-result';

export type { FailureReason, MirrorResult, Outcome, RunSummary } from '../image/contract/mirror-result';

/** From the worst to the best. */
const OUTCOMES: readonly Outcome[] = ['failed', 'tag-moved', 'copied', 'unchanged'];

/** Sums up a run of several images. */
export function summarize(results: readonly MirrorResult[]): RunSummary {
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length;
  return {
    outcome: OUTCOMES.find((outcome) => count(outcome) > 0) ?? 'unchanged',
    images: { 'copied': count('copied'), 'unchanged': count('unchanged'), 'tag-moved': count('tag-moved'), 'failed': count('failed') },
    results: results.map(({ source, target, outcome, reason, customBuilds }) => {
      return { source, target, outcome, ...(reason === undefined ? {} : { reason }), ...(customBuilds === undefined ? {} : { customBuilds }) };
    }),
  };
}

/** What was done for an image when nothing was. */
export const NO_TRANSFER = {
  bytesCopied: 0,
  blobsCopied: 0,
  blobsSkipped: 0,
  referrersCopied: 0,
  requests: { source: 0, target: 0 },
  countedPulls: 0,
  seconds: 0,
} as const;

/** The result of what could not even be tried. */
export function notAttempted(source: string, target: string, reason: FailureReason, message: string): MirrorResult {
  return { source, target, outcome: 'failed', reason, message, ...NO_TRANSFER };
}

/** Whether the mirror now holds what it should: what the exit code says. */
export function isSuccess(result: MirrorResult): boolean {
  return result.reason === undefined;
}
