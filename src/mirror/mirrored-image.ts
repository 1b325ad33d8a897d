import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, Dependable, IConstruct } from 'constructs';
import { ImageRuns } from './image-runs';
import { MIRROR_CONTEXTS } from './mirror-context';
import { toPublishedImage } from './published-mirror';
import { buildPlatform, MirroredBuildImage } from '../consumers/build-image';
import { MirroredContainerImage } from '../consumers/container-image';
import { MirroredDockerImageCode, MirroredLambdaCode } from '../consumers/lambda-code';
import { requireMirroredPlatform, SinglePlatformTags } from '../consumers/single-platform-tags';
import { CustomizedImage, OriginalImage } from '../customize/customized-image';
import { constructIdFor, DeclaredImage, declareImage, requireSingleTag } from '../declarations/declared-image';
import { toFirstCopy } from '../declarations/limits';
import { IImageMirror, IMirroredImage, IOriginalImage } from '../declarations/mirror-interfaces';
import { MirroredBuildImageOptions, MirroredImageOptions, MirroredLambdaCodeOptions } from '../declarations/mirrored-image-options';
import { checkOptions, movedTagProblem } from '../declarations/option-conflicts';
import { parsePlatforms, requireDigest, requireTag } from '../declarations/upstream-image';
import { orderedPlatforms } from '../image/custom-image';
import { ImageReference } from '../image/image-reference';
import { imageMonitoring } from '../observe/mirror-monitoring';
import { MonitoredConstruct } from '../observe/monitored-construct';
import { Monitoring } from '../observe/monitoring';
import { asNamedRepository } from '../repositories/named-repository';
import { requireSameEnvironment, requireSameStage } from '../synthesis/environments';

/**
 * Properties of a `MirroredImage`.
 */
export interface MirroredImageProps extends MirroredImageOptions {
  /**
   * The mirror that copies the image. It can be in another stack of the same account and Region; that stack is deployed first.
   */
  readonly mirror: IImageMirror;

  /**
   * The upstream image, as `docker pull` accepts it: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`, `nginx@sha256:...`.
   */
  readonly image: string;
}

/** The properties of an image that `addImage()` has declared already. */
interface DeclaredImageProps extends MirroredImageProps {
  readonly declared: DeclaredImage;
}

/**
 * An image in Amazon ECR that a mirror keeps up to date. `IMirroredImage` and `IMonitored` describe its methods in detail.
 *
 * The construct defines the schedule of the image. It also defines the ECR repository, unless the mirror already has an image in this repository.
 * Both are in the stack of this construct. If one stack cannot hold all images of a mirror, define some of them in another stack:
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * declare const otherStack: cdk.Stack;
 * new MirroredImage(otherStack, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
 * ```
 */
export class MirroredImage extends MonitoredConstruct implements IMirroredImage {
  /**
   * Defines an image in its mirror, or finds it there.
   *
   * @throws Error when the mirror has the same image already with other options
   * @internal
   */
  public static _addTo(mirror: IImageMirror & Construct, image: string, options: MirroredImageOptions): MirroredImage {
    const { defaults, index } = MIRROR_CONTEXTS.of(mirror);
    const declared = declareImage(image, options, defaults);
    const duplicate = index.findDuplicate(declared);
    if (duplicate instanceof MirroredImage) return duplicate;
    const props: DeclaredImageProps = { ...options, image, mirror, declared };
    return new MirroredImage(mirror, constructIdFor(declared), props);
  }

  /** The upstream image in its full form: `docker.io/library/nginx:stable`. It has no tag when a filter selects the tags. */
  public readonly source: string;

  /** The ECR repository. For a customized image, it is the repository of the customized image. */
  public readonly repository: ecr.IRepository;

  /** The unchanged copy of the upstream image. It is the image itself unless the image is customized. */
  public readonly original: IOriginalImage;

  /** @internal */
  public readonly _repositoryName: string;

  /** @internal */
  public readonly _pullRepository: ecr.IRepository;

  private readonly declared: DeclaredImage;

  /** `undefined` when the image is not customized. */
  private readonly custom?: CustomizedImage;

  private readonly platformTags: SinglePlatformTags;
  private readonly runs: ImageRuns;
  private readonly monitoring: Monitoring;

  /**
   * @throws Error when the image is not valid or contradicts another image of the mirror, and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirroredImageProps) {
    super(scope, id);
    const context = MIRROR_CONTEXTS.of(props.mirror);
    requireSameEnvironment(this, props.mirror, 'define an ImageMirror for each account and Region');
    const declared = (props as Partial<DeclaredImageProps>).declared ?? declareImage(props.image, props, context.defaults);
    this.declared = declared;
    checkOptions(this, props, declared);
    this.source = declared.source;
    const stack = Stack.of(this);
    const repository = context.repositories.reserve(declared, stack);
    const pullRepository = asNamedRepository(this, 'Repository', repository);
    this.original = new OriginalImage(declared, repository, pullRepository);
    this.custom = context.customImages.add(this, declared, repository);
    this.repository = this.custom?.repository ?? repository;
    this._repositoryName = this.custom?.repositoryName ?? declared.repositoryName;
    this._pullRepository = this.custom === undefined ? pullRepository : asNamedRepository(this, 'CustomRepository', this.custom.repository);
    this.platformTags = new SinglePlatformTags(declared, (target) => {
      context.repositories.reserve(target, stack);
      context.published.notice();
    });
    this.monitoring = imageMonitoring(this, declared, context.signals);
    this.runs = new ImageRuns(this, context, declared, { repository, platformTags: this.platformTags, custom: this.custom });
    // A construct that depends on the image waits for its first copy.
    Dependable.implement(this, { dependencyRoots: [this.repository, ...this.runs.firstCopy] });
    context.firstCopies.push(toFirstCopy(declared));
    context.index.addDeclared(declared, this);
    for (const platform of orderedPlatforms(parsePlatforms(props.singlePlatformTags) ?? []) ?? []) this._platformTag(platform);
    context.published.add(() => toPublishedImage(declared, this.platformTags, this.custom));
  }

  /** The tag in Amazon ECR. Reading it throws an error when a filter selects the tags of the image. */
  public get tag(): string {
    return this._singleTag('use imageUriForTag() with the tag that you need');
  }

  /** The image URI in Amazon ECR. Reading it throws an error when a filter selects the tags of the image. */
  public get imageUri(): string {
    return this._pullRepository.repositoryUriForTag(this.tag);
  }

  /** The image URI of a tag in the repository of the image, for example of a tag that a filter selects. */
  public imageUriForTag(tag: string): string {
    return this._pullRepository.repositoryUriForTag(this.targetTag(requireTag(tag)));
  }

  /** The image URI of a digest in the repository of the image. */
  public imageUriForDigest(digest: string): string {
    return this._pullRepository.repositoryUriForDigest(requireDigest(digest));
  }

  /** Grants pull permission on the repository of the image, and no other permission. */
  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this._pullRepository.grantPull(grantee);
  }

  /** The image for a container of Amazon ECS or AWS Batch. */
  public toContainerImage(): ecs.ContainerImage {
    const tag = this.consumerTag('use ecs.ContainerImage.fromEcrRepository(image.repository, tag), and make the task definition depend on the image');
    return new MirroredContainerImage(this, this._pullRepository.repositoryUriForTag(tag));
  }

  /** The build image for an AWS CodeBuild project. */
  public toBuildImage(options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const tag = this.consumerTag('use codebuild.LinuxBuildImage.fromEcrRepository(image.repository, tag), and make the project depend on the image');
    const platform = buildPlatform(options.platform);
    if (this.custom === undefined) requireMirroredPlatform(this.declared, platform);
    this.custom?.requirePlatform(platform);
    return new MirroredBuildImage(this, tag, platform);
  }

  /** The code for a `lambda.DockerImageFunction`. */
  public toLambdaCode(options: MirroredLambdaCodeOptions = {}): lambda.DockerImageCode {
    return new MirroredDockerImageCode(this.toLambdaFunctionCode(options));
  }

  /** The code for a `lambda.Function` and constructs based on it, such as `lambda.SingletonFunction` and `triggers.TriggerFunction`. */
  public toLambdaFunctionCode(options: MirroredLambdaCodeOptions = {}): lambda.Code {
    this._singleTag(ADD_SINGLE_TAG);
    return new MirroredLambdaCode(this, options);
  }

  /** The target of an EventBridge rule that starts a run of this image. */
  public asRuleTarget(): events.IRuleTarget {
    return this.runs.target();
  }

  /** Grants permission to start runs of all images of the mirror. */
  public grantStart(grantee: iam.IGrantable): iam.Grant {
    return this.runs.grantStart(grantee);
  }

  /** @internal */
  public _requireReachableFrom(user: IConstruct): void {
    requireSameStage(user, this);
  }

  /** @internal */
  public _platformTag(platform: string): string {
    this._singleTag(ADD_SINGLE_TAG);
    return this.custom?.platformTagFor(this.original.tag, platform) ?? this.platformTags.tagFor(platform);
  }

  /** @internal */
  public get _movedTagProblem(): string | undefined {
    return movedTagProblem(this.declared);
  }

  /** @internal */
  public _uriFor({ digest }: ImageReference): string {
    const hasOtherDigest = this.declared.platforms !== undefined || this.custom !== undefined;
    return digest === undefined || hasOtherDigest ? this.imageUri : this.imageUriForDigest(digest);
  }

  /** @internal */
  public _monitoring(): Monitoring {
    return this.monitoring;
  }

  /** @internal */
  public _singleTag(remedy: string): string {
    return this.targetTag(requireSingleTag(this.declared, remedy));
  }

  /** A consumer that names a tag itself does not know the suffix of a customized image. */
  private consumerTag(remedy: string): string {
    return this._singleTag(this.custom === undefined ? remedy : ADD_SINGLE_TAG);
  }

  /** The tag in Amazon ECR of an upstream tag. */
  private targetTag(tag: string): string {
    return this.custom?.tagFor(tag) ?? tag;
  }
}

const ADD_SINGLE_TAG = 'also mirror the tag that you need with addImage(), and use that image';
