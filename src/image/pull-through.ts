/**
 * Pull-through caches of Amazon ECR: which registries there may be one of, and which repository an image gets in it.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
import { DOCKER_HUB } from './image-reference';
import { repositoryNameProblem } from './repository-name';

/** What Amazon ECR needs to pull from a registry: nothing, a secret with a user's name and access token, or a role. */
export type UpstreamAuthentication = 'none' | 'secret' | 'role';

/** A registry that Amazon ECR pulls from. */
export interface PullThroughUpstream {
  /** Amazon ECR's word for it. */
  readonly kind: string;
  /** Its host as image references name it. */
  readonly registry: string;
  /** Its host as Amazon ECR asks it. */
  readonly url: string;
  /** What the names of its cached repositories start with, unless their owner chooses otherwise. */
  readonly prefix: string;
  readonly authentication: UpstreamAuthentication;
  /** The account whose Amazon ECR it is. */
  readonly account?: string;
  /** The Region whose Amazon ECR it is. */
  readonly region?: string;
}

/** Two hosts for one registry, as Docker Hub has, are named apart. */
function upstream(kind: string, prefix: string, authentication: UpstreamAuthentication, registry: string, url = registry): PullThroughUpstream {
  return { kind, prefix, authentication, registry, url };
}

/**
 * The registries that have one host for everybody. The prefixes are those that Amazon ECR's console proposes.
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

/** The registry with this host, in the spelling of a parsed reference; undefined when Amazon ECR does not pull from it. */
export function pullThroughUpstream(registry: string): PullThroughUpstream | undefined {
  return Object.values(PULL_THROUGH_UPSTREAMS).find((one) => one.registry === registry) ?? azureUpstream(registry) ?? ecrUpstream(registry);
}

/** A registry of Azure, by its host; undefined when that is none. */
export function azureUpstream(registry: string): PullThroughUpstream | undefined {
  const name = AZURE_HOST.exec(registry)?.[1];
  return name === undefined ? undefined : upstream('azure-container-registry', `azure-${name}`, 'secret', registry);
}

/** The Amazon ECR of an account and Region, by its host; undefined when that is none. There is no pull-through cache where the domain is another. */
export function ecrUpstream(registry: string): PullThroughUpstream | undefined {
  const [, account, region] = ECR_HOST.exec(registry) ?? [];
  return account === undefined ? undefined : { ...upstream('ecr', `ecr-${account}`, 'role', registry), account, region };
}

/** Instead of a prefix: repositories have the same name as upstream, whatever that is. */
export const ROOT_PREFIX = 'ROOT';

/** Which part of the registry a cache serves, and what its repositories are called. */
export interface CachePrefixes {
  /** What the names of cached repositories start with, or `ROOT`. */
  readonly repositoryPrefix: string;
  /** What upstream repositories start with, in place of which the other prefix comes; `ROOT` for all. */
  readonly upstreamRepositoryPrefix: string;
}

/**
 * The cache's repository for an upstream repository; undefined when the cache does not serve that part of the registry.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
 */
export function cachedRepositoryName(repository: string, { repositoryPrefix, upstreamRepositoryPrefix }: CachePrefixes): string | undefined {
  const start = upstreamRepositoryPrefix === ROOT_PREFIX ? '' : `${upstreamRepositoryPrefix}/`;
  if (!repository.startsWith(start)) return undefined;
  const rest = repository.slice(start.length);
  return repositoryPrefix === ROOT_PREFIX ? rest : `${repositoryPrefix}/${rest}`;
}

/** Amazon ECR takes no longer prefix of a rule. */
const LONGEST_PREFIX = 30;

/** Why Amazon ECR would refuse the prefix of a rule, in words; undefined when it would not. */
export function cachePrefixProblem(prefix: string): string | undefined {
  if (prefix === ROOT_PREFIX) return undefined;
  if (prefix.length < 2 || prefix.length > LONGEST_PREFIX) return `a prefix has 2 to ${LONGEST_PREFIX} characters`;
  if (prefix.endsWith('/')) return 'leave out the final slash, which Amazon ECR adds';
  return repositoryNameProblem(prefix);
}
