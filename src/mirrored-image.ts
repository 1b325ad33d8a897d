import { Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, Dependable, IConstruct } from 'constructs';
import { RUN_ENVIRONMENT, RunVariables } from './image/environment';
import { formatImageReference, ImageReference, isDigest, isTag, quote } from './image/image-reference';
import { isChosen, repositoryNameFor } from './infrastructure/chosen-repository';
import { buildPlatform, MirroredBuildImage } from './infrastructure/consumers/mirrored-build-image';
import { MirroredContainerImage } from './infrastructure/consumers/mirrored-container-image';
import { MirroredDockerImageCode, MirroredLambdaCode } from './infrastructure/consumers/mirrored-lambda-code';
import { PlatformTags, refuseMissingPlatform } from './infrastructure/consumers/platform-tags';
import { defineMirrorSchedule } from './infrastructure/mirror-schedule';
import { platformList } from './infrastructure/platform-list';
import { refuseOtherEnvironment } from './infrastructure/same-environment';
import { selectedTags } from './infrastructure/selected-tags';
import { parseUpstream } from './infrastructure/upstream-image';
import { MirroredBuildImageOptions } from './mirrored-build-image-options';
import { MirroredImageOptions } from './mirrored-image-options';
import { MirroredImageProps } from './mirrored-image-props';
import { MirroredLambdaCodeOptions } from './mirrored-lambda-code-options';
import { OnTagMoved } from './on-tag-moved';

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
export class MirroredImage extends Construct {
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

  /** The repository in Amazon ECR. */
  public readonly repository: ecr.IRepository;

  /**
   * The repository's name as it was written; a token only with an existing repository.
   *
   * @internal
   */
  public readonly _repositoryName: string;

  /** Undefined when a filter selects the tags. */
  private readonly singleTag?: string;

  /** Undefined for all that upstream has. */
  private readonly platforms?: readonly string[];

  private readonly platformTags: PlatformTags;

  /**
   * @throws Error when the image cannot be parsed or contradicts another image of the mirror, and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirroredImageProps) {
    super(scope, id);
    const context = props.mirror._context();
    const reference = parseUpstream(props.image, props.tags);
    refuseOtherEnvironment(this, props.mirror, 'define an ImageMirror for each account and Region');
    this.source = formatImageReference(reference);
    const { tag, filter, toldKind, mutableTags } = selectedTags(reference, props.tags, props.tagKind);
    this.singleTag = tag;
    this.platforms = platformList(props.platforms);
    const repositoryName = repositoryNameFor(reference, context.repositoryPrefix, props);
    this._repositoryName = repositoryName;
    const place = { source: this.source, repositoryName, tags: filter ?? tag!, mutableTags, stack: Stack.of(this), existing: props.repository };
    this.repository = context.repositories.claim(place);
    this.platformTags = new PlatformTags({
      source: this.source,
      platforms: this.platforms,
      claim: (own) => context.repositories.claim({ ...place, tags: own, mutableTags: mutableTags.length === 0 ? [] : [own] }),
    });
    const onTagMoved = props.onTagMoved ?? context.onTagMoved;
    // Read when templates are rendered: consumers ask for tags of platforms after the image was defined.
    const variables = (): RunVariables => ({
      [RUN_ENVIRONMENT.IMAGE]: this.source,
      [RUN_ENVIRONMENT.REPOSITORY]: isChosen(props) ? repositoryName : undefined,
      [RUN_ENVIRONMENT.TAG_KIND]: toldKind,
      [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved === OnTagMoved.FAIL ? undefined : onTagMoved,
      [RUN_ENVIRONMENT.PLATFORMS]: this.platforms?.join(','),
      [RUN_ENVIRONMENT.REFERRERS]: props.referrers === false ? 'false' : undefined,
      [RUN_ENVIRONMENT.TAGS]: filter,
      [RUN_ENVIRONMENT.PLATFORM_TAGS]: this.platformTags.render(),
    });
    defineMirrorSchedule(this, 'Schedule', context, {
      description: `Mirrors ${this.source}${filter === undefined ? '' : `, the tags ${filter}`}`,
      schedule: props.schedule ?? context.schedule,
      timeWindow: props.timeWindow ?? context.timeWindow,
      variables,
    });
    const trigger = context.deployTrigger?.add({ stack: Stack.of(this), repository: this.repository, variables });
    // Whoever depends on the image waits for its first copy.
    Dependable.implement(this, { dependencyRoots: [this.repository, ...trigger === undefined ? [] : [trigger]] });
    props.mirror._register(this, reference, { tags: props.tags === undefined ? 1 : props.tags._mostTags(), platforms: this.platforms?.length });
  }

  /**
   * The tag in Amazon ECR: the upstream tag, or one made of the digest when the reference has no tag.
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
   * @param tag the tag in Amazon ECR
   * @throws Error when it is no tag
   */
  public imageUriForTag(tag: string): string {
    if (!Token.isUnresolved(tag) && !isTag(tag)) {
      throw new Error(`${quote(tag)} is no tag, which is 1 to 128 letters, digits, "_", "." and "-", and starts with none of the last two; write for example "1.27.0"`);
    }
    return this.repository.repositoryUriForTag(tag);
  }

  /**
   * What `docker pull` takes for a digest of the image's repository. The digests of a mirror are those of upstream, unless `platforms` were chosen.
   *
   * Whether the digest is there is not known at synthesis.
   *
   * @param digest `sha256:` and 64 hexadecimal digits
   * @throws Error when it is no digest
   */
  public imageUriForDigest(digest: string): string {
    if (!Token.isUnresolved(digest) && !isDigest(digest)) {
      throw new Error(`${quote(digest)} is no digest, which is "sha256:" and 64 lower-case hexadecimal digits`);
    }
    return this.repository.repositoryUriForDigest(digest);
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
    const tag = this._singleTag('write ecs.ContainerImage.fromEcrRepository(image.repository, tag), and let the task definition depend on the image');
    return new MirroredContainerImage(this, this.imageUriForTag(tag));
  }

  /**
   * The image for builds of AWS CodeBuild to run in.
   *
   * It lets the project's role pull, and the project waits for the first copy of the image.
   *
   * @throws Error when a filter selects the image's tags, and when the platform is not mirrored or is none that builds run on
   */
  public toBuildImage(options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const tag = this._singleTag('write codebuild.LinuxBuildImage.fromEcrRepository(image.repository, tag), and let the project depend on the image');
    const platform = buildPlatform(options.platform);
    refuseMissingPlatform(this.source, this.platforms, platform);
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
    this._singleTag(TAG_FOR_LAMBDA);
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
    return this.platformTags.tagFor(this._singleTag(TAG_FOR_LAMBDA), platform);
  }

  /**
   * What `docker pull` takes in place of an upstream reference to this image. A digest stays, unless a choice of platforms made another of it.
   *
   * @internal
   */
  public _uriFor({ digest }: ImageReference): string {
    return digest === undefined || this.platforms !== undefined ? this.imageUri : this.imageUriForDigest(digest);
  }

  /** @internal */
  public _singleTag(remedy: string): string {
    if (this.singleTag !== undefined) return this.singleTag;
    throw new Error(`${quote(this.source)} has no single tag, for a filter selects its tags when it runs; ${remedy}`);
  }
}

const TAG_FOR_LAMBDA = 'mirror the tag that you want by itself too, with addImage(), and use that image';
