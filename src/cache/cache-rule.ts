import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PullThroughCacheProps } from './pull-through-cache-props';
import { quote } from '../image/sanitize';
import { CachePrefixes, cachePrefixProblem, PullThroughUpstream, ROOT_PREFIX } from '../image/pull-through';
import { reservePrefix } from '../repositories/prefix-reservations';
import { requireLiteral } from '../synthesis/literal';

/**
 * The prefixes that a cache's owner chose, or those of its upstream.
 *
 * @throws Error when Amazon ECR would refuse them
 */
export function cachePrefixes(props: PullThroughCacheProps): CachePrefixes {
  const { upstream, repositoryPrefix = upstream._upstream().prefix, upstreamRepositoryPrefix = ROOT_PREFIX } = props;
  refusePrefix('repositoryPrefix', repositoryPrefix);
  refusePrefix('upstreamRepositoryPrefix', upstreamRepositoryPrefix);
  if (repositoryPrefix === ROOT_PREFIX && upstreamRepositoryPrefix !== ROOT_PREFIX) {
    throw new Error(`repositoryPrefix is "${ROOT_PREFIX}", and Amazon ECR takes upstreamRepositoryPrefix only with another; set repositoryPrefix too, or leave upstreamRepositoryPrefix out`);
  }
  return { repositoryPrefix, upstreamRepositoryPrefix };
}

/**
 * Defines the rule of a cache, with the secret or the role that it needs.
 *
 * @throws Error when credentials or a role are missing, or given where none are taken, and when another cache has the prefix
 */
export function defineCacheRule(scope: Construct, id: string, props: PullThroughCacheProps, prefixes: CachePrefixes): ecr.CfnPullThroughCacheRule {
  const { kind, url } = props.upstream._upstream();
  reservePrefix(scope, 'pull-through cache rule', prefixes.repositoryPrefix, 'set another repositoryPrefix, or use that cache');
  return new ecr.CfnPullThroughCacheRule(scope, id, {
    ecrRepositoryPrefix: prefixes.repositoryPrefix,
    upstreamRegistry: kind,
    upstreamRegistryUrl: url,
    upstreamRepositoryPrefix: prefixes.upstreamRepositoryPrefix === ROOT_PREFIX ? undefined : prefixes.upstreamRepositoryPrefix,
    credentialArn: credentialArn(scope, props),
    customRoleArn: upstreamRoleArn(scope, props, prefixes),
  });
}

function credentialArn(scope: Construct, { upstream, credentials }: PullThroughCacheProps): string | undefined {
  const { authentication, registry } = upstream._upstream();
  if (authentication === 'secret' && credentials === undefined) {
    throw new Error(`Amazon ECR pulls from ${quote(registry)} with credentials only, also public images; set credentials: CacheCredentials.fromSecret(secret)`);
  }
  if (authentication !== 'secret' && credentials !== undefined) {
    throw new Error(`Amazon ECR pulls from ${quote(registry)} without a secret, and takes none; leave credentials out, or mirror private images with an ImageMirror`);
  }
  const secret = credentials?._bind(scope);
  return secret?.secretFullArn ?? secret?.secretArn;
}

function upstreamRoleArn(scope: Construct, { upstream, upstreamRole }: PullThroughCacheProps, prefixes: CachePrefixes): string | undefined {
  const definition = upstream._upstream();
  if (definition.authentication !== 'role') {
    if (upstreamRole === undefined) return undefined;
    throw new Error(`Amazon ECR takes a role for the upstream Amazon ECR only, and this is ${quote(definition.registry)}; leave upstreamRole out`);
  }
  const { account, region } = Stack.of(scope);
  if (account === definition.account && region === definition.region) {
    throw new Error(`${quote(definition.registry)} is the registry that the cache itself is in; use its repositories, or name the Amazon ECR of another account or Region`);
  }
  if (upstreamRole !== undefined) return upstreamRole.roleArn;
  // An account that is not known yet is taken for another.
  if (account === definition.account) return undefined;
  return defineUpstreamRole(scope, 'UpstreamRole', definition, prefixes).roleArn;
}

function refusePrefix(property: string, prefix: string): void {
  requireLiteral(prefix, property, 'write it as a string');
  const problem = cachePrefixProblem(prefix);
  if (problem !== undefined) throw new Error(`${property} ${quote(prefix)} is not possible: ${problem}; set another ${property}, for example "docker-hub"`);
}

/** What Amazon ECR does with both sides: it reads upstream, and follows what it copies. */
const IMPORT_ACTIONS = ['ecr:BatchGetImage', 'ecr:BatchImportUpstreamImage', 'ecr:GetDownloadUrlForLayer', 'ecr:GetImageCopyStatus'];

/** What it does with the cache alone. */
const CACHE_ACTIONS = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];

/**
 * Defines the role with which Amazon ECR pulls from the Amazon ECR of another account.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
 */
export function defineUpstreamRole(scope: Construct, id: string, upstream: PullThroughUpstream, prefixes: CachePrefixes): iam.Role {
  const stack = Stack.of(scope);
  const arn = (prefix: string, place: { account?: string; region?: string } = {}) =>
    stack.formatArn({ service: 'ecr', resource: 'repository', resourceName: prefix === ROOT_PREFIX ? '*' : `${prefix}/*`, ...place });
  const cache = arn(prefixes.repositoryPrefix);
  const source = arn(prefixes.upstreamRepositoryPrefix, { account: upstream.account, region: upstream.region });
  return new iam.Role(scope, id, {
    description: `Amazon ECR, when it pulls from ${upstream.registry}`,
    // No conditions: which keys Amazon ECR sends along when it takes the role is not documented.
    assumedBy: new iam.ServicePrincipal('pullthroughcache.ecr.amazonaws.com'),
    inlinePolicies: {
      PullThroughCache: new iam.PolicyDocument({
        statements: [
          // The action knows no resource.
          new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
          new iam.PolicyStatement({ actions: IMPORT_ACTIONS, resources: [source, cache] }),
          new iam.PolicyStatement({ actions: CACHE_ACTIONS, resources: [cache] }),
        ],
      }),
    },
  });
}
