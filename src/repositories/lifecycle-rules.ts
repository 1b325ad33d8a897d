import { Annotations, Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { DeclaredImage } from '../declarations/declared-image';
import { KeptImages, marksImages } from '../declarations/kept-images';
import { describeRule, selectedPatterns, selectsAll } from '../declarations/lifecycle-options';
import { EXPIRED_TAG_PATTERN, KEPT_TAG_PATTERN, previousTagPattern } from '../image/retention';
import { quote } from '../image/sanitize';
import { patternsOverlap } from '../image/tag-patterns';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
const MAX_RULES = 50;
const MAX_POLICY_LENGTH = 30_720;

/** The maximum number of images in a repository of Amazon ECR, so a rule with this count expires no image. */
const NEVER_REACHED = 100_000;

/**
 * The rules for the images that builds mark. Builds cannot delete images: they mark an image that nothing needs with a tag, and the second rule
 * expires it. An image that matches a rule cannot be expired by a rule with a lower priority, so the first rule protects its images.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */
const RETENTION_RULES: readonly ecr.LifecycleRule[] = [
  { description: 'Keep images that a tag names again', tagPatternList: [KEPT_TAG_PATTERN], maxImageCount: NEVER_REACHED },
  { description: 'Expire images that nothing needs, which builds have marked', tagPatternList: [EXPIRED_TAG_PATTERN], maxImageAge: Duration.days(1) },
];

/** The settings of a mirror that its lifecycle rules follow from. */
export interface LifecycleSettings {
  readonly untaggedImageExpiry: Duration;
  /** The checked rules of the mirror, in the order of their evaluation. */
  readonly lifecycleRules: readonly ecr.LifecycleRule[];
}

/** The options of an image for the lifecycle rules of its repository. */
export type LifecycleOfImage = KeptImages & Pick<DeclaredImage, 'source' | 'tags' | 'mutableTags' | 'fixedTags' | 'lifecycleRules'>;

/** The tags that a filter with fixed tags selects. */
interface SelectedTags {
  readonly source: string;
  readonly patterns: readonly string[];
  /** The number of the newest versions; `undefined` for all. */
  readonly latest?: number;
}

/** A warning about a repository. */
export interface LifecycleAdvice {
  readonly id: string;
  readonly message: string;
}

/** The last rule of the repositories, unless the app has a rule for all images. */
export function untaggedImageRule({ untaggedImageExpiry }: Pick<LifecycleSettings, 'untaggedImageExpiry'>): ecr.LifecycleRule {
  return { description: 'Expire untagged images', tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: untaggedImageExpiry };
}

/** The policy of the repositories that catalogs create. An entry of a catalog can set what it keeps at any time, so the policy has all rules. */
export function catalogLifecyclePolicy(settings: LifecycleSettings): string {
  const { lifecycleRules } = settings;
  return policyText([
    ...[...RETENTION_RULES, ...lifecycleRules.filter((rule) => !selectsAll(rule)), untaggedImageRule(settings)].map(toPolicyRule),
    ...lifecycleRules.filter(selectsAll).map(toPolicyRule),
  ]);
}

/**
 * The problems of rules that can select an image of a catalog. Most of its tags are not known at synthesis.
 *
 * @param tags the tags that a list of the app names
 */
export function catalogRuleProblems({ lifecycleRules }: LifecycleSettings, tags: readonly string[]): string[] {
  return lifecycleRules.flatMap((rule) => {
    const selected = tags.filter((tag) => selectedPatterns(rule).every((pattern) => patternsOverlap(pattern, tag)));
    if (!selectsAll(rule) && selected.length === 0) return [];
    const reason = selectsAll(rule) ? '' : `, by ${formatTags(selected)}`;
    return [`${describeRule(rule)} can select an image that a catalog lists${reason}; select only tags that the mirror does not keep up to date, `
      + 'or set the rule with lifecycleRules of single images'];
  });
}

/**
 * The lifecycle rules of one repository. They follow from the tags of all images in the repository, in any order.
 *
 * A repository in which builds mark no images has only the rule for untagged images, and the rules of the app.
 */
export class RepositoryLifecycle {
  private readonly floating = new Set<string>();
  private readonly named = new Set<string>();
  private readonly filters: SelectedTags[] = [];
  private chosen?: readonly ecr.LifecycleRule[];
  private hasMarks = false;

  constructor(private readonly repositoryName: string, private readonly settings: LifecycleSettings) {}

  /**
   * Adds an image of the repository.
   *
   * @throws Error when another image in the repository has other lifecycle rules
   */
  public add(image: LifecycleOfImage): void {
    const { fixedTags, lifecycleRules, mutableTags, source, tags } = image;
    if (this.chosen !== undefined && lifecycleRules !== undefined && formatRules(this.chosen) !== formatRules(lifecycleRules)) {
      throw new Error(`${quote(source)} sets other lifecycleRules than another image in the repository ${quote(this.repositoryName)}; `
        + 'set the same rules for both, or another repositoryName for one of them');
    }
    this.chosen ??= lifecycleRules;
    this.hasMarks ||= marksImages(image);
    for (const tag of mutableTags) this.floating.add(tag);
    if ('tag' in tags) for (const tag of fixedTags) this.named.add(tag);
    else if (fixedTags.length > 0) this.filters.push({ source, patterns: fixedTags, latest: tags.filter._maxTags() ?? image.keepVersions });
  }

  /** Records that builds can mark images that the app does not declare: those of catalogs. */
  public noteMarks(): void {
    this.hasMarks = true;
  }

  /** Sets the policy of the repository. It is composed when the template is rendered, so images and rules that are added later count too. */
  public render(repository: ecr.IRepository): void {
    const resource = repository.node.defaultChild as ecr.CfnRepository;
    const ofConstruct = resource.lifecyclePolicy;
    resource.lifecyclePolicy = Lazy.uncachedAny({ produce: () => this.compose(Stack.of(resource).resolve(ofConstruct)) });
  }

  /** Validates the rules of the app against the tags in the repository. Returns the problems. */
  public validate(repository: ecr.IRepository): string[] {
    const resource = repository.node.defaultChild as ecr.CfnRepository;
    const problems = this.rules.flatMap((rule) => this.selectionProblem(rule) ?? []);
    const rules = this.rules.length === 0 ? [] : parseRules(Stack.of(resource).resolve(resource.lifecyclePolicy));
    const owner = `the lifecycle policy of ${quote(this.repositoryName)}`;
    const length = policyText(rules).length;
    if (rules.length > MAX_RULES) problems.push(`${owner} has ${rules.length} rules, but Amazon ECR allows ${MAX_RULES}; remove some of them`);
    if (length > MAX_POLICY_LENGTH) {
      problems.push(`${owner} has ${length} characters, but Amazon ECR allows ${MAX_POLICY_LENGTH}; remove rules, or use fewer and shorter patterns`);
    }
    if (rules.filter(({ selection }) => selection?.tagStatus === ecr.TagStatus.ANY).length > 1) {
      problems.push(`${owner} has several rules for all images, but Amazon ECR allows one; remove the others`);
    }
    return problems;
  }

  /** The warnings about the rules of the app. They do not name the repository. */
  public advice(): LifecycleAdvice[] {
    return this.rules.filter((rule) => this.selectionProblem(rule) === undefined).map((rule) => this.adviceAbout(rule));
  }

  private get rules(): readonly ecr.LifecycleRule[] {
    return this.chosen ?? this.settings.lifecycleRules;
  }

  private compose(ofConstruct: RenderedPolicy | undefined): RenderedPolicy | undefined {
    if (!this.hasMarks && this.rules.length === 0) return ofConstruct;
    const [all, tagged] = [this.rules.filter(selectsAll), this.rules.filter((rule) => !selectsAll(rule))];
    const own = [...this.hasMarks ? RETENTION_RULES : [], ...tagged];
    return { lifecyclePolicyText: policyText([...own.map(toPolicyRule), ...parseRules(ofConstruct), ...all.map(toPolicyRule)]) };
  }

  /** The tags that must stay: floating tags, their previous images, and the tags that the app names. */
  private neededTags(): string[] {
    const previous = this.hasMarks ? [...this.floating].map(previousTagPattern) : [];
    return [...this.floating, ...this.named, ...previous];
  }

  /** Why a rule must not be in the policy; `undefined` if it may be. */
  private selectionProblem(rule: ecr.LifecycleRule): string | undefined {
    const where = `${describeRule(rule)} in the repository ${quote(this.repositoryName)}`;
    const needed = this.neededTags();
    const selected = this.canSelectTaggedImages(rule) ? needed.filter((tag) => selects(rule, tag)) : [];
    if (selected.length > 0) {
      return `${where} can select an image that is needed, by ${formatTags(selected)}; select only tags that the mirror does not keep up to date, `
        + 'set lifecycleRules: [] for this image, or use keepPrevious and keepVersions instead of the rule';
    }
    const smaller = this.filters.find(({ latest, patterns }) => {
      return latest !== undefined && rule.maxImageCount !== undefined && rule.maxImageCount < latest && patterns.some((tag) => selects(rule, tag));
    });
    if (smaller === undefined || !this.canSelectTaggedImages(rule)) return undefined;
    return `${where} keeps ${rule.maxImageCount} images, but the tag filter of ${quote(smaller.source)} selects ${smaller.latest}, so each run would `
      + 'copy the others again; set maxImageCount to a larger number, or use keepVersions instead of the rule';
  }

  /**
   * Whether a rule can select an image of the repository. Each of its patterns must match a tag of the image, but not all the same tag. An image can
   * have several tags, so all known tags of the repository can be on one image.
   */
  private canSelectTaggedImages(rule: ecr.LifecycleRule): boolean {
    const known = [...this.neededTags(), ...this.filters.flatMap(({ patterns }) => patterns)];
    return selectedPatterns(rule).every((pattern) => known.some((tag) => patternsOverlap(pattern, tag)));
  }

  private adviceAbout(rule: ecr.LifecycleRule): LifecycleAdvice {
    const filter = this.filters.find(({ patterns }) => patterns.some((tag) => selects(rule, tag)));
    if (filter !== undefined && this.canSelectTaggedImages(rule)) {
      return {
        id: 'cdk-ecr-mirror:ImageMirror.lifecycleRuleOfFilter',
        message: `${describeRule(rule)} can remove versions that the tag filter of ${quote(filter.source)} selects, and a run copies them again. `
          + 'Amazon ECR sorts images by the time of the push, not by version. Use keepVersions instead of the rule',
      };
    }
    return {
      id: 'cdk-ecr-mirror:ImageMirror.lifecycleRuleRemovesImages',
      message: `${describeRule(rule)} can remove an image that a workload still runs by its digest, for example with a tag that the app named once. `
        + 'Acknowledge this warning if no workload runs the images that the rule selects',
    };
  }
}

/** Whether one of the patterns of a rule can match a tag, or a tag of a pattern. */
function selects(rule: ecr.LifecycleRule, tag: string): boolean {
  return selectsAll(rule) || selectedPatterns(rule).some((pattern) => patternsOverlap(pattern, tag));
}

const MAX_SHOWN = 3;

function formatTags(tags: readonly string[]): string {
  const noun = tags.length === 1 ? 'the tag' : 'the tags';
  return `${noun} ${tags.slice(0, MAX_SHOWN).map(quote).join(', ')}${tags.length > MAX_SHOWN ? ` and ${tags.length - MAX_SHOWN} more` : ''}`;
}

/** A lifecycle policy as the CDK renders it. */
interface RenderedPolicy {
  readonly lifecyclePolicyText?: string;
}

/** A rule as Amazon ECR reads it. */
interface PolicyRule {
  readonly selection?: { readonly tagStatus?: string; readonly countType?: string };
  readonly action?: { readonly type?: string };
}

function toPolicyRule({ description, maxImageAge, maxImageCount, ...rule }: ecr.LifecycleRule): PolicyRule {
  const tagStatus = rule.tagStatus ?? (selectsAll(rule) ? ecr.TagStatus.ANY : ecr.TagStatus.TAGGED);
  const { tagPatternList, tagPrefixList } = rule;
  const count = maxImageAge === undefined
    ? { countType: 'imageCountMoreThan', countNumber: maxImageCount }
    : { countType: 'sinceImagePushed', countNumber: maxImageAge.toDays(), countUnit: 'days' };
  const selection = { tagStatus, tagPrefixList, tagPatternList, ...count };
  return { ...description === undefined ? {} : { description }, selection, action: { type: 'expire' } };
}

/** The text of a policy. The priorities of the rules follow from their order. */
function policyText(rules: readonly PolicyRule[]): string {
  return JSON.stringify({ rules: rules.map((rule, index) => Object.assign({ rulePriority: 0 }, rule, { rulePriority: index + 1 })) });
}

function parseRules(policy: unknown): PolicyRule[] {
  const { lifecyclePolicyText: text } = Object(policy) as RenderedPolicy;
  return typeof text === 'string' ? (JSON.parse(text) as { rules: PolicyRule[] }).rules : [];
}

/** The text of a policy with these rules, in the order of their evaluation. */
export function formatRules(rules: readonly ecr.LifecycleRule[]): string {
  return policyText(rules.map(toPolicyRule));
}

/** A repository with its lifecycle rules, if the mirror defines it. */
export interface RepositoryWithLifecycle {
  readonly repository: ecr.IRepository;
  readonly lifecycle?: RepositoryLifecycle;
}

/** Adds the warnings about the lifecycle rules of all repositories. A warning about several repositories is on the first of them. */
export function adviseOnLifecycles(repositories: readonly RepositoryWithLifecycle[]): void {
  const found = new Map<string, { readonly id: string; readonly repositories: ecr.IRepository[] }>();
  for (const { repository, lifecycle } of repositories) {
    const advice = lifecycle?.advice() ?? (expiresAnyImage(repository) ? [ANY_IMAGE_ADVICE] : []);
    for (const { id, message } of archivesImages(repository) ? [...advice, ARCHIVE_ADVICE] : advice) {
      found.set(message, { id, repositories: [...found.get(message)?.repositories ?? [], repository] });
    }
  }
  for (const [message, { id, repositories: [first, ...others] }] of found) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more repositories have this rule)`;
    Annotations.of(first).addWarningV2(id, `${quote(first.node.path)}: ${message}${more}`);
  }
}

const ARCHIVE_ADVICE: LifecycleAdvice = {
  id: 'cdk-ecr-mirror:ImageMirror.archivedImages',
  message: 'the lifecycle policy archives images, but an archived image cannot be pulled, and its runs fail with the reason "archived". '
    + 'Remove sinceImagePulled and transition from the policy',
};

const ANY_IMAGE_ADVICE: LifecycleAdvice = {
  id: 'cdk-ecr-mirror:ImageMirror.lifecycleRuleRemovesImages',
  message: 'the lifecycle policy has a rule for all images, so it can remove an image that a tag names or that a workload still runs. '
    + 'Each platform of an image counts as an image. Limit the rule to other tags with tagPatternList, '
    + 'or acknowledge this warning if the rule never reaches an image that is needed',
};

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html */
function archivesImages(repository: ecr.IRepository): boolean {
  return /sinceImagePulled|type\\*"\s*:\s*\\*"transition/.test(finalPolicy(repository));
}

/** Whether the policy of a repository has a rule for all images, with and without tags. */
function expiresAnyImage(repository: ecr.IRepository): boolean {
  return /tagStatus\\*"\s*:\s*\\*"any\b/.test(finalPolicy(repository));
}

/**
 * The final policy of a repository, as text to search: it can contain an intrinsic function. It is read at synthesis, because aspects and overrides
 * can change it. It is empty if the app does not define the repository.
 */
function finalPolicy({ node: { defaultChild: resource } }: ecr.IRepository): string {
  if (!(resource instanceof ecr.CfnRepository)) return '';
  const { Resources = {} } = Stack.of(resource).resolve(resource._toCloudFormation()) as { Resources?: Record<string, { Properties?: object }> };
  const policies = Object.values(Resources).map(({ Properties }) => (Properties as { LifecyclePolicy?: unknown } | undefined)?.LifecyclePolicy);
  return policies.map((policy) => JSON.stringify(policy) ?? '').join(' ');
}
