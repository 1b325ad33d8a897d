/**
 * Lifecycle policies as Amazon ECR documents their evaluation.
 *
 * - All rules are evaluated at the same time, regardless of their priority. Then they are applied by priority, the lowest number first.
 * - An image is expired by exactly one rule or by none.
 * - An image that matches the tagging requirements of a rule can't be expired by a rule with a lower priority.
 * - A rule never marks an image that a rule with a higher priority has marked, but it still counts the image.
 * - The rules with the status `tagged` for one storage class must not have the same tags; a rule for `any` has the lowest priority.
 * - One matching tag selects an image. Several patterns or prefixes in a rule must each match a tag of the image.
 * - Images are sorted by the time of their push, never by the time of a pull, their tags, or a version.
 * - `imageCountMoreThan` expires the oldest images beyond the count. `sinceImagePushed` expires images that are older.
 * - An image that a manifest list references is not expired before the list.
 * - Reference artifacts are not selected: they are deleted with their subject.
 * - A rule for `archive` sees archived images only. `transition` archives an image.
 *
 * Imitated in a simplified form: the 24 hours until an expired image is deleted are one evaluation.
 * Not documented, so not decided here: whether a further tag renews the time of the push (see `tagsRenewPushTime` of the local Amazon ECR).
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
import type { EcrImage, EcrImages } from './ecr-images';

/** A rule, as in the text of a policy. */
export interface PolicyRule {
  readonly rulePriority: number;
  readonly description?: string;
  readonly selection: {
    readonly tagStatus: 'tagged' | 'untagged' | 'any';
    readonly tagPatternList?: readonly string[];
    readonly tagPrefixList?: readonly string[];
    readonly storageClass?: 'standard' | 'archive';
    readonly countType: 'imageCountMoreThan' | 'sinceImagePushed' | 'sinceImagePulled' | 'sinceImageTransitioned';
    readonly countUnit?: 'days';
    readonly countNumber: number;
  };
  readonly action: { readonly type: 'expire' | 'transition'; readonly targetStorageClass?: 'archive' };
}

/** What the evaluation of a policy does to images, by digest. */
export interface Evaluation {
  readonly expired: readonly string[];
  readonly archived: readonly string[];
  /** The priority of the rule for each of these images. */
  readonly rules: ReadonlyMap<string, number>;
}

const DAY = 24 * 60 * 60 * 1000;

/** Parses the text of a policy. Throws where Amazon ECR rejects it. */
export function parseLifecyclePolicy(text: string): PolicyRule[] {
  const { rules } = JSON.parse(text) as { readonly rules: PolicyRule[] };
  const sorted = [...rules].sort((a, b) => a.rulePriority - b.rulePriority);
  for (const [index, rule] of sorted.entries()) requireValidRule(rule, sorted, index);
  return sorted;
}

function requireValidRule({ action, rulePriority, selection }: PolicyRule, sorted: readonly PolicyRule[], index: number): void {
  const refuse = (problem: string) => { throw new Error(`Invalid parameter at 'LifecyclePolicyText': rule ${rulePriority}: ${problem}`); };
  const { countNumber, countType, countUnit, storageClass = 'standard', tagPatternList, tagPrefixList, tagStatus } = selection;
  if (!Number.isInteger(rulePriority) || rulePriority < 1 || sorted[index + 1]?.rulePriority === rulePriority) refuse('the priority is not unique');
  if ((tagStatus === 'tagged') !== ((tagPatternList ?? tagPrefixList ?? []).length > 0)) refuse('tagged, and only that, needs tags');
  if (tagPatternList !== undefined && tagPrefixList !== undefined) refuse('patterns and prefixes are both set');
  if ((tagPatternList ?? []).some((pattern) => pattern.split('*').length > 5)) refuse('a pattern has more than four wildcards');
  if (tagStatus === 'any' && sorted.slice(index + 1).some((rule) => (rule.selection.storageClass ?? 'standard') === storageClass)) refuse('any must be last');
  if (!Number.isInteger(countNumber) || countNumber < 1) refuse('the count is not positive');
  if ((countType === 'imageCountMoreThan') === (countUnit !== undefined)) refuse('a time, and only that, needs a unit');
  if (action.type === 'transition' && action.targetStorageClass !== 'archive') refuse('the target of a transition is missing');
  if (countType === 'sinceImagePulled' && action.type === 'expire') refuse('images can only be archived by the time of a pull');
  if (countType === 'sinceImageTransitioned' && storageClass !== 'archive') refuse('only archived images have a time of transition');
}

/**
 * Evaluates a policy.
 *
 * @param now the time in milliseconds
 */
export function evaluateLifecyclePolicy(rules: readonly PolicyRule[], images: readonly EcrImage[], now: number): Evaluation {
  const candidates = images.filter(({ subject }) => subject === undefined);
  // All rules are evaluated first: what each of them selects does not depend on the others.
  const evaluated = rules.map((rule) => {
    const matching = candidates.filter((image) => matchesRule(rule, image));
    return { rule, matching: new Set(matching.map(({ digest }) => digest)), marked: new Set(beyondCount(rule, matching, now)) };
  });
  const decided = new Map<string, PolicyRule>();
  for (const { digest } of candidates) {
    const first = evaluated.find(({ matching }) => matching.has(digest));
    // A rule with a higher priority has the image in its tagging requirements, so no later rule expires it.
    if (first?.marked.has(digest)) decided.set(digest, first.rule);
  }
  const withType = (type: PolicyRule['action']['type']) => {
    return [...decided].filter(([, { action }]) => action.type === type).map(([digest]) => digest);
  };
  const expired = withReferrers(withoutListed(withType('expire'), images), images);
  return { expired, archived: withType('transition'), rules: new Map([...decided].map(([digest, { rulePriority }]) => [digest, rulePriority])) };
}

/** Evaluates a policy, and carries it out. Returns the images that are gone. */
export function applyLifecyclePolicy(rules: readonly PolicyRule[], images: EcrImages, now: number): readonly string[] {
  const { archived, expired } = evaluateLifecyclePolicy(rules, images.all(), now);
  for (const digest of archived) images.setStatus(digest, 'ARCHIVED');
  images.delete(expired);
  return expired;
}

/** Whether an image fulfills the tagging requirements of a rule, and has its storage class. */
function matchesRule({ selection }: PolicyRule, { status, tags }: EcrImage): boolean {
  const { storageClass = 'standard', tagPatternList, tagPrefixList, tagStatus } = selection;
  if ((storageClass === 'archive') !== (status === 'ARCHIVED')) return false;
  if (tagStatus === 'any') return true;
  if (tagStatus === 'untagged') return tags.length === 0;
  const requirements = [
    ...(tagPatternList ?? []).map((pattern) => (tag: string) => matchesTagPattern(tag, pattern)),
    ...(tagPrefixList ?? []).map((prefix) => (tag: string) => tag.startsWith(prefix)),
  ];
  return requirements.every((isMatch) => tags.some(isMatch));
}

/** The images beyond the count of a rule, of those that match it. */
function beyondCount({ selection: { countNumber, countType } }: PolicyRule, matching: readonly EcrImage[], now: number): string[] {
  const newestFirst = [...matching].sort((a, b) => b.pushedAt - a.pushedAt);
  switch (countType) {
    case 'imageCountMoreThan': return newestFirst.slice(countNumber).map(({ digest }) => digest);
    case 'sinceImagePushed': return newestFirst.filter(({ pushedAt }) => now - pushedAt > countNumber * DAY).map(({ digest }) => digest);
    default: return []; // the local Amazon ECR notes neither pulls nor transitions
  }
}

/** Without the images that a manifest list references, unless the list expires too. */
function withoutListed(expired: readonly string[], images: readonly EcrImage[]): string[] {
  const isGone = new Set(expired);
  const isListed = (digest: string): boolean => images.some((list) => {
    return list.children.includes(digest) && (!isGone.has(list.digest) || isListed(list.digest));
  });
  return expired.filter((digest) => !isListed(digest));
}

/** With the reference artifacts of the images, and theirs. */
function withReferrers(expired: readonly string[], images: readonly EcrImage[]): string[] {
  const gone = new Set(expired);
  const next = images.filter(({ digest, subject }) => subject !== undefined && gone.has(subject) && !gone.has(digest)).map(({ digest }) => digest);
  return next.length === 0 ? [...expired] : withReferrers([...expired, ...next], images);
}

/** Whether a tag matches a pattern, in which `*` stands for any characters. */
export function matchesTagPattern(tag: string, pattern: string): boolean {
  const expression = pattern.split('*').map((part) => part.replace(/[.\\+?^$(){}|[\]]/g, '\\$&')).join('.*');
  return new RegExp(`^${expression}$`).test(tag);
}
