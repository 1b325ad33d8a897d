import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';

/**
 * How builds of AWS CodeBuild run in an image of the mirror.
 */
export interface MirroredBuildImageOptions {
  /**
   * What the builds run on: `ecr_assets.Platform.LINUX_AMD64` or `ecr_assets.Platform.LINUX_ARM64`. The image must have that platform.
   *
   * @default ecr_assets.Platform.LINUX_AMD64
   */
  readonly platform?: ecr_assets.Platform;
}
