/**
 * Platforms of images, in the spelling of `docker build --platform`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
 */

import { MAX_TAG_LENGTH } from './image-reference';

/** A platform: `linux/arm64`, `linux/arm/v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const PLATFORM = /^([a-z0-9._-]+)\/([a-z0-9._-]+)(?:\/([a-z0-9._-]+))?$/;

/** Variants that a missing one means. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** Parses a platform; undefined when it is none. */
export function parsePlatform(text: string): Platform | undefined {
  const match = PLATFORM.exec(text);
  if (!match || text.length > 100) return undefined;
  const [, os, architecture, variant] = match;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** A platform as it is written. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...variant === undefined ? [] : [variant]].join('/');
}

/** A platform in its one spelling: a variant that goes without saying is left out. */
export function normalizedPlatform({ os, architecture, variant }: Platform): Platform {
  return variant === undefined || variant === DEFAULT_VARIANTS[architecture] ? { os, architecture } : { os, architecture, variant };
}

/** Whether an image's platform is the one asked for: `linux/arm64` and `linux/arm64/v8` are the same. */
export function samePlatform(asked: Platform, offered: Platform): boolean {
  return asked.os === offered.os && asked.architecture === offered.architecture && variantOf(asked) === variantOf(offered);
}

function variantOf({ architecture, variant }: Platform): string {
  return variant || (DEFAULT_VARIANTS[architecture] ?? '');
}

/**
 * The tag of the image of a single platform, beside the tag of the image of all: `stable-linux-arm64`.
 *
 * AWS Lambda takes no image of several platforms, and an index of one is still an index.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
 */
export function platformTag(tag: string, platform: Platform): string {
  const suffix = `-${formatPlatform(normalizedPlatform(platform)).replace(/\//g, '-')}`;
  return `${tag.slice(0, MAX_TAG_LENGTH - suffix.length)}${suffix}`;
}

/**
 * Why platforms cannot have tags of their own, in words; undefined when they can.
 *
 * @param platforms the ones that are mirrored; undefined for all
 */
export function platformTagsProblem(tagged: readonly Platform[], platforms: readonly Platform[] | undefined): string | undefined {
  const outside = tagged.filter((one) => platforms !== undefined && !platforms.some((platform) => samePlatform(one, platform)));
  if (platforms === undefined || outside.length === 0) return undefined;
  return `the mirror takes ${platforms.map(formatPlatform).join(', ')} only, so there is no image for a tag of ${outside.map(formatPlatform).join(', ')}`;
}

/** A processor that builds of AWS CodeBuild run on. */
export type ProcessorName = 'x86_64' | 'arm64';

/** All of them. */
export const PROCESSORS: readonly ProcessorName[] = ['x86_64', 'arm64'];

/** The architectures of images whose commands each processor runs by itself. */
const ARCHITECTURES: Readonly<Record<ProcessorName, readonly string[]>> = { x86_64: ['amd64', '386'], arm64: ['arm64'] };

/** The platform of images that people mean when they name a processor. */
export function platformOfProcessor(processor: ProcessorName): string {
  return `linux/${ARCHITECTURES[processor][0]}`;
}

/** The processor that runs a platform's commands; undefined for none. */
export function processorOfPlatform(text: string): ProcessorName | undefined {
  const platform = parsePlatform(text);
  return PROCESSORS.find((processor) => platform?.os === 'linux' && ARCHITECTURES[processor].includes(platform.architecture));
}
