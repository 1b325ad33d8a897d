import type { TagMovedPolicy } from '../image/contract/environment';
import type { TagKindName } from '../image/tag-kind';

/** The action for one tag. */
export type Decision = 'unchanged' | 'copy' | 'fail-moved' | 'keep-moved' | 'suffix-moved';

/** The input of a decision. */
export interface DecisionInput {
  readonly sourceDigest: string;
  /** The source digest that the target's tag stands for; undefined when the target has no such tag. */
  readonly targetDigest: string | undefined;
  readonly kind: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
}

const MOVED: Readonly<Record<TagMovedPolicy, Decision>> = { FAIL: 'fail-moved', KEEP: 'keep-moved', SUFFIX: 'suffix-moved' };

/** Each decision in the words of the progress lines. */
export const DECISION_TEXTS: Readonly<Record<Decision, string>> = {
  'unchanged': 'up to date',
  'copy': 'copying',
  'fail-moved': 'the tag moved',
  'keep-moved': 'the tag moved, keeping the first image',
  'suffix-moved': 'the tag moved, keeping both images',
};

/**
 * Decides what to do about one tag.
 *
 * Equal digests mean no push, for fixed and floating tags: Amazon ECR rejects a push to an immutable tag, even of the same image.
 */
export function decide({ sourceDigest, targetDigest, kind, onTagMoved }: DecisionInput): Decision {
  if (targetDigest === undefined) return 'copy';
  if (targetDigest === sourceDigest) return 'unchanged';
  return kind === 'floating' ? 'copy' : MOVED[onTagMoved];
}
