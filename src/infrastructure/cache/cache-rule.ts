import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { claimPrefix } from './cache-prefix-claims';
import { defineUpstreamRole } from './cache-upstream-role';
import { quote } from '../../image/image-reference';
import { cachePrefixProblem, CachePrefixes, ROOT } from '../../image/pull-through';
import { PullThroughCacheProps } from '../../pull-through-cache-props';
import { requireLiteral } from '../literal';

/**
 * The prefixes that a cache's owner chose, or those of its upstream.
 *
 * @throws Error when Amazon ECR would refuse them
 */
export function cachePrefixes(props: PullThroughCacheProps): CachePrefixes {
  const { upstream, repositoryPrefix = upstream._upstream().prefix, upstreamRepositoryPrefix = ROOT } = props;
  refusePrefix('repositoryPrefix', repositoryPrefix);
  refusePrefix('upstreamRepositoryPrefix', upstreamRepositoryPrefix);
  if (repositoryPrefix === ROOT && upstreamRepositoryPrefix !== ROOT) {
    throw new Error(`repositoryPrefix is "${ROOT}", and Amazon ECR takes upstreamRepositoryPrefix only with another; set repositoryPrefix too, or leave upstreamRepositoryPrefix out`);
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
  claimPrefix(scope, 'pull-through cache rule', prefixes.repositoryPrefix, 'set another repositoryPrefix, or use that cache');
  return new ecr.CfnPullThroughCacheRule(scope, id, {
    ecrRepositoryPrefix: prefixes.repositoryPrefix,
    upstreamRegistry: kind,
    upstreamRegistryUrl: url,
    upstreamRepositoryPrefix: prefixes.upstreamRepositoryPrefix === ROOT ? undefined : prefixes.upstreamRepositoryPrefix,
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
