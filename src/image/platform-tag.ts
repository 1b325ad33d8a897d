import { formatPlatform, normalizedPlatform, Platform, samePlatform } from './platform';

const LONGEST_TAG = 128;

/**
 * The tag of the image of a single platform, beside the tag of the image of all: `stable-linux-arm64`.
 *
 * AWS Lambda takes no image of several platforms, and an index of one is still an index.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
 */
export function platformTag(tag: string, platform: Platform): string {
  const suffix = `-${formatPlatform(normalizedPlatform(platform)).replace(/\//g, '-')}`;
  return `${tag.slice(0, LONGEST_TAG - suffix.length)}${suffix}`;
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
