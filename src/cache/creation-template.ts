import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { warnAboutImmutability } from './cache-limits';
import { ROOT_PREFIX } from '../image/pull-through';
import { quote } from '../image/sanitize';
import {
  defineCreationRole, dependOnCreationRole, EncryptionConfiguration, encryptionConfiguration, requireRepositoryTags,
} from '../repositories/encryption-and-tags';
import { reservePrefix } from '../repositories/prefix-reservations';
import { requireLiteral } from '../synthesis/literal';

/**
 * Options of a `CreationTemplate`: the settings of repositories that Amazon ECR creates for a pull-through cache.
 */
export interface CreationTemplateOptions {
  /**
   * The prefix of the repositories that the template applies to, without a final slash.
   *
   * `ROOT` means all repositories of the account and Region that no other template applies to. With `ROOT`, one template can serve several caches:
   * set `creationTemplate: CreationTemplate.none()` for the other caches.
   *
   * @default - the repository prefix of the cache
   */
  readonly prefix?: string;

  /**
   * The mutability of tags.
   *
   * In immutable repositories, Amazon ECR never updates a tag such as `latest` after its first pull.
   *
   * @default ecr.TagMutability.MUTABLE
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The tags that are exceptions from `imageTagMutability`: 1 to 5 filters. `imageTagMutability` must then be one of the `_WITH_EXCLUSION` values.
   *
   * @default - none
   */
  readonly imageTagMutabilityExclusionFilters?: ecr.ImageTagMutabilityExclusionFilter[];

  /**
   * The lifecycle rules. With an empty list, images never expire.
   *
   * The next pull of an expired image copies the image from upstream again, if upstream still has it.
   *
   * @default - untagged images expire after 30 days
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * The KMS key that encrypts the repositories.
   *
   * @default - a key that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The type of encryption of the repositories. `KMS` and `KMS_DSSE` use `encryptionKey`, or the key `aws/ecr`, which AWS manages.
   *
   * @default - `KMS` if `encryptionKey` is set, and `AES_256` otherwise
   */
  readonly encryption?: ecr.RepositoryEncryption;

  /**
   * The resource tags of the repositories. The tags of the app do not apply to them.
   *
   * @default - none
   */
  readonly repositoryTags?: { [key: string]: string };

  /**
   * The role that Amazon ECR assumes to create repositories with a KMS key or resource tags. Its trust policy must allow `ecr.amazonaws.com`.
   *
   * The role gets permission for the actions `ecr:CreateRepository` and `ecr:TagResource`, and for the actions `kms:CreateGrant`, `kms:RetireGrant`,
   * and `kms:DescribeKey` on the key.
   *
   * @default - a new role if `repositoryTags` is set, or KMS encryption; otherwise the service-linked role of Amazon ECR
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
   */
  readonly role?: iam.IRole;

  /**
   * The statements of the repository policy: with principals, and without resources.
   *
   * `grantPullToOrganization()` and `grantPullToAccounts()` of the cache add statements.
   *
   * @default - no statements: only IAM policies of the account give access
   */
  readonly repositoryPolicy?: iam.PolicyStatement[];
}

/**
 * The repository creation template of a pull-through cache.
 *
 * It applies to new repositories. Existing repositories keep their settings.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export class CreationTemplate {
  /**
   * A creation template for the cache. The cache throws an error when an option is not valid.
   */
  public static of(options: CreationTemplateOptions = {}): CreationTemplate {
    return new CreationTemplate(options);
  }

  /**
   * No creation template for the cache. Another template that matches applies, or else the defaults of Amazon ECR: images never expire.
   */
  public static none(): CreationTemplate {
    return new CreationTemplate(undefined);
  }

  private constructor(private readonly options: CreationTemplateOptions | undefined) {}

  /** @internal */
  public _options(): CreationTemplateOptions | undefined {
    return this.options;
  }
}

/** A moved tag leaves an untagged image. It expires late, because it can still be in use. */
const DEFAULT_LIFECYCLE_RULES: ecr.LifecycleRule[] = [{
  description: 'Expire images that no tag names any more',
  tagStatus: ecr.TagStatus.UNTAGGED,
  maxImageAge: Duration.days(30),
}];

/** A creation template, and its repository policy, which grants extend. */
export interface CacheTemplate {
  readonly resource: ecr.CfnRepositoryCreationTemplate;
  readonly repositoryPolicy: iam.PolicyDocument;
}

/**
 * Defines the repository creation template of a cache.
 *
 * @throws Error when the template does not apply to the cache, and when a statement of the policy has resources or no principal
 */
export function defineCacheTemplate(scope: Construct, id: string, repositoryPrefix: string, options: CreationTemplateOptions): CacheTemplate {
  const prefix = templatePrefix(options.prefix ?? repositoryPrefix, repositoryPrefix);
  reservePrefix(scope, 'repository creation template', prefix, 'set creationTemplate: CreationTemplate.none() for one of them');
  const { imageTagMutability, imageTagMutabilityExclusionFilters, lifecyclePolicy } = renderLikeRepository(options);
  const repositoryPolicy = new iam.PolicyDocument({ statements: (options.repositoryPolicy ?? []).map(requireRepositoryStatement) });
  const encryption = encryptionConfiguration(options);
  const role = cacheCreationRole(scope, `${id}Role`, prefix, { ...options, encryption });
  const resource = new ecr.CfnRepositoryCreationTemplate(scope, id, {
    appliedFor: ['PULL_THROUGH_CACHE'],
    prefix,
    description: 'Repositories of a pull-through cache',
    imageTagMutability,
    imageTagMutabilityExclusionFilters,
    lifecyclePolicy,
    encryptionConfiguration: encryption,
    customRoleArn: role?.roleArn,
    repositoryPolicy: Lazy.string({ produce: () => repositoryPolicy.isEmpty ? undefined : Stack.of(scope).toJsonString(repositoryPolicy) }),
    resourceTags: options.repositoryTags && requireRepositoryTags(options.repositoryTags),
  });
  dependOnCreationRole(resource, role);
  if (imageTagMutability === ecr.TagMutability.IMMUTABLE) warnAboutImmutability(resource);
  return { resource, repositoryPolicy };
}

/** @throws Error when a statement is not valid in a repository policy */
function requireRepositoryStatement(statement: iam.PolicyStatement): iam.PolicyStatement {
  if (!statement.hasPrincipal) throw new Error('a statement of a repository policy has no principals; set principals');
  if (statement.hasResource) {
    throw new Error('a statement of a repository policy must not have resources, because it applies to its repository; remove resources');
  }
  return statement;
}

function templatePrefix(prefix: string, repositoryPrefix: string): string {
  requireLiteral(prefix, 'the prefix of the creation template', 'write it as a string');
  if (prefix === ROOT_PREFIX || prefix === repositoryPrefix || repositoryPrefix.startsWith(`${prefix}/`)) return prefix;
  throw new Error(`the creation template has the prefix ${quote(prefix)}, `
    + `which does not apply to the cache with the prefix ${quote(repositoryPrefix)}; `
    + `remove prefix, or set ${quote(ROOT_PREFIX)} for all repositories of the account and Region`);
}

/** Renders options with the CDK's `Repository`, which also validates them. */
function renderLikeRepository(options: CreationTemplateOptions) {
  const stack = new Stack();
  const repository = new ecr.Repository(stack, 'Repository', {
    imageTagMutability: options.imageTagMutability ?? ecr.TagMutability.MUTABLE,
    imageTagMutabilityExclusionFilters: options.imageTagMutabilityExclusionFilters,
    lifecycleRules: options.lifecycleRules ?? DEFAULT_LIFECYCLE_RULES,
  });
  const resource = repository.node.defaultChild as ecr.CfnRepository;
  const lifecyclePolicy: ecr.CfnRepository.LifecyclePolicyProperty | undefined = stack.resolve(resource.lifecyclePolicy);
  return {
    imageTagMutability: resource.imageTagMutability,
    imageTagMutabilityExclusionFilters: resource.imageTagMutabilityExclusionFilters,
    lifecyclePolicy: lifecyclePolicy?.lifecyclePolicyText,
  };
}

/** The role that creates repositories; undefined when the service-linked role of Amazon ECR is sufficient. */
function cacheCreationRole(scope: Construct, id: string, prefix: string, options: CacheRoleOptions): iam.IRole | undefined {
  const { role, encryption, encryptionKey, repositoryTags } = options;
  if (role === undefined && encryption === undefined && repositoryTags === undefined) return undefined;
  const repositories = [prefix === ROOT_PREFIX ? '*' : `${prefix}/*`];
  return defineCreationRole(scope, id, { purpose: 'a pull-through cache', repositories, encryption, encryptionKey, role });
}

interface CacheRoleOptions extends Pick<CreationTemplateOptions, 'role' | 'encryptionKey' | 'repositoryTags'> {
  readonly encryption?: EncryptionConfiguration;
}
