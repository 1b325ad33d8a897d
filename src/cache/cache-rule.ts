import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { CacheCredentials } from './cache-credentials';
import { UpstreamRegistry } from './upstream-registry';
import { CachePrefixes, cachePrefixProblem, PullThroughUpstream, ROOT_PREFIX } from '../image/pull-through';
import { quote } from '../image/sanitize';
import { reservePrefix } from '../repositories/prefix-reservations';
import { isSameEnvironment } from '../synthesis/environments';
import { requireLiteral } from '../synthesis/literal';

/** The properties of a pull-through cache rule, which are those of its `PullThroughCache`. */
export interface CacheRuleProps {
  readonly upstream: UpstreamRegistry;
  readonly credentials?: CacheCredentials;
  readonly repositoryPrefix?: string;
  readonly upstreamRepositoryPrefix?: string;
  readonly upstreamRole?: iam.IRole;
}

/**
 * The prefixes of a cache. The defaults are the prefix of the upstream registry, and all upstream repositories.
 *
 * @throws Error when a prefix is not valid in Amazon ECR
 */
export function cachePrefixes(props: CacheRuleProps): CachePrefixes {
  const { upstream, repositoryPrefix = upstream._upstream().prefix, upstreamRepositoryPrefix = ROOT_PREFIX } = props;
  requireCachePrefix('repositoryPrefix', repositoryPrefix);
  requireCachePrefix('upstreamRepositoryPrefix', upstreamRepositoryPrefix);
  if (repositoryPrefix === ROOT_PREFIX && upstreamRepositoryPrefix !== ROOT_PREFIX) {
    throw new Error(`repositoryPrefix is "${ROOT_PREFIX}", which Amazon ECR does not support with upstreamRepositoryPrefix; `
      + 'set another repositoryPrefix, or remove upstreamRepositoryPrefix');
  }
  return { repositoryPrefix, upstreamRepositoryPrefix };
}

/**
 * Defines the pull-through cache rule, with the secret or the role that it needs.
 *
 * @throws Error when credentials are missing, when credentials or a role are not supported, and when another cache has the prefix
 */
export function defineCacheRule(scope: Construct, id: string, props: CacheRuleProps, prefixes: CachePrefixes): ecr.CfnPullThroughCacheRule {
  const { kind, url } = props.upstream._upstream();
  reservePrefix(scope, 'pull-through cache rule', prefixes.repositoryPrefix, 'set another repositoryPrefix, or use that cache');
  const rule = new ecr.CfnPullThroughCacheRule(scope, id, {
    ecrRepositoryPrefix: prefixes.repositoryPrefix,
    upstreamRegistry: kind,
    upstreamRegistryUrl: url,
    upstreamRepositoryPrefix: prefixes.upstreamRepositoryPrefix === ROOT_PREFIX ? undefined : prefixes.upstreamRepositoryPrefix,
    credentialArn: credentialArn(scope, props),
    customRoleArn: upstreamRoleArn(scope, props, prefixes),
  });
  rule.node.addValidation({ validate: () => definedTwiceProblems(rule, prefixes.repositoryPrefix) });
  return rule;
}

/**
 * Validates that no rule outside of this library has the same prefix, such as the rule that a cache replaces. Returns the problems. Amazon ECR would
 * refuse the second rule during the deployment.
 */
function definedTwiceProblems(rule: ecr.CfnPullThroughCacheRule, prefix: string): string[] {
  return rule.node.root.node.findAll()
    .filter((node): node is ecr.CfnPullThroughCacheRule => node instanceof ecr.CfnPullThroughCacheRule && node !== rule)
    .filter((other) => other.cfnOptions.condition === undefined && !Token.isUnresolved(other.ecrRepositoryPrefix))
    .filter((other) => other.ecrRepositoryPrefix === prefix && isSameEnvironment(Stack.of(rule), Stack.of(other)))
    .map((other) => `the prefix ${quote(prefix)} already has a pull-through cache rule, which ${quote(other.node.path)} defines, but Amazon ECR `
      + 'allows one in an account and Region; set another repositoryPrefix, or remove that rule and deploy before you define this cache, '
      + 'or set the env of the stacks if they are deployed to different accounts or Regions');
}

function credentialArn(scope: Construct, { upstream, credentials }: CacheRuleProps): string | undefined {
  const { authentication, registry } = upstream._upstream();
  if (authentication === 'secret' && credentials === undefined) {
    throw new Error(`Amazon ECR requires credentials for ${quote(registry)}, also for public images; `
      + 'set credentials: CacheCredentials.fromSecret(secret)');
  }
  if (authentication !== 'secret' && credentials !== undefined) {
    throw new Error(`Amazon ECR does not support credentials for ${quote(registry)}; remove credentials, or use an ImageMirror for private images`);
  }
  const secret = credentials?._bind(scope);
  return secret?.secretFullArn ?? secret?.secretArn;
}

function upstreamRoleArn(scope: Construct, { upstream, upstreamRole }: CacheRuleProps, prefixes: CachePrefixes): string | undefined {
  const definition = upstream._upstream();
  if (definition.authentication !== 'role') {
    if (upstreamRole === undefined) return undefined;
    throw new Error(`upstreamRole is only for an upstream Amazon ECR, and the upstream is ${quote(definition.registry)}; remove upstreamRole`);
  }
  const { account, region } = Stack.of(scope);
  if (account === definition.account && region === definition.region) {
    throw new Error(`the upstream ${quote(definition.registry)} is the registry of the cache itself; `
      + 'use its repositories, or an upstream in another account or Region');
  }
  if (upstreamRole !== undefined) return upstreamRole.roleArn;
  // Assume that an unknown account is another one.
  if (account === definition.account) return undefined;
  return defineUpstreamRole(scope, 'UpstreamRole', definition, prefixes).roleArn;
}

function requireCachePrefix(property: string, prefix: string): void {
  const problem = cachePrefixProblem(requireLiteral(prefix, property, 'write it as a string'));
  if (problem !== undefined) {
    throw new Error(`${property} ${quote(prefix)} is not valid: ${problem}; set another ${property}, for example "docker-hub"`);
  }
}

/** The actions of Amazon ECR on upstream and cached repositories: reading images, and the status of copies. */
const IMPORT_ACTIONS = ['ecr:BatchGetImage', 'ecr:BatchImportUpstreamImage', 'ecr:GetDownloadUrlForLayer', 'ecr:GetImageCopyStatus'];

/** The actions of Amazon ECR on cached repositories only. */
const CACHE_ACTIONS = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];

/**
 * Defines the role that Amazon ECR assumes to pull from the Amazon ECR of another account.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
 */
function defineUpstreamRole(scope: Construct, id: string, upstream: PullThroughUpstream, prefixes: CachePrefixes): iam.Role {
  const stack = Stack.of(scope);
  const arn = (prefix: string, environment: { account?: string; region?: string } = {}) =>
    stack.formatArn({ service: 'ecr', resource: 'repository', resourceName: prefix === ROOT_PREFIX ? '*' : `${prefix}/*`, ...environment });
  const cache = arn(prefixes.repositoryPrefix);
  const source = arn(prefixes.upstreamRepositoryPrefix, { account: upstream.account, region: upstream.region });
  return new iam.Role(scope, id, {
    description: `Allows Amazon ECR to pull from ${upstream.registry}`,
    // No conditions: AWS does not document the condition keys of this request.
    assumedBy: new iam.ServicePrincipal('pullthroughcache.ecr.amazonaws.com'),
    inlinePolicies: {
      PullThroughCache: new iam.PolicyDocument({
        statements: [
          // The action does not support resource-level permissions.
          new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
          new iam.PolicyStatement({ actions: IMPORT_ACTIONS, resources: [source, cache] }),
          new iam.PolicyStatement({ actions: CACHE_ACTIONS, resources: [cache] }),
        ],
      }),
    },
  });
}
