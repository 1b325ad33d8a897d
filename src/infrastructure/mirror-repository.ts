import { Duration, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

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
    lifecycleRules: [untaggedImagesExpire(options)],
  });
  const resource = repository.node.defaultChild as ecr.CfnRepository;
  resource.repositoryName = name;
  renderMutability(resource, mutableTags);
  return repository;
}

/** The only lifecycle rule of the mirror's repositories. */
export function untaggedImagesExpire({ untaggedImageExpiry }: MirrorRepositoryOptions): ecr.LifecycleRule {
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
