import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { waitForFirstCopy } from './container-image';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;

/**
 * The platform that builds run on.
 *
 * @throws Error when CodeBuild has no environment for it that takes images of one's own
 */
export function buildPlatform({ platform }: ecr_assets.Platform = LINUX_AMD64): string {
  requireLiteral(platform, 'platform', 'write ecr_assets.Platform.LINUX_AMD64 or LINUX_ARM64');
  if (platform === LINUX_AMD64.platform || platform === LINUX_ARM64.platform) return platform;
  throw new Error(`builds cannot run on ${quote(platform)}; write ecr_assets.Platform.LINUX_AMD64 or ecr_assets.Platform.LINUX_ARM64`);
}

/** An image of the mirror that builds of AWS CodeBuild run in. The project lets its role pull from `repository` by itself. */
export class MirroredBuildImage implements codebuild.IBindableBuildImage {
  public readonly type: string;
  public readonly imageId: string;
  public readonly defaultComputeType: codebuild.ComputeType;
  public readonly imagePullPrincipalType?: codebuild.ImagePullPrincipalType;
  public readonly repository?: ecr.IRepository;
  private readonly environment: codebuild.IBuildImage;

  constructor(private readonly image: IMirroredImage, tag: string, platform: string) {
    const factory = platform === LINUX_ARM64.platform ? codebuild.LinuxArmBuildImage : codebuild.LinuxBuildImage;
    this.environment = factory.fromEcrRepository(image.repository, tag);
    this.type = this.environment.type;
    this.imageId = this.environment.imageId;
    this.defaultComputeType = this.environment.defaultComputeType;
    this.imagePullPrincipalType = this.environment.imagePullPrincipalType;
    this.repository = this.environment.repository;
  }

  public bind(_scope: Construct, project: codebuild.IProject): codebuild.BuildImageConfig {
    waitForFirstCopy(project, this.image);
    return {};
  }

  public validate(environment: codebuild.BuildEnvironment): string[] {
    return this.environment.validate(environment);
  }

  public runScriptBuildspec(entrypoint: string): codebuild.BuildSpec {
    return this.environment.runScriptBuildspec(entrypoint);
  }
}
