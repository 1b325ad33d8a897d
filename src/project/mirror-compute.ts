import { Duration } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { quote } from '../image/sanitize';

/** The settings of the CodeBuild project. */
export interface ComputeConfiguration {
  readonly buildImage: codebuild.IBuildImage;
  readonly computeType: codebuild.ComputeType;
  /** The Node version in the buildspec; undefined for images that are not curated by CodeBuild, where it is not supported. */
  readonly nodeVersion?: number;
  /** The timeout of the project; undefined for Lambda compute, which doesn't support one. */
  readonly timeout?: Duration;
  /** The maximum duration of a build: the timeout, or the limit of Lambda compute. */
  readonly longestBuild: Duration;
  readonly vpc?: ec2.IVpc;
  readonly subnetSelection?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * The processor architecture that builds run on. It does not affect which platforms of an image are mirrored.
 */
export enum ComputeArchitecture {
  /** 64-bit x86. */
  X86_64 = 'x86_64',
  /** 64-bit ARM (AWS Graviton). It costs less, and is not available in every Region. */
  ARM_64 = 'arm64',
}

/**
 * Options of EC2 compute in AWS CodeBuild.
 */
export interface Ec2ComputeOptions {
  /**
   * The processor.
   *
   * @default - the processor of `buildImage`, or `ComputeArchitecture.X86_64` without a `buildImage`
   */
  readonly architecture?: ComputeArchitecture;

  /**
   * The size of the machine. A larger size rarely makes copying faster, because the network limits it.
   *
   * @default codebuild.ComputeType.SMALL
   */
  readonly computeType?: codebuild.ComputeType;

  /**
   * The build image: the image that builds run in.
   *
   * A custom image must have Node 20.18.1 or later on its `PATH`. On curated images of CodeBuild, builds use Node 22.
   *
   * @default - the curated Amazon Linux 2023 image for `architecture`
   */
  readonly buildImage?: codebuild.IBuildImage;

  /**
   * The timeout of a build: whole minutes, from 5 minutes to 36 hours. A run fails one minute before the timeout, with a message.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * The VPC that builds run in.
   *
   * Builds need access to the upstream registries, Amazon ECR, Amazon S3, CloudWatch Logs, and EventBridge. To customize images, builds also need
   * access to CodeBuild. CodeBuild assigns no public IP address, so public subnets have no route out for builds.
   *
   * @default - no VPC: the network of CodeBuild, with access to the internet
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of `vpc` that builds run in.
   *
   * @default - the private subnets
   */
  readonly subnetSelection?: ec2.SubnetSelection;

  /**
   * The security groups of builds in `vpc`.
   *
   * @default - a new security group that allows all outbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * Options of Lambda compute in AWS CodeBuild.
 */
export interface LambdaComputeOptions {
  /**
   * The processor.
   *
   * @default ComputeArchitecture.ARM_64
   */
  readonly architecture?: ComputeArchitecture;

  /**
   * The memory: one of the `LAMBDA_` compute types. Builds stream images, so larger images don't need more memory.
   *
   * @default codebuild.ComputeType.LAMBDA_1GB
   */
  readonly computeType?: codebuild.ComputeType;
}

/**
 * The compute that builds run on, in AWS CodeBuild.
 *
 * Builds that mirror images don't need Docker and never run in privileged mode. Builds that customize images run in privileged mode,
 * in a separate project.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
 */
export abstract class MirrorCompute {
  /**
   * EC2 compute: available in every Region, for images of any size, optionally in a VPC. Billed by the minute.
   *
   * @throws Error when the build image is not a Linux image, or contradicts `architecture`; when the compute type is for Lambda compute; when the
   * timeout is not valid; and when `subnetSelection` or `securityGroups` is set without `vpc`
   */
  public static ec2(options: Ec2ComputeOptions = {}): MirrorCompute {
    return new Ec2Compute(options);
  }

  /**
   * Lambda compute: builds start faster and are billed by the second, so a run without new images costs very little.
   *
   * The maximum duration of a build is 15 minutes. Builds cannot run in a VPC. Lambda compute is not available in every Region.
   *
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/lambda.html
   * @throws Error when the compute type is not one of the `LAMBDA_` compute types
   */
  public static awsLambda(options: LambdaComputeOptions = {}): MirrorCompute {
    return new LambdaCompute(options);
  }

  /** @internal */
  public abstract _bind(): ComputeConfiguration;
}

/** The Node version on curated EC2 images. Their default can be 18, which the engine does not support. */
const NODE_VERSION = 22;

/** The limits of CodeBuild. */
const MAX_LAMBDA_BUILD = Duration.minutes(15);
const MIN_TIMEOUT = Duration.minutes(5);
const MAX_TIMEOUT = Duration.hours(36);

class Ec2Compute extends MirrorCompute {
  constructor(private readonly options: Ec2ComputeOptions) {
    super();
    requireConsistentOptions(options);
    requireTimeout(options.timeout);
  }

  public _bind(): ComputeConfiguration {
    const timeout = this.options.timeout ?? Duration.hours(1);
    const buildImage = this.options.buildImage ?? defaultBuildImage(this.options.architecture);
    return {
      buildImage,
      computeType: this.options.computeType ?? codebuild.ComputeType.SMALL,
      nodeVersion: buildImage.imageId.startsWith('aws/codebuild/') ? NODE_VERSION : undefined,
      timeout,
      longestBuild: timeout,
      vpc: this.options.vpc,
      subnetSelection: this.options.subnetSelection,
      securityGroups: this.options.securityGroups,
    };
  }
}

class LambdaCompute extends MirrorCompute {
  constructor(private readonly options: LambdaComputeOptions) {
    super();
    if (options.computeType !== undefined && !isLambdaComputeType(options.computeType)) {
      throw new Error(`${quote(options.computeType)} is not a compute type of Lambda compute; use a LAMBDA_ compute type, or MirrorCompute.ec2()`);
    }
  }

  public _bind(): ComputeConfiguration {
    return {
      buildImage: this.options.architecture === ComputeArchitecture.X86_64
        ? codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_NODE_22
        : codebuild.LinuxArmLambdaBuildImage.AMAZON_LINUX_2023_NODE_22,
      computeType: this.options.computeType ?? codebuild.ComputeType.LAMBDA_1GB,
      longestBuild: MAX_LAMBDA_BUILD,
    };
  }
}

function defaultBuildImage(architecture?: ComputeArchitecture): codebuild.IBuildImage {
  return architecture === ComputeArchitecture.ARM_64
    ? codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
    : codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5;
}

function isLambdaComputeType(computeType: codebuild.ComputeType): boolean {
  return computeType.startsWith('BUILD_LAMBDA_');
}

function requireConsistentOptions(options: Ec2ComputeOptions): void {
  if (options.buildImage !== undefined) requireBuildImage(options.buildImage, options.architecture);
  if (options.computeType !== undefined && isLambdaComputeType(options.computeType)) {
    throw new Error(`${quote(options.computeType)} is a compute type of Lambda compute; use MirrorCompute.awsLambda(), or another compute type`);
  }
  if (options.vpc === undefined && (options.subnetSelection !== undefined || options.securityGroups !== undefined)) {
    throw new Error('subnetSelection and securityGroups need a VPC; set vpc, or remove them');
  }
}

function requireBuildImage(image: codebuild.IBuildImage, architecture?: ComputeArchitecture): void {
  if (/LAMBDA/.test(image.type)) throw new Error(`the build image ${quote(image.imageId)} is for Lambda compute; use MirrorCompute.awsLambda()`);
  if (!/LINUX|ARM_CONTAINER/.test(image.type)) {
    throw new Error(`the build image ${quote(image.imageId)} is for ${quote(image.type)}; use a Linux image`);
  }
  const actual = /ARM/.test(image.type) ? ComputeArchitecture.ARM_64 : ComputeArchitecture.X86_64;
  if (architecture !== undefined && architecture !== actual) {
    throw new Error(`the build image ${quote(image.imageId)} is for ${actual}, but architecture is ${quote(architecture)}; remove architecture`);
  }
}

function requireTimeout(timeout?: Duration): void {
  if (timeout === undefined) return;
  if (timeout.isUnresolved()) throw new Error('timeout must be known at synthesis, but it is a token; write for example Duration.hours(1)');
  const minutes = timeout.toMinutes({ integral: false });
  if (!Number.isInteger(minutes) || minutes < MIN_TIMEOUT.toMinutes() || minutes > MAX_TIMEOUT.toMinutes()) {
    const [actual, min, max] = [timeout, MIN_TIMEOUT, MAX_TIMEOUT].map((duration) => duration.toHumanString());
    throw new Error(`timeout ${quote(actual)} must be whole minutes, from ${min} to ${max}`);
  }
}
