import { MirrorRunOptions } from '../declarations/run-options';
import { MirrorDeployOptions } from '../deploy/deploy-options';
import { MirrorBuildOptions } from '../project/build-options';
import { MirrorRepositoryOptions } from '../repositories/repository-options';

/**
 * Properties of an `ImageMirror`.
 */
export interface ImageMirrorProps extends MirrorRunOptions, MirrorRepositoryOptions, MirrorBuildOptions, MirrorDeployOptions {
  /**
   * The upstream images, as `docker pull` accepts them: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`.
   *
   * An image that is in the list twice is mirrored once, with a warning.
   *
   * @default - none; add images with `addImage()`
   */
  readonly images?: string[];

  /**
   * Whether the mirror publishes the list of its images, so that other apps can use `ImageMirror.fromLookup()`.
   *
   * The list is in a standard parameter of Systems Manager Parameter Store, which is free of charge: `/cdk-ecr-mirror/<repositoryPrefix>`. A list of
   * more than about 100 images has more parameters. Only one mirror of an account and Region can publish under a prefix: set another
   * `repositoryPrefix`, or `published: false`, if the mirror of another app has the same prefix.
   *
   * @default true, unless another mirror of the app publishes under the same prefix; this causes a warning
   */
  readonly published?: boolean;
}
