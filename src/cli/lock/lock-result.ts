import type { LockEntry } from '../../image/admission/lock-file';
import type { FailureReason } from '../../image/contract/mirror-result';

/** The outcomes for an image in a lock file, the worst first. Those of a check are `outdated`, `missing`, `superfluous`, and `unchanged`. */
export const LOCK_OUTCOMES = ['failed', 'outdated', 'missing', 'superfluous', 'updated', 'added', 'removed', 'unchanged'] as const;

export type LockOutcome = typeof LOCK_OUTCOMES[number];

/** Whether an image has a signature. It is not verified. */
export type SignaturePresence = 'found' | 'none' | 'unknown';

/** An image as upstream has it. */
export interface UpstreamFacts extends LockEntry {
  readonly signature: SignaturePresence;
}

/** The result for an image, or for a repository with a tag filter. */
export interface LockResult {
  /** The image in canonical spelling: `docker.io/library/nginx:stable`; without a tag for a tag filter. */
  readonly image: string;
  readonly outcome: LockOutcome;
  /** The image in the lock file before the command. */
  readonly before?: LockEntry;
  /** The image in the lock file after the command; with `--check`, the image that upstream has. */
  readonly after?: LockEntry;
  /** Whether upstream has a signature for `after`. Only for added and updated images. */
  readonly signature?: SignaturePresence;
  /** Only when `outcome` is `failed`. */
  readonly reason?: FailureReason;
  /** A sentence for people. Always present when there is a problem. */
  readonly message?: string;
}

/** The outcomes with which a command exits with 1. */
const PROBLEMS: readonly LockOutcome[] = ['failed', 'outdated', 'missing', 'superfluous'];

/** Whether the lock file has the image as it should have it. */
export function isLocked({ outcome }: LockResult): boolean {
  return !PROBLEMS.includes(outcome);
}

/** The number of results for each outcome. */
export function countOutcomes(results: readonly LockResult[]): Readonly<Record<LockOutcome, number>> {
  const counts = LOCK_OUTCOMES.map((outcome) => [outcome, results.filter((result) => result.outcome === outcome).length]);
  return Object.fromEntries(counts) as Record<LockOutcome, number>;
}

/** The worst outcome. */
export function worstOutcome(results: readonly LockResult[]): LockOutcome {
  return LOCK_OUTCOMES.find((outcome) => results.some((result) => result.outcome === outcome)) ?? 'unchanged';
}
