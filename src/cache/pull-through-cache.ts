import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { warnAboutDigest, warnAboutRegion, warnAboutLambdaFunctions } from './cache-limits';
import { cachePrefixes, defineCacheRule } from './cache-rule';
import { CachedContainerImage, CachedRepository } from './cached-image';
import { CreationTemplate, CacheTemplate, defineCacheTemplate } from './creation-template';
import { PullThroughCacheProps } from './pull-through-cache-props';
import { UpstreamRegistry } from './upstream-registry';
import { buildPlatform } from '../consumers/build-image';
import { parseUpstreamImage } from '../declarations/image-settings';
import { MirroredBuildImageOptions } from '../declarations/mirrored-image-props';
import { familiarImageReference, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { cachedRepositoryName, CachePrefixes, ROOT_PREFIX } from '../image/pull-through';
import { repositoryNameProblem } from '../image/repository-name';
import { grantCachePull, IMPORT_ACTION, accountsPullStatement, organizationPullStatement } from '../repositories/pull-grants';

/**
 * Caches the images of one upstream registry in Amazon ECR, each when it is first pulled.
 *
 * It defines the pull-through cache rule, and the repository creation template for what Amazon ECR then creates. Both belong to the account
 * and Region: there is one rule and one template for each prefix. When they leave the app, the cached repositories and their images stay.
 * CloudFormation replaces a rule when its upstream, secret, role or `upstreamRepositoryPrefix` changes, and cannot while the old one has the prefix:
 * change `repositoryPrefix` with it.
 *
 * Amazon ECR asks upstream for a newer image once in 24 hours at most, when somebody pulls. The first pull takes longer, and from a network
 * without a route to the internet it may fail. AWS Lambda cannot pull from a cache, and an image that is named by its digest is not there
 * before it was pulled by a tag. Where that matters, and for all registries that `UpstreamRegistry` does not have, use an `ImageMirror`.
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
  /** The registry whose images are cached. */
  public readonly upstream: UpstreamRegistry;

  /** What the names of cached repositories start with; `ROOT` for nothing. */
  public readonly repositoryPrefix: string;

  private readonly prefixes: CachePrefixes;
  private readonly rule: ecr.CfnPullThroughCacheRule;
  private readonly template?: CacheTemplate;

  /**
   * @throws Error when the upstream needs credentials and there are none, when it takes none and there are some,
   * when Amazon ECR would refuse a prefix, and when another cache of the same account and Region has it
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
      // What is pulled before the template is there would never get its settings.
      this.rule.node.addDependency(this.template.resource);
    }
    warnAboutRegion(this.rule);
    warnAboutLambdaFunctions(this, this.repositoryPrefix);
  }

  /**
   * What `docker pull` takes for an image: `<account>.dkr.ecr.<region>.amazonaws.com/docker-hub/library/nginx:1.27`.
   *
   * An image that is named by a digest keeps it, with a warning: Amazon ECR serves it only after somebody has pulled it by a tag.
   *
   * @param image the upstream image in any spelling: `nginx:1.27` and `docker.io/library/nginx:1.27` are one image
   * @throws Error when it cannot be parsed, or is in another registry or another part of the registry than the cache serves
   */
  public imageUri(image: string): string {
    const reference = parseUpstreamImage(image);
    const repositoryName = this.repositoryNameFor(reference);
    if (reference.digest !== undefined) warnAboutDigest(this.rule, familiarImageReference(reference));
    return this.uri(repositoryName, reference);
  }

  /**
   * The repository of an image, for whatever takes a repository of Amazon ECR. Its `grantPull()` lets somebody pull the image for the first time too.
   *
   * Amazon ECR creates it at the first pull, with the settings of the creation template. The app does not define it.
   *
   * @param image the upstream image in any spelling; its tag does not matter
   * @throws Error as `imageUri()` does
   */
  public repository(image: string): ecr.IRepository {
    const name = this.repositoryNameFor(parseUpstreamImage(image));
    // An id may not hold a slash, and a repository's name no colon.
    const id = name.replace(/\//g, ':');
    const scope = (this.node.tryFindChild('Repositories') as Construct | undefined) ?? new Construct(this, 'Repositories');
    return (scope.node.tryFindChild(id) as CachedRepository | undefined) ?? new CachedRepository(scope, id, name);
  }

  /**
   * An image for a container of Amazon ECS or AWS Batch.
   *
   * The execution role may pull the image, and create its repository, but no other. The task definition waits for the cache.
   *
   * @param image the upstream image in any spelling
   * @throws Error as `imageUri()` does
   */
  public toContainerImage(image: string): ecs.ContainerImage {
    return new CachedContainerImage(this, this.repository(image), this.imageUri(image));
  }

  /**
   * An image that builds of AWS CodeBuild run in. The project's role may pull the image, and create its repository, but no other.
   *
   * @param image the upstream image in any spelling
   * @throws Error as `imageUri()` does, and when the platform is none that builds run on
   */
  public toBuildImage(image: string, options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const { tag, digest } = parseUpstreamImage(image);
    // Asked for its warning.
    this.imageUri(image);
    const isArm = buildPlatform(options.platform) === 'linux/arm64';
    const environment = isArm ? codebuild.LinuxArmBuildImage : codebuild.LinuxBuildImage;
    return environment.fromEcrRepository(this.repository(image), digest ?? tag);
  }

  /**
   * Lets somebody of the account pull, also images that are not in the cache yet.
   *
   * Such a pull creates a repository, and so the permission to do that is included, limited to the repositories of the images.
   * For whoever is in another account, the repositories must allow it too: see `grantPullToAccounts()`.
   *
   * @param grantee who pulls
   * @param images the upstream images, in any spelling; without any, all that the cache serves
   * @throws Error as `imageUri()` does
   */
  public grantPull(grantee: iam.IGrantable, ...images: string[]): iam.Grant {
    return this._grantTo(grantee, ...images.map((image) => parseUpstreamImage(image)));
  }

  /**
   * Lets everybody in an organization pull, and bring up to date what is in the cache, by the policy that the creation template gives
   * to repositories.
   *
   * Repositories that exist already keep their policy. The first pull of a repository must be made by somebody of the account,
   * or by whom the account's registry policy allows `ecr:CreateRepository`: a repository that does not exist has no policy.
   *
   * @param organizationId for example `o-abcde12345`
   * @throws Error when it is no organization's id, and when the cache has no creation template
   */
  public grantPullToOrganization(organizationId: string): void {
    this.grantByTemplate(organizationPullStatement(organizationId));
  }

  /**
   * Lets accounts pull, and bring up to date what is in the cache, by the policy that the creation template gives to repositories.
   * Each account decides who of its own may.
   *
   * Repositories that exist already keep their policy, and first pulls are limited as `grantPullToOrganization()` says.
   *
   * @param accountIds each 12 digits
   * @throws Error when there is none, when one is no account's id, and when the cache has no creation template
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.grantByTemplate(accountsPullStatement(accountIds));
  }

  /**
   * What `docker pull` takes for an image; undefined when the cache cannot serve it: another registry or part of it, or a digest,
   * for which nothing would be there at the first pull.
   *
   * @internal
   */
  public _uriFor(reference: ImageReference): string | undefined {
    const name = this.servedName(reference);
    return name === undefined || reference.digest !== undefined ? undefined : this.uri(name, reference);
  }

  /**
   * @param references without any, all that the cache serves
   * @internal
   */
  public _grantTo(grantee: iam.IGrantable, ...references: ImageReference[]): iam.Grant {
    const names = references.length === 0 ? [this.repositoryPrefix === ROOT_PREFIX ? '*' : `${this.repositoryPrefix}/*`] : references.map((one) => this.repositoryNameFor(one));
    const arns = [...new Set(names)].map((resourceName) => Stack.of(this).formatArn({ service: 'ecr', resource: 'repository', resourceName }));
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
    if (name === undefined) throw new Error(this.whyNotServed(reference));
    return name;
  }

  private whyNotServed(reference: ImageReference): string {
    const image = quote(familiarImageReference(reference));
    const { registry } = this.upstream;
    if (reference.registry !== registry) {
      const other = UpstreamRegistry._find(reference.registry)?._expression();
      const belongs = `${image} is in the registry ${quote(reference.registry)}, and this cache is of ${quote(registry)}`;
      return other === undefined
        ? `${belongs}; Amazon ECR has no pull-through cache for that registry: mirror the image with an ImageMirror`
        : `${belongs}; define another PullThroughCache with upstream: ${other}`;
    }
    const name = cachedRepositoryName(reference.repository, this.prefixes);
    if (name === undefined) return `${image} is not under ${quote(this.prefixes.upstreamRepositoryPrefix)}, the part of ${quote(registry)} that this cache serves; define another PullThroughCache for it`;
    return `${image} cannot be cached as ${quote(name)}: ${repositoryNameProblem(name)}; set a shorter repositoryPrefix, or mirror the image with an ImageMirror`;
  }

  private uri(repositoryName: string, { tag, digest }: ImageReference): string {
    const { account, region, urlSuffix } = Stack.of(this);
    return `${account}.dkr.ecr.${region}.${urlSuffix}/${repositoryName}${digest === undefined ? `:${tag}` : `@${digest}`}`;
  }

  private grantByTemplate(statement: iam.PolicyStatement): void {
    if (this.template === undefined) {
      throw new Error('the cache has no creation template, so that nothing gives its repositories a policy; leave out creationTemplate, or set CreationTemplate.of()');
    }
    statement.addActions(IMPORT_ACTION);
    this.template.repositoryPolicy.addStatements(statement);
  }
}
