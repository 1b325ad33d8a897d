import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { warnAboutImmutability } from './cache-limits';
import { quote } from '../image/sanitize';
import { ROOT_PREFIX } from '../image/pull-through';
import { reservePrefix } from '../repositories/prefix-reservations';
import { requireLiteral } from '../synthesis/literal';

/**
 * What the repositories are like that Amazon ECR creates for a pull-through cache.
 */
export interface CreationTemplateOptions {
  /**
   * The repositories that the template is for: all whose names start with this prefix and a slash.
   *
   * `ROOT` stands for all of the account and Region that no other template is for. So one template can serve several caches;
   * leave it out of the others with `CreationTemplate.none()`.
   *
   * @default - the repository prefix of the cache
   */
  readonly prefix?: string;

  /**
   * Whether tags can move to another image.
   *
   * In immutable repositories, Amazon ECR never updates the image that a tag names, and a tag like `latest` stays what it was at the first pull.
   *
   * @default ecr.TagMutability.MUTABLE
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The tags that are exceptions from `imageTagMutability`, which must then be one of the `_WITH_EXCLUSION` values: one to five.
   *
   * @default - none
   */
  readonly imageTagMutabilityExclusionFilters?: ecr.ImageTagMutabilityExclusionFilter[];

  /**
   * The lifecycle rules. An empty list keeps all images for ever.
   *
   * An image that has expired is pulled from upstream again when somebody asks for its tag, as long as it is still there.
   *
   * @default - images that no tag names any more expire after 30 days
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * The key that encrypts the repositories.
   *
   * @default - Amazon ECR's own key (AES-256)
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The resource tags of the repositories, which those of the app do not become by themselves.
   *
   * @default - none
   */
  readonly repositoryTags?: { [key: string]: string };

  /**
   * The role with which Amazon ECR creates repositories that have a key or resource tags. `ecr.amazonaws.com` must be able to take it.
   *
   * It is granted `ecr:CreateRepository` and `ecr:TagResource`, and for the key `kms:CreateGrant`, `kms:RetireGrant` and `kms:DescribeKey`.
   *
   * @default - with `encryptionKey` or `repositoryTags`, one is defined; else Amazon ECR uses its service-linked role
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
   */
  readonly role?: iam.IRole;

  /**
   * Who may use the repositories, beside those whom the account lets do so with IAM. The grants of the cache to organizations and accounts are added.
   *
   * @default - nobody
   */
  readonly repositoryPolicy?: iam.PolicyStatement[];
}

/**
 * The repository creation template of a pull-through cache.
 *
 * It counts for repositories that are created afterward: those that exist keep what they have.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export class CreationTemplate {
  /**
   * A template of the cache's own.
   */
  public static of(options: CreationTemplateOptions = {}): CreationTemplate {
    return new CreationTemplate(options);
  }

  /**
   * No template: the repositories get what another template says, or else Amazon ECR's defaults, with which images never expire.
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

/** Old images of a tag that moved are of no use, but may still be running. */
const DEFAULT_LIFECYCLE_RULES: ecr.LifecycleRule[] = [{
  description: 'Expire images that no tag names any more',
  tagStatus: ecr.TagStatus.UNTAGGED,
  maxImageAge: Duration.days(30),
}];

/** A template, and the policy of the repositories that it is for, which can still grow. */
export interface CacheTemplate {
  readonly resource: ecr.CfnRepositoryCreationTemplate;
  readonly repositoryPolicy: iam.PolicyDocument;
}

/**
 * Defines the repository creation template of a cache.
 *
 * @throws Error when it is for none of the cache's repositories, and when a statement of the policy names a resource or no principal
 */
export function defineCacheTemplate(scope: Construct, id: string, repositoryPrefix: string, options: CreationTemplateOptions): CacheTemplate {
  const prefix = templatePrefix(options.prefix ?? repositoryPrefix, repositoryPrefix);
  reservePrefix(scope, 'repository creation template', prefix, 'set creationTemplate: CreationTemplate.none() for one of them');
  const { imageTagMutability, imageTagMutabilityExclusionFilters, lifecyclePolicy } = renderLikeRepository(options);
  const repositoryPolicy = new iam.PolicyDocument({ statements: (options.repositoryPolicy ?? []).map(refuseStatement) });
  const role = cacheCreationRole(scope, `${id}Role`, prefix, options);
  const resource = new ecr.CfnRepositoryCreationTemplate(scope, id, {
    appliedFor: ['PULL_THROUGH_CACHE'],
    prefix,
    description: 'Repositories of a pull-through cache',
    imageTagMutability,
    imageTagMutabilityExclusionFilters,
    lifecyclePolicy,
    encryptionConfiguration: options.encryptionKey && { encryptionType: 'KMS', kmsKey: options.encryptionKey.keyArn },
    customRoleArn: role?.roleArn,
    repositoryPolicy: Lazy.string({ produce: () => repositoryPolicy.isEmpty ? undefined : Stack.of(scope).toJsonString(repositoryPolicy) }),
    resourceTags: options.repositoryTags && Object.entries(options.repositoryTags).map(([key, value]) => ({ key, value })),
  });
  createRepositoriesStatement(resource, role);
  if (imageTagMutability === ecr.TagMutability.IMMUTABLE) warnAboutImmutability(resource);
  return { resource, repositoryPolicy };
}

/** A statement as a repository's policy takes it. */
function refuseStatement(statement: iam.PolicyStatement): iam.PolicyStatement {
  if (!statement.hasPrincipal) throw new Error('a statement of a repository policy must say who may pull; set principals');
  if (statement.hasResource) throw new Error('a statement of a repository policy is about the repository that has the policy, and Amazon ECR takes no resources in it; leave them out');
  return statement;
}

function templatePrefix(prefix: string, repositoryPrefix: string): string {
  requireLiteral(prefix, 'the prefix of the creation template', 'write it as a string');
  if (prefix === ROOT_PREFIX || prefix === repositoryPrefix || repositoryPrefix.startsWith(`${prefix}/`)) return prefix;
  throw new Error(`the creation template with the prefix ${quote(prefix)} is for none of the cache's repositories, which are under ${quote(repositoryPrefix)}; leave prefix out, or write ${quote(ROOT_PREFIX)} for all repositories of the account and Region`);
}

/** What the CDK's repository makes of its options. It refuses those that contradict each other, so the template does too. */
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

/** The role that creates repositories; undefined where Amazon ECR's service-linked role can. */
function cacheCreationRole(scope: Construct, id: string, prefix: string, options: CreationTemplateOptions): iam.IRole | undefined {
  const { role, encryptionKey, repositoryTags } = options;
  if (role === undefined && encryptionKey === undefined && repositoryTags === undefined) return undefined;
  return creationRole(scope, id, { purpose: 'a pull-through cache', repositories: [prefix === ROOT_PREFIX ? '*' : `${prefix}/*`], encryptionKey, role });
}

/** What Amazon ECR creates repositories with. */
export interface CreationRoleProps {
  /** What the repositories are for. */
  readonly purpose: string;
  /** The repositories, as patterns of their names: `mirror/*`. */
  readonly repositories: readonly string[];
  readonly encryptionKey?: kms.IKey;
  /** A role that is there already. */
  readonly role?: iam.IRole;
}

/**
 * The role with which Amazon ECR creates repositories that have a key or resource tags.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
 */
export function creationRole(scope: Construct, id: string, props: CreationRoleProps): iam.IRole {
  const role = props.role ?? new iam.Role(scope, id, {
    description: `Amazon ECR, when it creates repositories of ${props.purpose}`,
    // No conditions: which keys Amazon ECR sends along when it takes the role is not documented.
    assumedBy: new iam.ServicePrincipal('ecr.amazonaws.com'),
  });
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: ['ecr:CreateRepository', 'ecr:TagResource'],
    resources: props.repositories.map((resourceName) => Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName })),
  }));
  props.encryptionKey?.grant(role, 'kms:CreateGrant', 'kms:RetireGrant', 'kms:DescribeKey');
  return role;
}

/** Lets a template, and with it whatever waits for that, wait for the role and for the policies of the role, which its ARN does not stand for. */
export function createRepositoriesStatement(template: Construct, role: iam.IRole | undefined): void {
  if (role !== undefined) template.node.addDependency(role);
}
