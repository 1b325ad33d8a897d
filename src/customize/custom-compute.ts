import { BuildEnvironmentOverride } from '../image/contract/environment';
import { ProcessorName } from '../image/platform';
import { ComputeArchitecture, MirrorCompute, ComputeConfiguration } from '../project/mirror-compute';

/** Where customized images are built. */
export interface CustomCompute {
  readonly configuration: ComputeConfiguration;
  /** The processor of its builds. */
  readonly processor: ProcessorName;
  /** What a build on another processor takes in its place; undefined where builds run in an image of the user's own, of which there is no other. */
  readonly otherEnvironment?: BuildEnvironmentOverride;
}

/**
 * Where customized images are built: where the mirror's builds run, unless its owner chose otherwise or that is Lambda compute, which has no Docker.
 *
 * @throws Error when the owner chose Lambda compute
 */
export function customCompute(chosen: MirrorCompute | undefined, mirror: ComputeConfiguration): CustomCompute {
  const configuration = chosen?._bind() ?? (isLambda(mirror) ? onEc2(mirror) : mirror);
  if (isLambda(configuration)) throw new Error('customImageCompute is Lambda compute, where Docker does not run; use MirrorCompute.ec2(), or leave it out');
  const { buildImage, computeType } = configuration;
  const processor = processorOf(configuration);
  const isCurated = buildImage.imageId.startsWith('aws/codebuild/');
  const other = MirrorCompute.ec2({ architecture: processor === 'arm64' ? ComputeArchitecture.X86_64 : ComputeArchitecture.ARM_64 })._bind().buildImage;
  return { configuration, processor, otherEnvironment: isCurated ? { type: other.type, image: other.imageId, computeType } : undefined };
}

/** The same processor, and no longer than a build of the mirror, for a deployment waits for both. */
function onEc2(mirror: ComputeConfiguration): ComputeConfiguration {
  const architecture = processorOf(mirror) === 'arm64' ? ComputeArchitecture.ARM_64 : ComputeArchitecture.X86_64;
  return MirrorCompute.ec2({ architecture, timeout: mirror.longestBuild })._bind();
}

function isLambda({ buildImage }: ComputeConfiguration): boolean {
  return /LAMBDA/.test(buildImage.type);
}

function processorOf({ buildImage }: ComputeConfiguration): ProcessorName {
  return /ARM/.test(buildImage.type) ? 'arm64' : 'x86_64';
}
