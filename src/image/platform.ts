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

/** The default variants of architectures. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** Parses a platform; undefined when the text is not valid. */
export function parsePlatform(text: string): Platform | undefined {
  const match = PLATFORM.exec(text);
  if (!match || text.length > 100) return undefined;
  const [, os, architecture, variant] = match;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** A platform as a text: `linux/arm64`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...variant === undefined ? [] : [variant]].join('/');
}

/** A platform in its normalized spelling: without a variant that is the default. */
export function normalizedPlatform({ os, architecture, variant }: Platform): Platform {
  return variant === undefined || variant === DEFAULT_VARIANTS[architecture] ? { os, architecture } : { os, architecture, variant };
}

/** Whether two platforms are the same: `linux/arm64` and `linux/arm64/v8` are. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture && variantOf(a) === variantOf(b);
}

function variantOf({ architecture, variant }: Platform): string {
  return variant || (DEFAULT_VARIANTS[architecture] ?? '');
}

/**
 * The tag of the single-platform image, in addition to the tag of the multi-platform image: `stable-linux-arm64`.
 *
 * AWS Lambda doesn't support multi-platform images. An index with one platform is still an index.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
 */
export function platformTag(tag: string, platform: Platform): string {
  const suffix = `-${formatPlatform(normalizedPlatform(platform)).replace(/\//g, '-')}`;
  return `${tag.slice(0, MAX_TAG_LENGTH - suffix.length)}${suffix}`;
}

/**
 * The problem with platform tags, as text; undefined when they are valid.
 *
 * @param tagged the platforms that get a tag of their own
 * @param platforms the platforms that are mirrored; undefined for all
 */
export function platformTagsProblem(tagged: readonly Platform[], platforms: readonly Platform[] | undefined): string | undefined {
  if (platforms === undefined) return undefined;
  const missing = tagged.filter((tag) => !platforms.some((platform) => samePlatform(tag, platform)));
  if (missing.length === 0) return undefined;
  const [mirrored, tags] = [platforms, missing].map((list) => list.map(formatPlatform).join(', '));
  return `only ${mirrored} is mirrored, so there is no image for a tag of ${tags}; add the platform, or remove its tag`;
}

/** A processor that AWS CodeBuild builds run on. */
export type ProcessorName = 'x86_64' | 'arm64';

/** All processors that AWS CodeBuild builds run on. */
export const PROCESSORS: readonly ProcessorName[] = ['x86_64', 'arm64'];

/** The image architectures that each processor runs without emulation. */
const ARCHITECTURES: Readonly<Record<ProcessorName, readonly string[]>> = { x86_64: ['amd64', '386'], arm64: ['arm64'] };

/** The usual platform of images for a processor. */
export function platformOfProcessor(processor: ProcessorName): string {
  return `linux/${ARCHITECTURES[processor][0]}`;
}

/** The processor that runs commands of a platform; undefined when there is none. */
export function processorOfPlatform(text: string): ProcessorName | undefined {
  const platform = parsePlatform(text);
  return PROCESSORS.find((processor) => platform?.os === 'linux' && ARCHITECTURES[processor].includes(platform.architecture));
}
