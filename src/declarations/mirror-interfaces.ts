import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
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
   * The ECR repository that the upstream image is mirrored to.
   */
  readonly repository: ecr.IRepository;

  /**
   * The tag in Amazon ECR: the upstream tag, or a tag made of the digest when the reference has no tag.
   *
   * Reading it throws an error when a filter selects the tags of the image, because these tags are not known at synthesis.
   */
  readonly tag: string;

  /**
   * The image URI for `docker pull`: registry, repository, and tag in Amazon ECR.
   *
   * Reading it throws an error when a filter selects the tags of the image.
   */
  readonly imageUri: string;

  /**
   * Grants pull permission on the repository, and nothing more.
   */
  grantPull(grantee: iam.IGrantable): iam.Grant;
}

/**
 * An image in Amazon ECR that a mirror keeps up to date.
 */
export interface IMirroredImage extends IMonitored {
  /**
   * The upstream image in its canonical form: `docker.io/library/nginx:stable`. It has no tag when a filter selects the tags.
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
   * The tag in Amazon ECR. The tag of a customized image has a suffix.
   *
   * Reading it throws an error when a filter selects the tags of the image.
   */
  readonly tag: string;

  /**
   * The image URI for `docker pull`: registry, repository, and tag in Amazon ECR.
   *
   * Reading it throws an error when a filter selects the tags of the image.
   */
  readonly imageUri: string;

  /**
   * The image URI of a tag in the repository of the image, for example of a tag that a filter selects.
   *
   * @param tag the upstream tag
   */
  imageUriForTag(tag: string): string;

  /**
   * The image URI of a digest in the repository of the image.
   *
   * @param digest `sha256:` and 64 lowercase hexadecimal digits
   */
  imageUriForDigest(digest: string): string;

  /**
   * Grants pull permission on the repository of the image, and nothing more.
   */
  grantPull(grantee: iam.IGrantable): iam.Grant;

  /**
   * The image for a container of Amazon ECS or AWS Batch.
   */
  toContainerImage(): ecs.ContainerImage;

  /**
   * The build image for a project of AWS CodeBuild.
   */
  toBuildImage(options?: MirroredBuildImageOptions): codebuild.IBuildImage;

  /**
   * The code for a `lambda.DockerImageFunction`.
   */
  toLambdaCode(options?: MirroredLambdaCodeOptions): lambda.DockerImageCode;

  /**
   * The code for a `lambda.Function` and constructs based on it.
   */
  toLambdaFunctionCode(options?: MirroredLambdaCodeOptions): lambda.Code;

  /**
   * The repository's name as the app wrote it. A token only for an existing repository.
   *
   * @internal
   */
  readonly _repositoryName: string;

  /**
   * The single tag in Amazon ECR.
   *
   * @throws Error with the remedy when a filter selects the tags
   * @internal
   */
  _singleTag(remedy: string): string;

  /**
   * The tag of the image of one platform. The mirror keeps this tag from now on.
   *
   * @param platform for example `linux/amd64`
   * @internal
   */
  _platformTag(platform: string): string;

  /**
   * The image URI that replaces an upstream reference to this image. It keeps a digest unless the mirror holds another image for it.
   *
   * @internal
   */
  _uriFor(reference: ImageReference): string;
}

/**
 * A mirror of container images in Amazon ECR.
 */
export interface IImageMirror extends IConstruct {
  /**
   * All images of the mirror in the order of their definition, including the images that other stacks define.
   */
  readonly images: IMirroredImage[];

  /**
   * The mirror's copy of an image, by any spelling: `nginx`, `nginx:latest`, and `docker.io/library/nginx:latest` are the same image.
   *
   * @param reference the upstream image, as `docker pull` takes it
   */
  image(reference: string): IMirroredImage;

  /**
   * The mirror's images as named contexts of `docker build`, so that `FROM nginx:stable` uses the mirror.
   *
   * @param images the images that Dockerfiles name, by any spelling; by default all images of the mirror
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
