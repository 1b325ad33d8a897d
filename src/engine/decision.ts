import type { TagMovedPolicy } from '../image/contract/environment';
import type { TagKindName } from '../image/tag-kind';

/** What to do about one tag. */
export type Decision = 'unchanged' | 'copy' | 'fail-moved' | 'keep-moved' | 'suffix-moved';

/** What a decision rests on. */
export interface Situation {
  readonly sourceDigest: string;
  /** Undefined when the mirror has no such tag. */
  readonly targetDigest: string | undefined;
  readonly kind: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
}

const MOVED: Readonly<Record<TagMovedPolicy, Decision>> = { FAIL: 'fail-moved', KEEP: 'keep-moved', SUFFIX: 'suffix-moved' };

/**
 * Compares digests before anything else: Amazon ECR refuses to push to an immutable tag, even the identical image.
 */
export function decide({ sourceDigest, targetDigest, kind, onTagMoved }: Situation): Decision {
  if (targetDigest === undefined) return 'copy';
  if (targetDigest === sourceDigest) return 'unchanged';
  return kind === 'floating' ? 'copy' : MOVED[onTagMoved];
}
