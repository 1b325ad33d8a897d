import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { warnOfImmutability } from './cache-limits';
import { claimPrefix } from './cache-prefix-claims';
import { CreationTemplateOptions } from '../../creation-template';
import { quote } from '../../image/image-reference';
import { ROOT } from '../../image/pull-through';
import { creationRole, mayCreate } from '../creation-role';
import { requireLiteral } from '../literal';

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
  claimPrefix(scope, 'repository creation template', prefix, 'set creationTemplate: CreationTemplate.none() for one of them');
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
  mayCreate(resource, role);
  if (imageTagMutability === ecr.TagMutability.IMMUTABLE) warnOfImmutability(resource);
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
  if (prefix === ROOT || prefix === repositoryPrefix || repositoryPrefix.startsWith(`${prefix}/`)) return prefix;
  throw new Error(`the creation template with the prefix ${quote(prefix)} is for none of the cache's repositories, which are under ${quote(repositoryPrefix)}; leave prefix out, or write ${quote(ROOT)} for all repositories of the account and Region`);
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
  return creationRole(scope, id, { purpose: 'a pull-through cache', repositories: [prefix === ROOT ? '*' : `${prefix}/*`], encryptionKey, role });
}
