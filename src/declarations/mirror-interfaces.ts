import { ResourceEnvironment } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { MirroredBuildImageOptions, MirroredLambdaCodeOptions } from './mirrored-image-options';
import { IMonitored } from './monitored';
import { ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';

/**
 * The unchanged copy of an upstream image in Amazon ECR. A customized image is built from it.
 */
export interface IOriginalImage {
  /**
   * The ECR repository of the unchanged copy.
   */
  readonly repository: ecr.IRepository;

  /**
   * The tag in Amazon ECR: the upstream tag, or `digest-` and the first 12 digits of the digest if the upstream reference has no tag.
   *
   * Reading it throws an error when a filter selects the tags of the image, because these tags are not known at synthesis.
   */
  readonly tag: string;

  /**
   * The image URI in Amazon ECR: registry, repository, and tag, as `docker pull` accepts it.
   *
   * Reading it throws an error when a filter selects the tags of the image.
   */
  readonly imageUri: string;

  /**
   * Grants pull permission on the repository, and no other permission.
   */
  grantPull(grantee: iam.IGrantable): iam.Grant;
}

/**
 * An image in Amazon ECR that a mirror keeps up to date.
 *
 * If another app defines the mirror, consumers don't wait for the first copy, and `IMonitored` is not available: its methods throw an error.
 */
export interface IMirroredImage extends IMonitored {
  /**
   * The upstream image in its full form: `docker.io/library/nginx:stable`. It has no tag when a filter selects the tags.
   */
  readonly source: string;

  /**
   * The ECR repository. For a customized image, it is the repository of the customized image.
   */
  readonly repository: ecr.IRepository;

  /**
   * The unchanged copy of the upstream image. It is the image itself unless the image is customized.
   */
  readonly original: IOriginalImage;

  /**
   * The tag in Amazon ECR: the upstream tag, or `digest-` and the first 12 digits of the digest if the upstream reference has no tag.
   *
   * The tag of a customized image also has a suffix. Reading the tag throws an error when a filter selects the tags of the image, because these tags
   * are not known at synthesis; use `imageUriForTag()`.
   */
  readonly tag: string;

  /**
   * The image URI in Amazon ECR: registry, repository, and tag, as `docker pull` accepts it.
   *
   * Reading it throws an error when a filter selects the tags of the image; use `imageUriForTag()`.
   */
  readonly imageUri: string;

  /**
   * The repository's name as the app wrote it. It is a token only for an existing repository.
   *
   * @internal
   */
  readonly _repositoryName: string;

  /**
   * The repository as consumers in all stacks refer to it: other stacks use its name, without an export.
   *
   * @internal
   */
  readonly _pullRepository: ecr.IRepository;

  /**
   * Why a workload may lose its image after the floating tag has moved; `undefined` if it keeps its image, or if this is not known.
   *
   * @internal
   */
  readonly _movedTagProblem?: string;

  /**
   * The image URI of a tag in the repository of the image, for example of a tag that a filter selects.
   *
   * The tag may not exist, because the tags in the mirror are not known at synthesis.
   *
   * @param tag the upstream tag, also for a customized image
   * @throws Error when the tag is not valid
   */
  imageUriForTag(tag: string): string;

  /**
   * The image URI of a digest in the repository of the image. It is the upstream digest, unless `platforms` is set or the image is customized.
   *
   * The digest may not exist, because the digests in the mirror are not known at synthesis.
   *
   * @param digest `sha256:` and 64 lowercase hexadecimal digits
   * @throws Error when the digest is not valid
   */
  imageUriForDigest(digest: string): string;

  /**
   * Grants pull permission on the repository of the image, and no other permission.
   *
   * `toContainerImage()`, `toBuildImage()`, `toLambdaCode()`, and `toLambdaFunctionCode()` grant this permission themselves.
   */
  grantPull(grantee: iam.IGrantable): iam.Grant;

  /**
   * The image for a container of Amazon ECS or AWS Batch.
   *
   * The execution role gets pull permission, and the task or job definition waits for the first copy of the image.
   * For AWS Batch on Amazon EKS, the node pulls the image. Grant pull permission to its role with `grantPull()`, unless the role can already pull
   * from all repositories.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * declare const taskDefinition: ecs.FargateTaskDefinition;
   * taskDefinition.addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
   * ```
   *
   * @throws Error when a filter selects the tags of the image
   */
  toContainerImage(): ecs.ContainerImage;

  /**
   * The build image for an AWS CodeBuild project.
   *
   * The role of the project gets pull permission, and the project waits for the first copy of the image.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * declare const source: codebuild.ISource;
   * new codebuild.Project(this, 'Project', {
   *   source: source,
   *   environment: { buildImage: mirror.image('maven:3.9.9-amazoncorretto-21').toBuildImage() },
   * });
   * ```
   *
   * @throws Error when a filter selects the tags of the image, and when the platform is not mirrored or not supported by CodeBuild
   */
  toBuildImage(options?: MirroredBuildImageOptions): codebuild.IBuildImage;

  /**
   * The code for a `lambda.DockerImageFunction`.
   *
   * AWS Lambda doesn't support multi-platform images. So the mirror also keeps the image of the function's architecture under a separate tag, for
   * example `stable-linux-arm64`. For a floating tag, this tag also floats, so it is one more exception from the immutability of the repository; see
   * `ImageMirrorProps.imageTagMutability`.
   *
   * The repository policy grants pull permission to AWS Lambda for the functions of the account. The function waits for the first copy of the image.
   *
   * A function keeps the image that the tag named when its code was set, and AWS Lambda pulls this image again from time to time. If the image has
   * expired, the function fails. So a fixed tag is best. For a floating tag, `keepPrevious` keeps the image after the tag has moved.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * new lambda.DockerImageFunction(this, 'Function', { code: mirror.image('public.ecr.aws/example/worker:1.4.2').toLambdaCode() });
   * ```
   *
   * @throws Error when a filter selects the tags of the image. The function throws an error when its architecture is not mirrored, or when it is in
   * another Region.
   */
  toLambdaCode(options?: MirroredLambdaCodeOptions): lambda.DockerImageCode;

  /**
   * The code for a `lambda.Function` and constructs based on it, such as `lambda.SingletonFunction` and `triggers.TriggerFunction`.
   *
   * The function also needs `handler: lambda.Handler.FROM_IMAGE` and `runtime: lambda.Runtime.FROM_IMAGE`. See `toLambdaCode()`.
   *
   * @throws Error under the conditions of `toLambdaCode()`
   */
  toLambdaFunctionCode(options?: MirroredLambdaCodeOptions): lambda.Code;

  /**
   * The target of an EventBridge rule that starts a run of this image, for example when a vendor publishes a new one; see `docs/events.md`.
   *
   * If no build can be started within a day, the event is in the dead-letter queue. The rule must be in the account and Region of the mirror.
   *
   * @throws Error when another app defines the mirror
   */
  asRuleTarget(): events.IRuleTarget;

  /**
   * Grants permission to start runs of **all images of the mirror**, because IAM cannot check the value of the variable `IMAGE`.
   *
   * The grantee is denied all overrides but the variables of runs, for example a buildspec, even where another policy allows them.
   *
   * @throws Error when another app defines the mirror
   */
  grantStart(grantee: iam.IGrantable): iam.Grant;

  /**
   * The single tag in Amazon ECR.
   *
   * @throws Error with the remedy when a filter selects the tags
   * @internal
   */
  _singleTag(remedy: string): string;

  /**
   * Requires that a construct can use the image.
   *
   * @throws Error when the app defines the image in another stage
   * @internal
   */
  _requireReachableFrom(user: IConstruct): void;

  /**
   * The tag of the image of one platform. The mirror keeps this tag from now on.
   *
   * @param platform for example `linux/amd64`
   * @internal
   */
  _platformTag(platform: string): string;

  /**
   * The image URI that replaces an upstream reference to this image. It keeps the digest, unless the image has another digest in the mirror.
   *
   * @internal
   */
  _uriFor(reference: ImageReference): string;
}

/**
 * A mirror of container images in Amazon ECR: an `ImageMirror` of this app, or the mirror of another app that
 * `ImageMirror.fromImageMirrorAttributes()` or `ImageMirror.fromLookup()` imports. `ImageMirror` describes its methods in detail.
 */
export interface IImageMirror extends IConstruct {
  /**
   * All images of the mirror in the order of their definition, including images in other stacks.
   */
  readonly images: IMirroredImage[];

  /**
   * The account and Region of a mirror that another app defines. `undefined` for a mirror of this app.
   *
   * @internal
   */
  readonly _importedFrom?: ResourceEnvironment;

  /**
   * The mirror's copy of an upstream image, in any spelling: `nginx`, `nginx:latest`, and `docker.io/library/nginx:latest` are the same image.
   *
   * @param reference the upstream image, as `docker pull` accepts it
   * @throws Error when the mirror does not have the image; the error suggests similar images
   */
  image(reference: string): IMirroredImage;

  /**
   * The mirror's images as named contexts of `docker build`, so that an unchanged Dockerfile with `FROM nginx:stable` uses the mirror.
   *
   * @param images the images that Dockerfiles name, in any spelling; all images of the mirror by default
   * @throws Error when an image is not in the mirror or has no single tag, and when its account, Region, or repository name is not known at synthesis
   */
  dockerBuildContexts(images?: string[]): { [name: string]: string };

  /**
   * The mirror's copy of exactly this image. A digest identifies the image, whatever the tag. `undefined` when the mirror has no such image.
   *
   * @internal
   */
  _find(reference: ImageReference): IMirroredImage | undefined;
}

/**
 * Parts of one kind that the mirrors of the app have, for example their repositories.
 *
 * A feature takes an `IImageMirror` and finds here what it needs. A mirror of another app has no parts in this one.
 */
export class MirrorParts<Part> {
  private readonly parts = new WeakMap<IImageMirror, Part>();

  /** @param noun the kind of part, for errors */
  constructor(private readonly noun: string) {}

  /** Adds the part of a mirror. */
  public set(mirror: IImageMirror, part: Part): void {
    this.parts.set(mirror, part);
  }

  /** Finds the part of a mirror; `undefined` for a mirror that the app does not define. */
  public find(mirror: IImageMirror): Part | undefined {
    return this.parts.get(mirror);
  }

  /**
   * Returns the part of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public of(mirror: IImageMirror): Part {
    const part = this.parts.get(mirror);
    if (part !== undefined) return part;
    throw new Error(`this app does not define the mirror ${quote(mirror.node.path)}, so its ${this.noun} cannot be changed here; `
      + 'do this in the app that defines the mirror');
  }
}
