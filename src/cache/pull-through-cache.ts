import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { CacheCredentials } from './cache-credentials';
import { warnAboutDigest, warnAboutLambdaFunctions, warnAboutRegion } from './cache-limits';
import { cachePrefixes, defineCacheRule } from './cache-rule';
import { CachedContainerImage, CachedRepository } from './cached-repository';
import { CacheTemplate, CreationTemplate, defineCacheTemplate } from './creation-template';
import { UpstreamRegistry } from './upstream-registry';
import { buildPlatform } from '../consumers/build-image';
import { MirroredBuildImageOptions } from '../declarations/mirrored-image-options';
import { parseUpstreamImage } from '../declarations/upstream-image';
import { familiarImageReference, ImageReference } from '../image/image-reference';
import { cachedRepositoryName, CachePrefixes, ROOT_PREFIX } from '../image/pull-through';
import { repositoryNameProblem } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { accountsPullStatement, grantCachePull, IMPORT_ACTION, organizationPullStatement } from '../repositories/pull-grants';
import { repositoryArn } from '../repositories/repository-arns';
import { registryHost } from '../synthesis/environments';

/**
 * Properties of a `PullThroughCache`.
 */
export interface PullThroughCacheProps {
  /**
   * The upstream registry.
   */
  readonly upstream: UpstreamRegistry;

  /**
   * The credentials for the upstream registry.
   *
   * Docker Hub, GitHub, GitLab, Azure, and Chainguard require credentials, also for public images. Other registries don't support credentials.
   *
   * To change the credentials later, change the content of the secret. If you pass another secret, CloudFormation replaces the rule.
   *
   * @default - none
   */
  readonly credentials?: CacheCredentials;

  /**
   * The prefix of cached repositories, without a final slash: 2 to 30 characters. It must be unique among the caches of the account and Region.
   *
   * `ROOT` means no prefix: repositories have the same name as upstream, and a grant for the whole cache covers all repositories of the registry.
   *
   * @default - by registry: `docker-hub`, `ecr-public`, `quay`, `kubernetes`, `github`, `gitlab`, `chainguard`, `azure-` and the name of
   * the registry, or `ecr-` and the account ID
   */
  readonly repositoryPrefix?: string;

  /**
   * The prefix of the upstream repositories that the cache serves, without a final slash. In the cache, `repositoryPrefix` replaces it.
   *
   * AWS documents this property only for an upstream registry in Amazon ECR.
   *
   * @default - all repositories of the registry
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
   */
  readonly upstreamRepositoryPrefix?: string;

  /**
   * The role that Amazon ECR assumes to pull from the Amazon ECR registry of another account.
   *
   * Its trust policy must allow `pullthroughcache.ecr.amazonaws.com`. Only `UpstreamRegistry.ecr()` supports a role.
   *
   * @default - a new role for an Amazon ECR registry that is not known to be in the same account; none otherwise
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
   */
  readonly upstreamRole?: iam.IRole;

  /**
   * The settings of the repositories that Amazon ECR creates at the first pull of an image.
   *
   * @default CreationTemplate.of()
   */
  readonly creationTemplate?: CreationTemplate;
}

/**
 * A pull-through cache in Amazon ECR for one upstream registry. Amazon ECR copies each image at its first pull.
 *
 * The construct defines a pull-through cache rule and a repository creation template. An account has one rule and one template for each prefix
 * in a Region. Removing the construct keeps the cached repositories and their images.
 *
 * CloudFormation replaces a rule when its upstream registry, secret, role, or `upstreamRepositoryPrefix` changes. The replacement fails while the old
 * rule has the same prefix, so also change `repositoryPrefix`.
 *
 * At a pull, Amazon ECR checks upstream for a newer image, at most once in 24 hours. The first pull takes longer, and it can fail in a network
 * without a route to the internet. AWS Lambda cannot pull from a cache, and a pull by digest works only after a pull of the image by tag.
 * If you need these features, or a registry that `UpstreamRegistry` does not support, use an `ImageMirror`.
 *
 * ```ts
 * const cache = new PullThroughCache(this, 'Quay', { upstream: UpstreamRegistry.QUAY });
 * declare const taskDefinition: ecs.TaskDefinition;
 * taskDefinition.addContainer('prometheus', { image: cache.toContainerImage('quay.io/prometheus/prometheus:v2.53.0') });
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
export class PullThroughCache extends Construct {
  /** The upstream registry. */
  public readonly upstream: UpstreamRegistry;

  /** The prefix of cached repositories; `ROOT` for no prefix. */
  public readonly repositoryPrefix: string;

  private readonly prefixes: CachePrefixes;
  private readonly rule: ecr.CfnPullThroughCacheRule;
  private readonly template?: CacheTemplate;

  /**
   * @throws Error when required credentials are missing, when the upstream registry doesn't support credentials or a role, when a prefix is not valid
   * in Amazon ECR, when another cache of the same account and Region has the prefix, and when an option of the creation template is not valid
   */
  constructor(scope: Construct, id: string, props: PullThroughCacheProps) {
    super(scope, id);
    this.upstream = props.upstream;
    this.prefixes = cachePrefixes(props);
    this.repositoryPrefix = this.prefixes.repositoryPrefix;
    this.rule = defineCacheRule(this, 'Rule', props, this.prefixes);
    const options = (props.creationTemplate ?? CreationTemplate.of())._options();
    if (options !== undefined) {
      this.template = defineCacheTemplate(this, 'Template', this.repositoryPrefix, options);
      // A repository that is created before the template would never get its settings.
      this.rule.node.addDependency(this.template.resource);
    }
    warnAboutRegion(this.rule);
    warnAboutLambdaFunctions(this, this.repositoryPrefix);
  }

  /**
   * The image URI in the cache: `<account>.dkr.ecr.<region>.amazonaws.com/docker-hub/library/nginx:1.27`.
   *
   * If the image has a digest, the URI also has the digest, and the construct gets a warning: Amazon ECR serves a digest only after a pull by tag.
   *
   * @param image the upstream image, in any spelling: `nginx:1.27` and `docker.io/library/nginx:1.27` are the same image
   * @throws Error when the image is not a valid reference, and when the cache does not serve its registry or repository
   */
  public imageUri(image: string): string {
    const reference = parseUpstreamImage(image);
    const repositoryName = this.repositoryNameFor(reference);
    if (reference.digest !== undefined) warnAboutDigest(this.rule, familiarImageReference(reference));
    return this.uri(repositoryName, reference);
  }

  /**
   * The repository of an image, for constructs that need an ECR repository. Its `grantPull()` also allows the first pull of the image.
   *
   * The app does not define the repository. Amazon ECR creates it at the first pull, with the settings of the creation template.
   *
   * @param image the upstream image, in any spelling. Its tag is ignored.
   * @throws Error under the conditions of `imageUri()`
   */
  public repository(image: string): ecr.IRepository {
    const name = this.repositoryNameFor(parseUpstreamImage(image));
    // A construct id cannot contain a slash, and a repository name cannot contain a colon.
    const id = name.replace(/\//g, ':');
    const scope = (this.node.tryFindChild('Repositories') as Construct | undefined) ?? new Construct(this, 'Repositories');
    return (scope.node.tryFindChild(id) as CachedRepository | undefined) ?? new CachedRepository(scope, id, name);
  }

  /**
   * The image for a container of Amazon ECS or AWS Batch.
   *
   * The execution role gets permission to pull the image and to create its repository. The task or job definition depends on the cache.
   *
   * @param image the upstream image, in any spelling
   * @throws Error under the conditions of `imageUri()`
   */
  public toContainerImage(image: string): ecs.ContainerImage {
    return new CachedContainerImage(this, this.repository(image), this.imageUri(image));
  }

  /**
   * The build image for an AWS CodeBuild project.
   *
   * The role of the project gets permission to pull the image and to create its repository.
   *
   * @param image the upstream image, in any spelling
   * @throws Error under the conditions of `imageUri()`, and when CodeBuild does not support the platform
   */
  public toBuildImage(image: string, options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const { tag, digest } = parseUpstreamImage(image);
    // Adds its warning.
    this.imageUri(image);
    const isArm = buildPlatform(options.platform) === 'linux/arm64';
    const environment = isArm ? codebuild.LinuxArmBuildImage : codebuild.LinuxBuildImage;
    return environment.fromEcrRepository(this.repository(image), digest ?? tag);
  }

  /**
   * Grants pull permission, including the first pull of images.
   *
   * A first pull creates the repository of the image, so the permissions include `ecr:CreateRepository` on the repositories of the images.
   * For a principal in another account, the repository policy must also allow the pull; see `grantPullToAccounts()`.
   *
   * @param grantee the principal
   * @param images the upstream images, in any spelling; all images that the cache serves by default
   * @throws Error under the conditions of `imageUri()`
   */
  public grantPull(grantee: iam.IGrantable, ...images: string[]): iam.Grant {
    return this._grantTo(grantee, ...images.map((image) => parseUpstreamImage(image)));
  }

  /**
   * Grants all accounts of an organization permission to pull and update cached images, in the repository policy of the creation template.
   *
   * Roles in other accounts also need an identity policy. Existing repositories keep their policy.
   *
   * A repository has no policy before its first pull. So the first pull must come from the account of the cache, or from a principal that the
   * registry policy of this account allows the action `ecr:CreateRepository`.
   *
   * @param organizationId the organization ID, for example `o-abcde12345`
   * @throws Error when the organization ID is not valid, and when the cache has no creation template
   */
  public grantPullToOrganization(organizationId: string): void {
    this.grantByTemplate(organizationPullStatement(organizationId));
  }

  /**
   * Grants other accounts permission to pull and update cached images, in the repository policy of the creation template.
   *
   * Roles in the other accounts also need an identity policy. Existing repositories keep their policy. First pulls have the same limitation as with
   * `grantPullToOrganization()`.
   *
   * @param accountIds the account IDs, 12 digits each
   * @throws Error when there are no account IDs, when one is not valid, and when the cache has no creation template
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.grantByTemplate(accountsPullStatement(accountIds));
  }

  /**
   * The URI of an image in the cache; undefined when the cache does not serve its registry or repository, and when it has a digest,
   * because a first pull by digest fails.
   *
   * @internal
   */
  public _uriFor(reference: ImageReference): string | undefined {
    const name = this.servedName(reference);
    return name === undefined || reference.digest !== undefined ? undefined : this.uri(name, reference);
  }

  /**
   * @param references the images; by default all images that the cache serves
   * @internal
   */
  public _grantTo(grantee: iam.IGrantable, ...references: ImageReference[]): iam.Grant {
    const all = this.repositoryPrefix === ROOT_PREFIX ? '*' : `${this.repositoryPrefix}/*`;
    const names = references.length === 0 ? [all] : references.map((reference) => this.repositoryNameFor(reference));
    const arns = [...new Set(names)].map((name) => repositoryArn(Stack.of(this), name));
    return grantCachePull(grantee, arns);
  }

  /** @internal */
  public _usedBy(consumer: IConstruct): void {
    consumer.node.addDependency(this);
  }

  private servedName({ registry, repository }: ImageReference): string | undefined {
    if (registry !== this.upstream.registry) return undefined;
    const name = cachedRepositoryName(repository, this.prefixes);
    return name === undefined || repositoryNameProblem(name) !== undefined ? undefined : name;
  }

  private repositoryNameFor(reference: ImageReference): string {
    const name = this.servedName(reference);
    if (name === undefined) throw new Error(this.notServedProblem(reference));
    return name;
  }

  private notServedProblem(reference: ImageReference): string {
    const image = quote(familiarImageReference(reference));
    const { registry } = this.upstream;
    if (reference.registry !== registry) {
      const other = UpstreamRegistry._find(reference.registry)?._expression();
      const remedy = other === undefined ? 'use an ImageMirror, because pull-through caches don\'t support its registry'
        : `define another PullThroughCache with upstream: ${other}`;
      return `${image} is in the registry ${quote(reference.registry)}, and this cache is for ${quote(registry)}; ${remedy}`;
    }
    const name = cachedRepositoryName(reference.repository, this.prefixes);
    if (name === undefined) {
      return `${image} does not have the upstream prefix ${quote(this.prefixes.upstreamRepositoryPrefix)} of this cache; `
        + 'define another PullThroughCache for it';
    }
    return `${image} cannot be cached as ${quote(name)}: ${repositoryNameProblem(name)}; set a shorter repositoryPrefix, or use an ImageMirror`;
  }

  private uri(repositoryName: string, { tag, digest }: ImageReference): string {
    return `${registryHost(Stack.of(this))}/${repositoryName}${digest === undefined ? `:${tag}` : `@${digest}`}`;
  }

  private grantByTemplate(statement: iam.PolicyStatement): void {
    if (this.template === undefined) {
      throw new Error('the cache has no creation template, which would define the repository policy; '
        + 'remove creationTemplate, or set CreationTemplate.of()');
    }
    statement.addActions(IMPORT_ACTION);
    this.template.repositoryPolicy.addStatements(statement);
  }
}
