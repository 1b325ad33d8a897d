/**
 * The tags by which a mirror keeps images, or lets them expire. Builds put the tags, and the lifecycle rules of the repositories select them.
 *
 * A build cannot delete images. It marks an image that nothing needs with a tag, and a lifecycle rule expires the marked image.
 */

import { MAX_TAG_LENGTH, shortDigest } from './image-reference';

/** The start of all tags that a mirror puts on images for retention. No upstream tag may start with it. */
export const RETENTION_TAG_PREFIX = 'mirror.';

/** The number of previous images that a floating tag keeps by default. */
export const DEFAULT_KEEP_PREVIOUS = 150;

/** The maximum number of previous images, and of versions, that a mirror keeps. A repository can hold 100,000 images. */
export const MAX_KEPT_IMAGES = 10_000;

/** The pattern of the tags of images that nothing needs. A lifecycle rule expires these images. */
export const EXPIRED_TAG_PATTERN = `${RETENTION_TAG_PREFIX}expired.*`;

/** The pattern of the tags of images that no lifecycle rule may expire. Its rule has a higher priority. */
export const KEPT_TAG_PATTERN = `${RETENTION_TAG_PREFIX}kept.*`;

/** The place of an image in the list of previous images of a floating tag. */
export interface PreviousTag {
  /** The floating tag that named the image. */
  readonly tag: string;
  /** The position in the list: the first previous image has 1. */
  readonly number: number;
}

/** Whether a tag is reserved for retention. An upstream image with such a tag could make other images expire. */
export function isRetentionTag(tag: string): boolean {
  return tag.startsWith(RETENTION_TAG_PREFIX);
}

/**
 * The tag of a previous image: `mirror.previous.stable.7` for the seventh image that `stable` no longer names.
 *
 * @returns undefined when the floating tag is too long
 */
export function previousTag({ tag, number }: PreviousTag): string | undefined {
  const name = `${RETENTION_TAG_PREFIX}previous.${tag}.${number}`;
  return name.length > MAX_TAG_LENGTH ? undefined : name;
}

/** The place that a tag of a previous image stands for; undefined for other tags. */
export function parsePreviousTag(name: string): PreviousTag | undefined {
  const [, tag, number] = /^mirror\.previous\.(.+)\.([1-9][0-9]{0,8})$/.exec(name) ?? [];
  return tag === undefined ? undefined : { tag, number: Number(number) };
}

/** The tag that marks an image to expire. It contains the first 12 digits of the digest, so each image has a tag of its own. */
export function expiredTag(digest: string): string {
  return `${RETENTION_TAG_PREFIX}expired.${shortDigest(digest)}`;
}

/** The tag that protects an image with an expired tag, because a tag names it again. */
export function keptTag(digest: string): string {
  return `${RETENTION_TAG_PREFIX}kept.${shortDigest(digest)}`;
}
