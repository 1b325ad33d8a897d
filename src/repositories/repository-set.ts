import { Annotations, Duration, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { scopeInStack } from '../synthesis/environments';

/**
 * Amazon ECR takes so many exceptions from a repository's immutability, each with so many `*`.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
const MOST_EXCEPTIONS = 5;
const MOST_WILDCARDS = 2;

/** The place in the mirror that one image takes. */
export interface ImageTarget {
  /** The upstream image, as errors name it. */
  readonly source: string;
  /** The repository's name; a token only with an existing repository. */
  readonly repositoryName: string;
  /** The tag, or the filter that selects tags as the engine reads it. */
  readonly tags: string;
  /** Those of its tags that may move, as exceptions from immutability: tags and patterns of tags. */
  readonly mutableTags: readonly string[];
  /** The stack that defines the image, and with it the repository unless that exists. */
  readonly stack: Stack;
  /** The repository that somebody else defines. */
  readonly existing?: ecr.IRepository;
  /** Whether it is the place of a customized image, which other builds push to. */
  readonly isCustom?: boolean;
}

/** One repository and what is in it. */
interface Entry {
  readonly repository: ecr.IRepository;
  readonly owner?: Stack;
  readonly isCustom: boolean;
  readonly firstSource: string;
  readonly sourceOfTags: Map<string, string>;
  readonly mutableTags: Set<string>;
}

/**
 * The repositories of one mirror. It defines each that does not exist once, in the stack of the first image that needs it,
 * and refuses images that contradict each other.
 */
export class RepositorySet {
  private readonly entries = new Map<string, Entry>();
  private readonly policyStatements: iam.PolicyStatement[] = [];
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly mirror: Construct, public readonly options: MirrorRepositoryOptions) {}

  /** The repository for an image; defined when it is the first there. */
  public reserve(place: ImageTarget): ecr.IRepository {
    const key = Token.isUnresolved(place.repositoryName) ? `token:${place.existing!.node.path}` : place.repositoryName;
    const entry = this.entries.get(key);
    if (entry !== undefined) refuseContradiction(place, entry);
    if (place.existing === undefined) refuseExceptions(place, entry?.mutableTags ?? new Set());
    const { repository, sourceOfTags, mutableTags } = entry ?? this.add(key, place);
    sourceOfTags.set(place.tags, place.source);
    for (const tag of place.mutableTags) mutableTags.add(tag);
    this.noticeRegistry(place.source.split('/')[0]);
    return place.existing ?? repository;
  }

  /** Adds a statement to the policies of all repositories, those included that are added later. */
  public addToResourcePolicies(statement: iam.PolicyStatement): void {
    this.policyStatements.push(statement);
    for (const { repository } of this.entries.values()) addToResourcePolicy(repository, statement);
  }

  /** The statements that the policies of all repositories have so far. */
  public resourcePolicyStatements(): readonly iam.PolicyStatement[] {
    return this.policyStatements;
  }

  /** The names of all repositories that upstream images are mirrored to and whose names are known at synthesis, in alphabetical order. */
  public literalNames(): string[] {
    return [...this.entries.keys()].filter((key) => !this.hasTokenName(key) && !this.entries.get(key)!.isCustom).sort();
  }

  /** The ARNs of the existing repositories whose names are not known at synthesis, in the order of their paths. */
  public tokenArns(): string[] {
    return [...this.entries.keys()].filter((key) => this.hasTokenName(key)).sort().map((key) => this.entries.get(key)!.repository.repositoryArn);
  }

  /** Acts once, when the first image of an upstream registry gets its place. */
  public onceMirroringFrom(registry: string, act: () => void): void {
    this.waiting.set(registry, act);
  }

  /** Says that images of an upstream registry are mirrored, or may be. */
  public noticeRegistry(registry: string): void {
    const act = this.waiting.get(registry);
    this.waiting.delete(registry);
    act?.();
  }

  private hasTokenName(key: string): boolean {
    const { owner, repository } = this.entries.get(key)!;
    return owner === undefined && Token.isUnresolved(repository.repositoryName);
  }

  private add(key: string, place: ImageTarget): Entry {
    const mutableTags = new Set<string>();
    // Not under the image: a repository outlives the first image that needed it, and its logical id must not depend on which that was.
    const scope = () => scopeInStack(place.stack, this.mirror, 'Repositories');
    const repository = place.existing ?? defineMirrorRepository(scope(), place.repositoryName, mutableTags, this.options);
    const owner = place.existing === undefined ? place.stack : undefined;
    const { isCustom = false, source: firstSource } = place;
    const entry = { repository, owner, isCustom, firstSource, sourceOfTags: new Map<string, string>(), mutableTags };
    this.entries.set(key, entry);
    for (const statement of this.policyStatements) addToResourcePolicy(repository, statement);
    return entry;
  }
}

/** The statement is copied, for a policy may merge it with others. */
function addToResourcePolicy(repository: ecr.IRepository, statement: iam.PolicyStatement): void {
  if (repository.addToResourcePolicy(statement.copy()).statementAdded) return;
  Annotations.of(repository).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.existingRepositoryPolicy',
    `others may not pull ${quote(repository.node.path)} yet, for the app does not define that repository; let them do ${statement.actions.join(', ')} in its policy where it is defined`,
  );
}

function refuseContradiction(place: ImageTarget, entry: Entry): void {
  const both = `${quote(place.source)} and ${quote(entry.firstSource)}`;
  const name = nameOf(place);
  if ((place.existing === undefined) !== (entry.owner !== undefined)) {
    throw new Error(`${both} contradict each other: one wants ${name} to exist, the other wants the mirror to define it; set repository for both or for none`);
  }
  if (entry.owner !== undefined && entry.owner !== place.stack) {
    throw new Error(`${both} need ${name} and are in two stacks, ${quote(place.stack.node.path)} and ${quote(entry.owner.node.path)}; `
      + 'define both in one stack, or set another repositoryName for one of them');
  }
  refuseSameTags(place, entry);
}

function refuseSameTags(place: ImageTarget, entry: Entry): void {
  const other = entry.sourceOfTags.get(place.tags);
  if (other === place.source) throw new Error(`${quote(place.source)}${isFilter(place) ? ` with the filter ${place.tags}` : ''} is in the mirror already; remove one of the two`);
  if (other !== undefined) {
    const tags = isFilter(place) ? `the tags ${place.tags}` : `the tag ${quote(place.tags)}`;
    throw new Error(`${quote(place.source)} and ${quote(other)} would both be ${tags} in ${nameOf(place)}; set another repositoryName for one of them`);
  }
}

function refuseExceptions(place: ImageTarget, present: ReadonlySet<string>): void {
  const pattern = place.mutableTags.find((tag) => tag.split('*').length - 1 > MOST_WILDCARDS);
  if (pattern !== undefined) {
    throw new Error(`the pattern ${quote(pattern)} has more than ${MOST_WILDCARDS} "*", which Amazon ECR does not take as an exception from immutability: `
      + 'set tagKind: TagKind.FIXED when its tags never move, or write it with fewer');
  }
  const all = new Set([...present, ...place.mutableTags]);
  if (all.size <= MOST_EXCEPTIONS) return;
  const tags = [...all].sort().map(quote).join(', ');
  throw new Error(`${nameOf(place)} would have ${all.size} floating tags (${tags}), and Amazon ECR allows ${MOST_EXCEPTIONS} exceptions from immutability: `
    + 'set tagKind: TagKind.FIXED for a tag that never moves, set another repositoryName for one of them, or mirror fewer');
}

function nameOf(place: ImageTarget): string {
  return Token.isUnresolved(place.repositoryName) ? 'an existing repository' : `the repository ${quote(place.repositoryName)}`;
}

/** No tag starts with a brace. */
function isFilter({ tags }: ImageTarget): boolean {
  return tags.startsWith('{');
}

/** What the owner of a mirror decides for all its repositories. */
export interface MirrorRepositoryOptions {
  readonly encryptionKey?: kms.IKey;
  readonly imageScanOnPush: boolean;
  readonly removalPolicy: RemovalPolicy;
  readonly untaggedImageExpiry: Duration;
}

/**
 * Defines a repository of the mirror: immutable, except for the tags that float.
 *
 * Its logical id depends on its name and the path of its scope alone: a changed id would replace the repository and lose its images.
 *
 * @param mutableTags tags and patterns of tags; read when the template is rendered, so that those which are added later count
 */
export function defineMirrorRepository(
  scope: Construct,
  name: string,
  mutableTags: ReadonlySet<string>,
  options: MirrorRepositoryOptions,
): ecr.Repository {
  const repository = new ecr.Repository(scope, constructId(name), {
    repositoryName: isNameOfTheCdk(name) ? name : undefined,
    encryption: options.encryptionKey === undefined ? undefined : ecr.RepositoryEncryption.KMS,
    encryptionKey: options.encryptionKey,
    imageScanOnPush: options.imageScanOnPush,
    removalPolicy: options.removalPolicy,
    emptyOnDelete: options.removalPolicy === RemovalPolicy.DESTROY ? true : undefined,
    lifecycleRules: [untaggedImageRule(options)],
  });
  const resource = repository.node.defaultChild as ecr.CfnRepository;
  resource.repositoryName = name;
  renderMutability(resource, mutableTags);
  return repository;
}

/** The only lifecycle rule of the mirror's repositories. */
export function untaggedImageRule({ untaggedImageExpiry }: MirrorRepositoryOptions): ecr.LifecycleRule {
  return { description: 'Expire images that no tag names any more', tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: untaggedImageExpiry };
}

/** The construct's own property wants all tags at once; they are known only when every image was added. */
function renderMutability(resource: ecr.CfnRepository, mutableTags: ReadonlySet<string>): void {
  resource.imageTagMutability = Lazy.string({
    produce: () => mutableTags.size === 0 ? ecr.TagMutability.IMMUTABLE : ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
  });
  resource.imageTagMutabilityExclusionFilters = Lazy.any({
    produce: () => [...mutableTags].sort().map((tag) => ({
      imageTagMutabilityExclusionFilterType: 'WILDCARD',
      imageTagMutabilityExclusionFilterValue: tag,
    })),
  }, { omitEmptyArray: true });
}

/** A construct's id may not hold a slash. A colon takes its place, for no repository's name holds one: two names never get one id. */
function constructId(name: string): string {
  return name.replace(/\//g, ':');
}

/** Whether the CDK's `Repository` takes the name: it refuses `__` and `--`, which Amazon ECR allows. */
function isNameOfTheCdk(name: string): boolean {
  return !/__|--/.test(name);
}
