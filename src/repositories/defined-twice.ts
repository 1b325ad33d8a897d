import { CfnResource, Stack, Stage, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { ROOT_PREFIX } from '../image/pull-through';
import { quote } from '../image/sanitize';
import { isSameEnvironment } from '../synthesis/environments';

/** The repositories that a mirror defines or can create. */
export interface MirrorRepositories {
  readonly mirror: IConstruct;
  /** The repositories that the mirror defines, by their names. */
  readonly defined: ReadonlyMap<string, IConstruct>;
  /** The prefixes under which builds can create repositories. Empty for a mirror without catalogs. */
  readonly createdUnder: readonly string[];
}

/** The mirror that defines a repository. */
const OWNERS = new WeakMap<IConstruct, IConstruct>();

/** Records that a mirror defines a repository. Errors then name the mirror. */
export function noteOwner(repository: IConstruct, mirror: IConstruct): void {
  OWNERS.set(repository, mirror);
}

/**
 * Validates that no other construct of the app defines the same repositories in the same account and Region. Returns the problems, one for each
 * other construct.
 *
 * It searches the whole app, because stages are synthesized separately. It also finds resources that do not belong to this library.
 */
export function definedTwiceProblems(own: MirrorRepositories): string[] {
  const conflicts = new Map<IConstruct, string[]>();
  for (const resource of own.mirror.node.root.node.findAll()) {
    if (!CfnResource.isCfnResource(resource) || isConditional(resource)) continue;
    const owner = ownerOf(resource);
    const names = owner === own.mirror ? [] : conflictingNames(own, resource, owner);
    if (names.length > 0) conflicts.set(owner, [...conflicts.get(owner) ?? [], ...names]);
  }
  return [...conflicts].map(([other, names]) => problem(own, other, [...new Set(names)].sort()));
}

/** Two resources with conditions may be alternatives of each other. */
function isConditional(resource: IConstruct | undefined): boolean {
  return CfnResource.isCfnResource(resource) && resource.cfnOptions.condition !== undefined;
}

/** The construct that an error names: the mirror, the repository, or the cache that has the resource. */
function ownerOf(resource: CfnResource): IConstruct {
  const scope = resource.node.scope!;
  const isPart = scope instanceof ecr.Repository || (resource instanceof ecr.CfnPullThroughCacheRule && !(scope instanceof Stack));
  return OWNERS.get(scope) ?? (isPart ? scope : resource);
}

/** The names of repositories that the mirror and a resource both define. */
function conflictingNames(own: MirrorRepositories, resource: CfnResource, owner: IConstruct): string[] {
  const createdUnder = isHere(own.mirror, resource) ? own.createdUnder : [];
  if (resource instanceof ecr.CfnRepository) return conflictingRepository({ ...own, createdUnder }, resource, owner);
  if (!(resource instanceof ecr.CfnPullThroughCacheRule)) return [];
  const cache = literal(resource.ecrRepositoryPrefix);
  if (cache === undefined || cache === ROOT_PREFIX) return [];
  const cached = [...own.defined].filter(([name, repository]) => isUnder(name, cache) && isHere(repository, resource)).map(([name]) => name);
  return [...cached, ...createdUnder.filter((prefix) => isUnder(prefix, cache) || isUnder(cache, prefix)).map((prefix) => `${prefix}/*`)];
}

function conflictingRepository({ mirror, defined, createdUnder }: MirrorRepositories, resource: ecr.CfnRepository, owner: IConstruct): string[] {
  const name = literal(resource.repositoryName);
  if (name === undefined) return [];
  const isOfMirror = OWNERS.has(resource.node.scope!);
  if (isOfMirror && createdUnder.some((prefix) => isUnder(name, prefix))) return [name];
  const repository = defined.get(name);
  if (repository === undefined || isConditional(repository.node.defaultChild) || !isHere(repository, resource)) return [];
  // Both mirrors of a stage are validated, so only one of them reports the problem.
  const isReported = isOfMirror && Stage.of(owner) === Stage.of(mirror) && owner.node.path < mirror.node.path;
  return isReported ? [] : [name];
}

function isHere(construct: IConstruct, resource: CfnResource): boolean {
  return isSameEnvironment(Stack.of(construct), Stack.of(resource));
}

function literal(name: string | undefined): string | undefined {
  return name === undefined || Token.isUnresolved(name) ? undefined : name;
}

function isUnder(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}/`);
}

/** The maximum number of repositories that an error names. */
const MAX_SHOWN = 3;

function problem({ mirror }: MirrorRepositories, other: IConstruct, names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  const noun = names.length === 1 ? 'the repository' : 'the repositories';
  return `${noun} ${names.slice(0, MAX_SHOWN).map(quote).join(', ')}${more} would have two owners in one account and Region: `
    + `${quote(mirror.node.path)} and ${quote(other.node.path)}, but Amazon ECR has each repository once; ${remedy(other)}`;
}

function remedy(other: IConstruct): string {
  const otherEnvironment = 'or set the env of the stacks if they are deployed to different accounts or Regions';
  if (other instanceof ecr.CfnRepository || other instanceof ecr.Repository) {
    return `pass the repository to the image with repository, set another repositoryPrefix or repositoryName, ${otherEnvironment}`;
  }
  if (other.node.findAll().some((child) => child instanceof ecr.CfnPullThroughCacheRule)) {
    return `set another repositoryPrefix for the mirror or the cache, ${otherEnvironment}`;
  }
  return 'define the mirror once and use it from both places, set another repositoryPrefix for one of the mirrors, '
    + `import an image of the other mirror with ImageMirror.fromImageMirrorAttributes(), ${otherEnvironment}`;
}
