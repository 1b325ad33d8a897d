import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, Dependable, IConstruct } from 'constructs';
import { defineImageRuns, runVariables } from './image-runs';
import { buildPlatform, MirroredBuildImage } from '../consumers/build-image';
import { MirroredContainerImage } from '../consumers/container-image';
import { MirroredDockerImageCode, MirroredLambdaCode } from '../consumers/lambda-code';
import { SinglePlatformTags, requireMirroredPlatform } from '../consumers/single-platform-tags';
import { CustomizedImage } from '../customize/customized-image';
import { OriginalImage, IOriginalImage } from '../customize/original-image';
import { requireDigest, requireTag, platformList, repositoryNameFor, selectedTags, parseUpstream } from '../declarations/image-settings';
import { MirroredBuildImageOptions, MirroredImageOptions, MirroredImageProps, MirroredLambdaCodeOptions } from '../declarations/mirrored-image-props';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { imageMonitoring } from '../observe/mirror-monitoring';
import { MonitoredConstruct } from '../observe/monitored-construct';
import { Monitoring } from '../observe/monitoring';
import { requireSameEnvironment } from '../synthesis/environments';

/**
 * One upstream image and its copy in Amazon ECR.
 *
 * It defines the image's schedule, and its repository unless another image of the mirror is in that already. Both are in the stack of this construct,
 * so a fleet that outgrows one stack continues in the next:
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * declare const otherStack: cdk.Stack;
 * new MirroredImage(otherStack, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
 * ```
 */
export class MirroredImage extends MonitoredConstruct {
  /**
   * The construct id that `addImage()` uses: it depends on the image and where it goes, and on nothing else.
   *
   * @internal
   */
  public static _idFor(image: string, options: MirroredImageOptions): string {
    const source = formatImageReference(parseUpstream(image, options.tags));
    const elsewhere = options.repository?.node.path ?? options.repositoryName;
    return [
      source,
      ...options.tags === undefined ? [] : ['tags', options.tags._render()],
      ...elsewhere === undefined ? [] : ['in', elsewhere],
    ].join(' ').replace(/\//g, ':');
  }

  /** The upstream image in its canonical spelling: `docker.io/library/nginx:stable`; without a tag when a filter selects its tags. */
  public readonly source: string;

  /** The repository in Amazon ECR: that of the customized image where there is one. */
  public readonly repository: ecr.IRepository;

  /**
   * The upstream image as it is in the mirror, unchanged.
   *
   * It is the image itself, unless that is customized: then everything else here means the customized one.
   */
  public readonly original: IOriginalImage;

  /**
   * The repository's name as it was written; a token only with an existing repository.
   *
   * @internal
   */
  public readonly _repositoryName: string;

  /** Undefined when a filter selects the tags. */
  private readonly singleTag?: string;

  /** Undefined when the image is not customized. */
  private readonly custom?: CustomizedImage;

  /** Undefined for all that upstream has. */
  private readonly platforms?: readonly string[];

  private readonly platformTags: SinglePlatformTags;

  private readonly observed: Monitoring;

  /**
   * @throws Error when the image cannot be parsed or contradicts another image of the mirror, and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirroredImageProps) {
    super(scope, id);
    const context = props.mirror._context();
    const reference = parseUpstream(props.image, props.tags);
    requireSameEnvironment(this, props.mirror, 'define an ImageMirror for each account and Region');
    this.source = formatImageReference(reference);
    const { tag, filter, toldKind, mutableTags } = selectedTags(reference, props.tags, props.tagKind);
    this.platforms = platformList(props.platforms);
    const repositoryName = repositoryNameFor(reference, context.repositoryPrefix, props);
    const place = { source: this.source, repositoryName, tags: filter ?? tag!, mutableTags, stack: Stack.of(this), existing: props.repository };
    const repository = context.repositories.reserve(place);
    this.original = new OriginalImage(this.source, repository, tag);
    const custom = context.customImages.add({ image: this, reference, options: props, place, tag, repository });
    this.custom = custom;
    this.repository = custom?.repository ?? repository;
    this._repositoryName = custom?.repositoryName ?? repositoryName;
    this.singleTag = tag === undefined ? undefined : this.ownTag(tag);
    this.platformTags = new SinglePlatformTags({
      source: this.source,
      platforms: this.platforms,
      claim: (own) => context.repositories.reserve({ ...place, tags: own, mutableTags: mutableTags.length === 0 ? [] : [own] }),
    });
    const timetable = { schedule: props.schedule ?? context.schedule, timeWindow: props.timeWindow ?? context.timeWindow };
    this.observed = imageMonitoring(this, context.signals, { repositories: [repositoryName, this._repositoryName], tag, timetable });
    const onTagMoved = props.onTagMoved ?? context.onTagMoved;
    const { platforms, platformTags, source } = this;
    // Read when templates are rendered: consumers ask for tags of platforms after the image was defined.
    const variables = () => runVariables(props, { source, repositoryName, toldKind, onTagMoved, platforms, filter, platformTags, custom });
    const description = `Mirrors ${source}${filter === undefined ? '' : `, the tags ${filter}`}`;
    const firstCopy = defineImageRuns(this, context, { ...timetable, description, variables, repository, needs: custom?.needs ?? [] });
    // Whoever depends on the image waits for its first copy.
    Dependable.implement(this, { dependencyRoots: [this.repository, ...firstCopy] });
    props.mirror._register(this, reference, { tags: props.tags === undefined ? 1 : props.tags._mostTags(), platforms: this.platforms?.length });
  }

  /**
   * The tag in Amazon ECR: the upstream tag, or one made of the digest when the reference has no tag. That of a customized image has more behind it.
   *
   * @throws Error when a filter selects the image's tags, for they are known when it runs; use `imageUriForTag()`
   */
  public get tag(): string {
    return this._singleTag('write imageUriForTag() with the tag that you want');
  }

  /**
   * What `docker pull` takes: the registry, the repository and the tag in Amazon ECR.
   *
   * @throws Error when a filter selects the image's tags; use `imageUriForTag()`
   */
  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  /**
   * What `docker pull` takes for a tag of the image's repository, for example one that its filter selects.
   *
   * Whether the tag is there is not known at synthesis.
   *
   * @param tag the tag of the upstream image in the mirror, also for a customized image
   * @throws Error when it is no tag
   */
  public imageUriForTag(tag: string): string {
    return this.repository.repositoryUriForTag(this.ownTag(requireTag(tag)));
  }

  /**
   * What `docker pull` takes for a digest of the image's repository. A digest is that of upstream, unless `platforms` were chosen or the image is
   * customized.
   *
   * Whether the digest is there is not known at synthesis.
   *
   * @param digest `sha256:` and 64 hexadecimal digits
   * @throws Error when it is no digest
   */
  public imageUriForDigest(digest: string): string {
    return this.repository.repositoryUriForDigest(requireDigest(digest));
  }

  /**
   * Lets somebody pull from the image's repository: what `docker pull` needs, and nothing more.
   *
   * The consumers below do so themselves.
   */
  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.repository.grantPull(grantee);
  }

  /**
   * The image for a container of Amazon ECS, on Fargate, Amazon EC2 or elsewhere, and of AWS Batch.
   *
   * It lets the execution role pull, and the task or job definition waits for the first copy of the image.
   * A container of AWS Batch on Amazon EKS is pulled by the role of its node: let that pull with `grantPull()`, unless it may pull everything.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * declare const taskDefinition: ecs.FargateTaskDefinition;
   * taskDefinition.addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
   * ```
   *
   * @throws Error when a filter selects the image's tags
   */
  public toContainerImage(): ecs.ContainerImage {
    const tag = this.consumerTag('write ecs.ContainerImage.fromEcrRepository(image.repository, tag), and let the task definition depend on the image');
    return new MirroredContainerImage(this, this.repository.repositoryUriForTag(tag));
  }

  /**
   * The image for builds of AWS CodeBuild to run in.
   *
   * It lets the project's role pull, and the project waits for the first copy of the image.
   *
   * @throws Error when a filter selects the image's tags, and when the platform is not mirrored or is none that builds run on
   */
  public toBuildImage(options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const tag = this.consumerTag('write codebuild.LinuxBuildImage.fromEcrRepository(image.repository, tag), and let the project depend on the image');
    const platform = buildPlatform(options.platform);
    if (this.custom === undefined) requireMirroredPlatform(this.source, this.platforms, platform);
    this.custom?.requirePlatform(platform);
    return new MirroredBuildImage(this, tag, platform);
  }

  /**
   * The image as the code of a `lambda.DockerImageFunction`.
   *
   * AWS Lambda takes no image of several platforms. So the mirror also keeps that of the function's architecture, under a tag of its own,
   * `stable-linux-arm64`, which floats where the tag does and is then one more of the five exceptions from immutability in the repository.
   * The repository's policy lets AWS Lambda pull for the functions of the account, and the function waits for the first copy of the image.
   *
   * Choose a fixed tag: a function keeps the image that the tag named when its code was set, and Lambda may fetch that again when a floating tag
   * has left it long ago and it has expired.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * new lambda.DockerImageFunction(this, 'Function', { code: mirror.image('public.ecr.aws/example/worker:1.4.2').toLambdaCode() });
   * ```
   *
   * @throws Error when a filter selects the image's tags; the function throws when its architecture is not mirrored, or when it is in another Region
   */
  public toLambdaCode(options: MirroredLambdaCodeOptions = {}): lambda.DockerImageCode {
    return new MirroredDockerImageCode(this.toLambdaFunctionCode(options));
  }

  /**
   * The same as `toLambdaCode()` for `lambda.Function` and its like, `lambda.SingletonFunction` and `triggers.TriggerFunction`.
   *
   * They also want `handler: lambda.Handler.FROM_IMAGE` and `runtime: lambda.Runtime.FROM_IMAGE`.
   *
   * @throws Error when a filter selects the image's tags
   */
  public toLambdaFunctionCode(options: MirroredLambdaCodeOptions = {}): lambda.Code {
    this._singleTag(TAG_BY_ITSELF);
    return new MirroredLambdaCode(this, options);
  }

  /**
   * Makes the resource of a consumer wait for the first copy of the image.
   *
   * Only that resource, not the roles that its construct has: what the image needs may depend on them.
   *
   * @internal
   */
  public _usedBy(consumer: IConstruct): void {
    (consumer.node.defaultChild ?? consumer).node.addDependency(this);
  }

  /**
   * The tag of the image of a single platform, which the mirror keeps from now on.
   *
   * @param platform `linux/amd64` or the like
   * @internal
   */
  public _platformTag(platform: string): string {
    const tag = this._singleTag(TAG_BY_ITSELF);
    return this.custom?.platformTagFor(this.original.tag, platform) ?? this.platformTags.tagFor(tag, platform);
  }

  /**
   * What `docker pull` takes in place of an upstream reference to this image. A digest stays, unless a choice made another image of it.
   *
   * @internal
   */
  public _uriFor({ digest }: ImageReference): string {
    const hasOther = this.platforms !== undefined || this.custom !== undefined;
    return digest === undefined || hasOther ? this.imageUri : this.imageUriForDigest(digest);
  }

  /** @internal */
  public _observed(): Monitoring {
    return this.observed;
  }

  /** @internal */
  public _singleTag(remedy: string): string {
    if (this.singleTag !== undefined) return this.singleTag;
    throw new Error(`${quote(this.source)} has no single tag, for a filter selects its tags when it runs; ${remedy}`);
  }

  /** Whoever names a tag besides the repository does not know what the tag of a customized image ends in. */
  private consumerTag(remedy: string): string {
    return this._singleTag(this.custom === undefined ? remedy : TAG_BY_ITSELF);
  }

  /** The tag here of what has a tag upstream. */
  private ownTag(tag: string): string {
    return this.custom?.tagFor(tag) ?? tag;
  }
}

const TAG_BY_ITSELF = 'mirror the tag that you want by itself too, with addImage(), and use that image';
