import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { defineRepository, SharedRepositorySettings } from './defined-repository';
import { definedTwiceProblems, noteOwner } from './defined-twice';
import {
  adviseOnLifecycles, catalogRuleProblems, LifecycleOfImage, LifecycleSettings, RepositoryLifecycle, untaggedImageRule,
} from './lifecycle-rules';
import { RepositoryMutability, TagsOfImage } from './repository-mutability';
import { DeclaredImage, DeclaredTags, formatTags } from '../declarations/declared-image';
import { IImageMirror, MirrorParts } from '../declarations/mirror-interfaces';
import { repositoryIn } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { TagSelection } from '../image/tag-selection';
import { onSynthesis } from '../synthesis/aspects';
import { scopeInStack } from '../synthesis/environments';

/** The repository and tags that an image is mirrored to. A `DeclaredImage` is the target of its own unchanged copy. */
export interface ImageTarget extends Pick<DeclaredImage, 'repositoryName' | 'hasChosenRepository'>, TagsOfImage, LifecycleOfImage {
  readonly existingRepository?: ecr.IRepository;
  /** Whether the target is a customized image, which builds of another project push. */
  readonly isCustom?: boolean;
}

/** The settings of all repositories of a mirror. */
export interface RepositorySettings extends LifecycleSettings, SharedRepositorySettings {
  /** The first part of the names of the repositories, without the final slash. */
  readonly repositoryPrefix: string;
  readonly encryptionKey?: kms.IKey;
  readonly imageScanOnPush: boolean;
  /** The mutability of the repositories; `undefined` if it follows from their tags. */
  readonly imageTagMutability?: ecr.TagMutability;
  /** The number of previous images that floating tags keep, unless an image sets it. */
  readonly keepPrevious: number;
}

/** A repository and the images in it. */
interface Entry {
  readonly repository: ecr.IRepository;
  /** The stack that defines the repository; `undefined` for an existing one. */
  readonly owner?: Stack;
  readonly isCustom: boolean;
  readonly firstSource: string;
  /** The first image of each upstream repository. */
  readonly upstreams: Map<string, ImageTarget>;
  readonly sourceOfTags: Map<string, string>;
  /** All images in it, in the order of their definition. */
  readonly targets: ImageTarget[];
  /** `undefined` for an existing repository. */
  readonly mutability?: RepositoryMutability;
  /** `undefined` for an existing repository. */
  readonly lifecycle?: RepositoryLifecycle;
}

const PARTS = new MirrorParts<RepositorySet>('repositories');

/**
 * The repositories of one mirror.
 *
 * The set defines each repository once, in the stack of the first image that needs it. It rejects images that contradict each other.
 */
export class RepositorySet {
  /**
   * The repositories of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): RepositorySet {
    return PARTS.of(mirror);
  }

  private readonly entries = new Map<string, Entry>();
  private readonly policyStatements: iam.PolicyStatement[] = [];
  private readonly createdUnder = new Set<string>();
  private readonly tagsOfCatalogs = new Set<string>();
  private readonly listeners = new Map<string, () => void>();
  /** The repositories without images that a tag serves, by their names. */
  private readonly internal = new Map<string, ecr.IRepository>();

  constructor(private readonly mirror: IImageMirror, public readonly settings: RepositorySettings) {
    PARTS.set(mirror, this);
    mirror.node.addValidation({ validate: () => this.validate() });
    onSynthesis(mirror, () => {
      for (const { mutability, repository } of this.entries.values()) mutability?.annotate(repository);
    });
  }

  /** The first part of the names of the repositories, without the final slash. */
  public get prefix(): string {
    return this.settings.repositoryPrefix;
  }

  /**
   * Reserves the tags of an image in its repository, and defines the repository for its first image.
   *
   * @param stack the stack that defines the image
   * @throws Error when another image contradicts this one
   */
  public reserve(target: ImageTarget, stack: Stack): ecr.IRepository {
    const key = keyOf(target);
    if (this.internal.has(key)) throw new Error(internalProblem(target.source, key));
    const present = this.entries.get(key);
    if (present !== undefined) requireNoContradiction(target, stack, present);
    present?.mutability?.add(target.source, target);
    present?.lifecycle?.add(target);
    const { repository, targets, upstreams, sourceOfTags } = present ?? this.add(key, target, stack);
    targets.push(target);
    const upstream = repositoryIn(target.source);
    if (!upstreams.has(upstream)) upstreams.set(upstream, target);
    sourceOfTags.set(formatTags(target.tags), target.source);
    this.noticeRegistry(target.source.split('/')[0]);
    return target.existingRepository ?? repository;
  }

  /**
   * Adds a repository that the mirror needs for itself. It has no images of the app, and no principal gets pull permission on it.
   *
   * @throws Error when an image of the mirror uses a repository with the same name
   */
  public addInternal(name: string, repository: ecr.IRepository): void {
    const image = this.entries.get(name)?.firstSource;
    if (image !== undefined) throw new Error(internalProblem(image, name));
    noteOwner(repository, this.mirror);
    this.internal.set(name, repository);
  }

  /**
   * The tags that other images in the repository of an image need. Builds must not let these images expire as old versions of the image.
   *
   * @param image an image with a tag filter
   */
  public otherTags(image: ImageTarget): TagSelection[] {
    const others = this.entries.get(keyOf(image))!.targets.filter(({ tags }) => formatTags(tags) !== formatTags(image.tags));
    const names = others.flatMap(({ tags }) => 'tag' in tags ? [tags.tag] : []).sort();
    const filters = others.flatMap(({ tags, keepVersions }) => 'filter' in tags ? [tags.filter._kept(keepVersions)] : []);
    return [...names.length === 0 ? [] : [{ patterns: names }], ...filters];
  }

  /** Adds a statement to the policies of all repositories, including the repositories that are added later. */
  public addToResourcePolicies(statement: iam.PolicyStatement): void {
    this.policyStatements.push(statement);
    for (const { repository } of this.entries.values()) addToResourcePolicy(repository, statement);
  }

  /** The statements that the policies of all repositories have so far. */
  public resourcePolicyStatements(): readonly iam.PolicyStatement[] {
    return this.policyStatements;
  }

  /** The names of the repositories of upstream images, where they are known at synthesis, in alphabetical order. */
  public literalNames(): string[] {
    return [...this.entries.keys()].filter((key) => !this.hasTokenName(key) && !this.entries.get(key)!.isCustom).sort();
  }

  /** The ARNs of the existing repositories with names that are not known at synthesis, in the order of their paths. */
  public tokenArns(): string[] {
    return [...this.entries.keys()].filter((key) => this.hasTokenName(key)).sort().map((key) => this.entries.get(key)!.repository.repositoryArn);
  }

  /** Records that builds can create repositories under a prefix, for the images of catalogs. */
  public noteCreatedUnder(prefix: string): void {
    this.createdUnder.add(prefix);
    for (const [name, { lifecycle }] of this.entries) if (name.startsWith(`${prefix}/`)) lifecycle?.noteMarks();
  }

  /** Records the tags that the list of a catalog names, where it is known at synthesis. */
  public noteTagsOfCatalog(tags: readonly string[]): void {
    for (const tag of tags) this.tagsOfCatalogs.add(tag);
  }

  /** Calls a function once, for the first image of an upstream registry. */
  public onceMirroringFrom(registry: string, listener: () => void): void {
    this.listeners.set(registry, listener);
  }

  /** Records that builds mirror images of an upstream registry, or may do so. */
  public noticeRegistry(registry: string): void {
    const listener = this.listeners.get(registry);
    this.listeners.delete(registry);
    listener?.();
  }

  private validate(): string[] {
    const own = [...this.entries].filter(([, { owner }]) => owner !== undefined);
    // Warnings too: only now, all aspects have run.
    adviseOnLifecycles([...this.entries.values()]);
    const defined = new Map([...own.map(([name, { repository }]) => [name, repository] as const), ...this.internal]);
    return [
      ...own.flatMap(([, { mutability }]) => mutability!.validate()),
      ...own.flatMap(([, { lifecycle, repository }]) => lifecycle!.validate(repository)),
      ...this.createdUnder.size === 0 ? [] : catalogRuleProblems(this.settings, [...this.tagsOfCatalogs]),
      ...definedTwiceProblems({ mirror: this.mirror, defined, createdUnder: [...this.createdUnder] }),
    ];
  }

  private hasTokenName(key: string): boolean {
    const { owner, repository } = this.entries.get(key)!;
    return owner === undefined && Token.isUnresolved(repository.repositoryName);
  }

  private add(key: string, target: ImageTarget, stack: Stack): Entry {
    const isOwn = target.existingRepository === undefined;
    const [mutability, lifecycle] = isOwn ? [this.defineMutability(target), this.defineLifecycle(target)] : [];
    // The scope is not the image: a repository outlives its first image, and its logical id must not depend on which image that was.
    const scope = () => scopeInStack(stack, this.mirror, 'Repositories');
    const repository = target.existingRepository ?? defineRepositoryOfImages(scope(), target.repositoryName, mutability!, this.settings);
    lifecycle?.render(repository);
    const owner = isOwn ? stack : undefined;
    if (owner !== undefined) noteOwner(repository, this.mirror);
    const { isCustom = false, source: firstSource } = target;
    const images = { targets: [], upstreams: new Map(), sourceOfTags: new Map<string, string>() };
    const entry = { repository, owner, isCustom, firstSource, ...images, mutability, lifecycle };
    this.entries.set(key, entry);
    for (const statement of this.policyStatements) addToResourcePolicy(repository, statement);
    return entry;
  }

  private defineMutability(target: ImageTarget): RepositoryMutability {
    const mutability = new RepositoryMutability(target.repositoryName, this.settings.imageTagMutability);
    mutability.add(target.source, target);
    return mutability;
  }

  private defineLifecycle(target: ImageTarget): RepositoryLifecycle {
    const lifecycle = new RepositoryLifecycle(target.repositoryName, this.settings);
    lifecycle.add(target);
    // Catalogs can use the repository too.
    if ([...this.createdUnder].some((prefix) => target.repositoryName.startsWith(`${prefix}/`))) lifecycle.noteMarks();
    return lifecycle;
  }
}

function internalProblem(source: string, name: string): string {
  return `${quote(source)} uses the repository ${quote(name)}, which the mirror needs for the checks of new images; set another repositoryName`;
}

/** A repository with a name that is not known at synthesis is identified by its construct. */
function keyOf({ existingRepository, repositoryName }: ImageTarget): string {
  return Token.isUnresolved(repositoryName) ? `token:${existingRepository!.node.path}` : repositoryName;
}

/** A policy may merge a statement with others, so it gets a copy. */
function addToResourcePolicy(repository: ecr.IRepository, statement: iam.PolicyStatement): void {
  if (repository.addToResourcePolicy(statement.copy()).statementAdded) return;
  Annotations.of(repository).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.existingRepositoryPolicy',
    `the app does not define the repository ${quote(repository.node.path)}, so its policy does not grant pull permission yet; `
    + `allow ${statement.actions.join(', ')} in its policy where it is defined`,
  );
}

function requireNoContradiction(target: ImageTarget, stack: Stack, entry: Entry): void {
  const both = `${quote(target.source)} and ${quote(entry.firstSource)}`;
  if ((target.existingRepository === undefined) !== (entry.owner !== undefined)) {
    throw new Error(`${both} contradict each other: one uses an existing repository as ${formatName(target)}, the other lets the mirror define it; `
      + 'set repository for both or for neither');
  }
  if (entry.owner !== undefined && entry.owner !== stack) {
    throw new Error(`${both} use ${formatName(target)} but are in two stacks, ${quote(stack.node.path)} and ${quote(entry.owner.node.path)}; `
      + 'define both in one stack, or set another repositoryName for one of them');
  }
  requireFreeTags(target, entry);
  requireChosenTogether(target, entry);
}

/** Derived names are unique, so two upstream repositories are in one repository only when the app chose it for both. */
function requireChosenTogether(target: ImageTarget, { upstreams }: Entry): void {
  const upstream = repositoryIn(target.source);
  const [, other] = [...upstreams].find(([name, one]) => name !== upstream && !(one.hasChosenRepository && target.hasChosenRepository)) ?? [];
  if (other === undefined) return;
  throw new Error(`${quote(target.source)} and ${quote(other.source)} are different upstream images, and both use ${formatName(target)}; `
    + 'set another repositoryName for one of them, or the same repositoryName for both to share it');
}

function requireFreeTags(target: ImageTarget, { sourceOfTags }: Entry): void {
  const { source, tags } = target;
  const other = sourceOfTags.get(formatTags(tags));
  if (other === undefined) return;
  if (other === source) throw new Error(`${quote(source)}${formatFilter(tags)} is already in the mirror; remove one of the two`);
  const noun = 'tag' in tags ? `the tag ${quote(tags.tag)}` : `the tags ${formatTags(tags)}`;
  throw new Error(`${quote(source)} and ${quote(other)} both use ${noun} in ${formatName(target)}; set another repositoryName for one of them`);
}

function formatName({ repositoryName }: ImageTarget): string {
  return Token.isUnresolved(repositoryName) ? 'an existing repository' : `the repository ${quote(repositoryName)}`;
}

function formatFilter(tags: DeclaredTags): string {
  return 'filter' in tags ? ` with the filter ${formatTags(tags)}` : '';
}

/**
 * Defines a repository of images.
 *
 * The logical id depends only on the name and the path of the scope. A changed id would replace the repository and lose its images.
 */
function defineRepositoryOfImages(scope: Construct, name: string, mutability: RepositoryMutability, settings: RepositorySettings): ecr.Repository {
  const { imageScanOnPush } = settings;
  const repository = defineRepository(scope, constructId(name), { name, settings, imageScanOnPush, lifecycleRules: [untaggedImageRule(settings)] });
  mutability.render(repository.node.defaultChild as ecr.CfnRepository);
  return repository;
}

/** A construct id cannot contain a slash. A repository name cannot contain a colon, so two names never have the same id. */
function constructId(name: string): string {
  return name.replace(/\//g, ':');
}
