import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { dependOnFirstCopy } from './first-copy';
import { IMirroredImage } from '../declarations/mirror-interfaces';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;

const REMEDY = 'use ecr_assets.Platform.LINUX_AMD64 or ecr_assets.Platform.LINUX_ARM64';

/**
 * Returns the platform of builds.
 *
 * @throws Error when CodeBuild has no environment with custom images for the platform
 */
export function buildPlatform({ platform }: ecr_assets.Platform = LINUX_AMD64): string {
  requireLiteral(platform, 'platform', REMEDY);
  if (platform === LINUX_AMD64.platform || platform === LINUX_ARM64.platform) return platform;
  throw new Error(`CodeBuild does not support the platform ${quote(platform)}; ${REMEDY}`);
}

/** A mirrored image as a build image of AWS CodeBuild. The project grants its role pull permission on `repository`. */
export class MirroredBuildImage implements codebuild.IBindableBuildImage {
  public readonly type: string;
  public readonly imageId: string;
  public readonly defaultComputeType: codebuild.ComputeType;
  public readonly imagePullPrincipalType?: codebuild.ImagePullPrincipalType;
  public readonly repository?: ecr.IRepository;
  private readonly environment: codebuild.IBuildImage;

  constructor(private readonly image: IMirroredImage, tag: string, platform: string) {
    const factory = platform === LINUX_ARM64.platform ? codebuild.LinuxArmBuildImage : codebuild.LinuxBuildImage;
    this.environment = factory.fromEcrRepository(image._pullRepository, tag);
    this.type = this.environment.type;
    this.imageId = this.environment.imageId;
    this.defaultComputeType = this.environment.defaultComputeType;
    this.imagePullPrincipalType = this.environment.imagePullPrincipalType;
    this.repository = this.environment.repository;
  }

  public bind(_scope: Construct, project: codebuild.IProject): codebuild.BuildImageConfig {
    dependOnFirstCopy(project, this.image);
    return {};
  }

  public validate(environment: codebuild.BuildEnvironment): string[] {
    return this.environment.validate(environment);
  }

  public runScriptBuildspec(entrypoint: string): codebuild.BuildSpec {
    return this.environment.runScriptBuildspec(entrypoint);
  }
}
