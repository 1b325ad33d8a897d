import { Token } from 'aws-cdk-lib';
import { CustomCompute } from './custom-compute';
import { orderedPlatforms } from '../../image/custom-image';
import { dockerfileLinesProblem, runsCommands } from '../../image/dockerfile-lines';
import { quote } from '../../image/image-reference';
import { platformOfProcessor, processorOfPlatform } from '../../image/processor';
import { MirroredImageOptions } from '../../mirrored-image-options';
import { requireLiteral } from '../literal';
import { platformList } from '../platform-list';

/** Whether an image is customised. */
export function isCustomised({ dockerfileLines, customPlatforms: platforms }: MirroredImageOptions): boolean {
  if (dockerfileLines === undefined && platforms !== undefined) throw new Error('customPlatforms are those of a customised image, and there are no dockerfileLines; set these too, or leave customPlatforms out');
  return dockerfileLines !== undefined;
}

/**
 * The lines by which an image is customised.
 *
 * @throws Error when one of them is a token, or is not allowed
 */
export function customLines({ dockerfileLines = [] }: MirroredImageOptions): string[] {
  if (Token.isUnresolved(dockerfileLines)) throw new Error('dockerfileLines must be known at synthesis, but it is a list token; write the lines as strings');
  for (const line of dockerfileLines) {
    requireLiteral(line, `the line ${quote(line)} of dockerfileLines`, 'write its value into the line, or give it to the container as an environment variable');
  }
  const problem = dockerfileLinesProblem(dockerfileLines);
  if (problem !== undefined) throw new Error(`dockerfileLines: ${problem}`);
  return dockerfileLines;
}

/**
 * The platforms that a customised image is built for.
 *
 * @throws Error when one of them is not mirrored, or when its commands cannot be run
 */
export function customPlatforms(options: MirroredImageOptions, { configuration, otherEnvironment, processor }: CustomCompute): string[] {
  if (options.customPlatforms?.length === 0) throw new Error('customPlatforms is an empty list, and an image without platforms is none; leave it out');
  const mirrored = options.platforms && orderedPlatforms(platformList(options.platforms)!)!;
  const platforms = orderedPlatforms(platformList(options.customPlatforms ?? options.platforms) ?? [platformOfProcessor(processor)])!;
  const missing = platforms.filter((platform) => mirrored !== undefined && !mirrored.includes(platform));
  if (missing.length > 0) throw new Error(`customPlatforms has ${missing.join(', ')}, and platforms mirrors ${mirrored?.join(', ')} only; add it there, or leave it out`);
  if (!runsCommands(options.dockerfileLines ?? [])) return platforms;
  for (const platform of platforms) {
    const needed = processorOfPlatform(platform);
    const remedy = 'set customPlatforms to those that you run, or leave RUN out';
    if (needed === undefined) throw new Error(`RUN cannot be carried out for ${platform}, for no builds of AWS CodeBuild run on that; ${remedy}`);
    if (needed !== processor && otherEnvironment === undefined) {
      throw new Error(`RUN cannot be carried out for ${platform}, for customised images are built in ${quote(configuration.buildImage.imageId)}, which is for ${processor}; `
        + `let them be built in one of CodeBuild's own images with customImageCompute: MirrorCompute.ec2(), or ${remedy}`);
    }
  }
  return platforms;
}
