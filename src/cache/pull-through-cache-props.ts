import * as iam from 'aws-cdk-lib/aws-iam';
import { CacheCredentials } from './cache-credentials';
import { CreationTemplate } from './creation-template';
import { UpstreamRegistry } from './upstream-registry';

/**
 * Properties of a `PullThroughCache`.
 */
export interface PullThroughCacheProps {
  /**
   * The registry that Amazon ECR pulls from.
   */
  readonly upstream: UpstreamRegistry;

  /**
   * The credentials for the registry.
   *
   * Docker Hub, GitHub, GitLab, Azure and Chainguard need them, also for public images; the others take none.
   *
   * To use others later, change what is in the secret: another secret makes another rule.
   *
   * @default - none
   */
  readonly credentials?: CacheCredentials;

  /**
   * What the names of cached repositories start with, without a final slash: 2 to 30 characters. No other cache of the account and Region has it.
   *
   * `ROOT` stands for nothing: repositories have the same name as upstream, and whoever may pull may pull from all of the registry.
   *
   * @default - `docker-hub`, `ecr-public`, `quay`, `kubernetes`, `github`, `gitlab`, `chainguard`, `azure-` and the registry's name,
   * `ecr-` and the account
   */
  readonly repositoryPrefix?: string;

  /**
   * The part of the registry that the cache serves: repositories that start with this prefix, without a final slash.
   * `repositoryPrefix` takes its place.
   *
   * AWS describes it for an upstream that is Amazon ECR.
   *
   * @default - all of the registry
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
   */
  readonly upstreamRepositoryPrefix?: string;

  /**
   * The role with which Amazon ECR pulls from the Amazon ECR of another account. `pullthroughcache.ecr.amazonaws.com` must be able to take it.
   *
   * @default - for Amazon ECR, unless it is known to be of the same account, one is defined; else none
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
   */
  readonly upstreamRole?: iam.IRole;

  /**
   * What the repositories are like that Amazon ECR creates when an image is first pulled.
   *
   * @default CreationTemplate.of()
   */
  readonly creationTemplate?: CreationTemplate;
}
