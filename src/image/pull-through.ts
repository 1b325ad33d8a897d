/**
 * Pull-through caches of Amazon ECR: the supported upstream registries, and the repository of a cached image.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
import { DOCKER_HUB } from './image-reference';
import { repositoryNameProblem } from './repository-name';

/** The authentication of Amazon ECR at a registry: none, a secret with a user name and an access token, or a role. */
export type UpstreamAuthentication = 'none' | 'secret' | 'role';

/** A registry that Amazon ECR pulls from. */
export interface PullThroughUpstream {
  /** The `upstreamRegistry` of the rule. */
  readonly kind: string;
  /** The registry's host in image references. */
  readonly registry: string;
  /** The registry's host that Amazon ECR sends requests to. */
  readonly url: string;
  /** The default prefix of cached repositories. */
  readonly prefix: string;
  readonly authentication: UpstreamAuthentication;
  /** The account of an upstream Amazon ECR. */
  readonly account?: string;
  /** The Region of an upstream Amazon ECR. */
  readonly region?: string;
}

/** @param url the host that Amazon ECR sends requests to, when it differs from the host in image references */
function upstream(kind: string, prefix: string, authentication: UpstreamAuthentication, registry: string, url = registry): PullThroughUpstream {
  return { kind, prefix, authentication, registry, url };
}

/**
 * The registries with a single, public host. The prefixes are those that the Amazon ECR console suggests.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
 */
export const PULL_THROUGH_UPSTREAMS = {
  DOCKER_HUB: upstream('docker-hub', 'docker-hub', 'secret', DOCKER_HUB, 'registry-1.docker.io'),
  ECR_PUBLIC: upstream('ecr-public', 'ecr-public', 'none', 'public.ecr.aws'),
  QUAY: upstream('quay', 'quay', 'none', 'quay.io'),
  KUBERNETES: upstream('k8s', 'kubernetes', 'none', 'registry.k8s.io'),
  GITHUB: upstream('github-container-registry', 'github', 'secret', 'ghcr.io'),
  GITLAB: upstream('gitlab-container-registry', 'gitlab', 'secret', 'registry.gitlab.com'),
  CHAINGUARD: upstream('chainguard', 'chainguard', 'secret', 'cgr.dev'),
} as const;

const AZURE_HOST = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.azurecr\.io$/;
const ECR_HOST = /^([0-9]{12})\.dkr\.ecr\.([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com$/;

/** The upstream registry with a host, in the spelling of a parsed reference; undefined when pull-through caches don't support it. */
export function pullThroughUpstream(registry: string): PullThroughUpstream | undefined {
  return Object.values(PULL_THROUGH_UPSTREAMS).find((known) => known.registry === registry) ?? azureUpstream(registry) ?? ecrUpstream(registry);
}

/** The Azure Container Registry with a host; undefined for other hosts. */
export function azureUpstream(registry: string): PullThroughUpstream | undefined {
  const name = AZURE_HOST.exec(registry)?.[1];
  return name === undefined ? undefined : upstream('azure-container-registry', `azure-${name}`, 'secret', registry);
}

/** The Amazon ECR registry with a host; undefined for other hosts, and for partitions where pull-through caches are not available. */
export function ecrUpstream(registry: string): PullThroughUpstream | undefined {
  const [, account, region] = ECR_HOST.exec(registry) ?? [];
  return account === undefined ? undefined : { ...upstream('ecr', `ecr-${account}`, 'role', registry), account, region };
}

/** The prefix value that means no prefix: repositories have the same name as upstream. */
export const ROOT_PREFIX = 'ROOT';

/** The prefixes of a pull-through cache rule. */
export interface CachePrefixes {
  /** The prefix of cached repositories, or `ROOT`. */
  readonly repositoryPrefix: string;
  /** The prefix of upstream repositories, which `repositoryPrefix` replaces; `ROOT` for all repositories. */
  readonly upstreamRepositoryPrefix: string;
}

/**
 * The cached repository of an upstream repository; undefined when the cache does not serve that part of the registry.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
 */
export function cachedRepositoryName(repository: string, { repositoryPrefix, upstreamRepositoryPrefix }: CachePrefixes): string | undefined {
  const start = upstreamRepositoryPrefix === ROOT_PREFIX ? '' : `${upstreamRepositoryPrefix}/`;
  if (!repository.startsWith(start)) return undefined;
  const rest = repository.slice(start.length);
  return repositoryPrefix === ROOT_PREFIX ? rest : `${repositoryPrefix}/${rest}`;
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const MIN_PREFIX_LENGTH = 2;
const MAX_PREFIX_LENGTH = 30;

/** The problem with a prefix of a pull-through cache rule, as text; undefined when the prefix is valid. */
export function cachePrefixProblem(prefix: string): string | undefined {
  if (prefix === ROOT_PREFIX) return undefined;
  if (prefix.length < MIN_PREFIX_LENGTH || prefix.length > MAX_PREFIX_LENGTH) {
    return `a prefix must have ${MIN_PREFIX_LENGTH} to ${MAX_PREFIX_LENGTH} characters`;
  }
  if (prefix.endsWith('/')) return 'remove the final slash, which Amazon ECR adds';
  return repositoryNameProblem(prefix);
}
