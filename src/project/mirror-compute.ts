import { Duration } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { quote } from '../image/sanitize';

/** What a `MirrorCompute` asks of the CodeBuild project. */
export interface ComputeConfiguration {
  readonly buildImage: codebuild.IBuildImage;
  readonly computeType: codebuild.ComputeType;
  /** The Node that the buildspec selects; undefined where CodeBuild refuses a selection, as it does on images that are not its own. */
  readonly nodeVersion?: number;
  /** The project's timeout; undefined where CodeBuild takes none. */
  readonly timeout?: Duration;
  /** How long a build may take, whoever sets the limit. */
  readonly longestBuild: Duration;
  readonly vpc?: ec2.IVpc;
  readonly subnetSelection?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * The processor that builds run on. It does not decide which platforms are mirrored: all of an image's platforms are.
 */
export enum ComputeArchitecture {
  /** 64-bit x86. */
  X86_64 = 'x86_64',
  /** 64-bit ARM (AWS Graviton), which costs less and is not in every Region. */
  ARM_64 = 'arm64',
}

/**
 * How builds run on CodeBuild's EC2 compute.
 */
export interface Ec2ComputeOptions {
  /**
   * The processor.
   *
   * @default - that of `buildImage`, and `ComputeArchitecture.X86_64` without one
   */
  readonly architecture?: ComputeArchitecture;

  /**
   * The size of the machine. Copying waits for the network, so a larger one seldom helps.
   *
   * @default codebuild.ComputeType.SMALL
   */
  readonly computeType?: codebuild.ComputeType;

  /**
   * The image that builds run in.
   *
   * An image of your own needs Node 20.18.1 or newer on its `PATH`. On CodeBuild's curated images, Node 22 is selected.
   *
   * @default - CodeBuild's curated Amazon Linux 2023 image, which every Region with the architecture has
   */
  readonly buildImage?: codebuild.IBuildImage;

  /**
   * How long a build may take: whole minutes, from 5 minutes to 36 hours. A minute before its end a run gives up by itself and says why.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * The network that builds run in. It needs a way to the upstream registries and to Amazon ECR, Amazon S3, CloudWatch Logs and EventBridge,
   * and where images are customized to CodeBuild.
   *
   * @default - CodeBuild's own network, with access to the internet
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
   * @default - one that allows all outbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * How builds run on CodeBuild's Lambda compute.
 */
export interface LambdaComputeOptions {
  /**
   * The processor.
   *
   * @default ComputeArchitecture.ARM_64
   */
  readonly architecture?: ComputeArchitecture;

  /**
   * The memory: one of the `LAMBDA_` compute types. Copying streams, so its need does not grow with the image.
   *
   * @default codebuild.ComputeType.LAMBDA_1GB
   */
  readonly computeType?: codebuild.ComputeType;
}

/**
 * Where builds run.
 *
 * Builds that mirror never run in privileged mode, for mirroring needs no Docker. Those that customize images do, in a project of their own.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
 */
export abstract class MirrorCompute {
  /**
   * CodeBuild's EC2 compute: in every Region, for images of every size, in a VPC where you want. Billed by the minute.
   *
   * @throws Error when the architecture contradicts the build image, when that is no Linux image, when the timeout is out of range,
   * and when a network setting comes without a VPC
   */
  public static ec2(options: Ec2ComputeOptions = {}): MirrorCompute {
    return new Ec2Compute(options);
  }

  /**
   * CodeBuild's Lambda compute: starts faster and is billed by the second, so that a run that finds nothing new costs next to nothing.
   *
   * A build takes at most 15 minutes, runs in no VPC, and not every Region has it.
   *
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/lambda.html
   * @throws Error when the compute type is none of Lambda's
   */
  public static lambda(options: LambdaComputeOptions = {}): MirrorCompute {
    return new LambdaCompute(options);
  }

  /** @internal */
  public abstract _bind(): ComputeConfiguration;
}

/** The Node that curated EC2 images are told to use: their default may be 18, which the engine does not run on. */
const NODE_VERSION = 22;

/** What the service allows; Lambda compute takes no timeout of ours. */
const LAMBDA_LONGEST_BUILD = Duration.minutes(15);
const SHORTEST_TIMEOUT = Duration.minutes(5);
const LONGEST_TIMEOUT = Duration.hours(36);

class Ec2Compute extends MirrorCompute {
  constructor(private readonly options: Ec2ComputeOptions) {
    super();
    refuseContradictions(options);
    refuseTimeout(options.timeout);
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
    if (options.computeType !== undefined && !isLambdaSize(options.computeType)) {
      throw new Error(`${quote(options.computeType)} is no size of Lambda compute; use one of the LAMBDA_ compute types, or MirrorCompute.ec2()`);
    }
  }

  public _bind(): ComputeConfiguration {
    return {
      buildImage: this.options.architecture === ComputeArchitecture.X86_64
        ? codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_NODE_22
        : codebuild.LinuxArmLambdaBuildImage.AMAZON_LINUX_2023_NODE_22,
      computeType: this.options.computeType ?? codebuild.ComputeType.LAMBDA_1GB,
      longestBuild: LAMBDA_LONGEST_BUILD,
    };
  }
}

function defaultBuildImage(architecture?: ComputeArchitecture): codebuild.IBuildImage {
  return architecture === ComputeArchitecture.ARM_64
    ? codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
    : codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5;
}

function isLambdaSize(computeType: codebuild.ComputeType): boolean {
  return computeType.startsWith('BUILD_LAMBDA_');
}

function refuseContradictions(options: Ec2ComputeOptions): void {
  if (options.buildImage !== undefined) refuseBuildImage(options.buildImage, options.architecture);
  if (options.computeType !== undefined && isLambdaSize(options.computeType)) {
    throw new Error(`${quote(options.computeType)} is a size of Lambda compute; use MirrorCompute.lambda(), or another compute type`);
  }
  if (options.vpc === undefined && (options.subnetSelection !== undefined || options.securityGroups !== undefined)) {
    throw new Error('subnetSelection and securityGroups belong to a VPC; set vpc too, or leave them out');
  }
}

function refuseBuildImage(image: codebuild.IBuildImage, architecture?: ComputeArchitecture): void {
  if (/LAMBDA/.test(image.type)) throw new Error(`the build image ${quote(image.imageId)} is one of Lambda compute; use MirrorCompute.lambda()`);
  if (!/LINUX|ARM_CONTAINER/.test(image.type)) {
    throw new Error(`the build image ${quote(image.imageId)} is for ${quote(image.type)}; use a Linux image`);
  }
  const actual = /ARM/.test(image.type) ? ComputeArchitecture.ARM_64 : ComputeArchitecture.X86_64;
  if (architecture !== undefined && architecture !== actual) {
    throw new Error(`the build image ${quote(image.imageId)} is for ${actual}, but architecture is ${quote(architecture)}; leave architecture out`);
  }
}

function refuseTimeout(timeout?: Duration): void {
  if (timeout === undefined) return;
  if (timeout.isUnresolved()) throw new Error('timeout must be known at synthesis, but it is a token; write for example Duration.hours(1)');
  const minutes = timeout.toMinutes({ integral: false });
  if (!Number.isInteger(minutes) || minutes < SHORTEST_TIMEOUT.toMinutes() || minutes > LONGEST_TIMEOUT.toMinutes()) {
    throw new Error(`timeout ${quote(timeout.toHumanString())} must be whole minutes, from ${SHORTEST_TIMEOUT.toHumanString()} to ${LONGEST_TIMEOUT.toHumanString()}`);
  }
}
