/**
 * The tags by which a mirror keeps images, or lets them expire. Builds put the tags, and the lifecycle rules of the repositories select them.
 *
 * A build cannot delete images. It marks an image that nothing needs with a tag, and a lifecycle rule expires the marked image.
 */

import { MAX_TAG_LENGTH, shortDigest } from './image-reference';

/** The start of all tags that a mirror puts on images for retention. No upstream tag may start with it. */
const RETENTION_TAG_PREFIX = 'mirror.';

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
  /** The name of the list: the floating tag, or a shorter name for a very long tag. */
  readonly list: string;
  /** The position in the list: the first previous image has 1. */
  readonly number: number;
}

/** The digits of a number in a list. A tag that moves every minute needs nine digits after 190 years. */
const MAX_NUMBER_DIGITS = 9;

/** The maximum length of the name of a list. The rest of a tag is the prefix, the word `previous` or `released`, two dots, and the number. */
export const MAX_LIST_LENGTH = MAX_TAG_LENGTH - `${RETENTION_TAG_PREFIX}previous..`.length - MAX_NUMBER_DIGITS;

const NUMBER = `[1-9][0-9]{0,${MAX_NUMBER_DIGITS - 1}}`;
const PREVIOUS = new RegExp(`^mirror\\.previous\\.(.+)\\.(${NUMBER})$`);
const RELEASED = new RegExp(`^mirror\\.released\\.(.+)\\.(${NUMBER})$`);

/** The problem with a number of kept images, as text; undefined when it is valid. */
export function keptImagesProblem(value: unknown, minimum: number): string | undefined {
  const isValid = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= MAX_KEPT_IMAGES;
  return isValid ? undefined : `it must be a whole number from ${minimum} to ${MAX_KEPT_IMAGES}`;
}

/** Whether a tag is reserved for retention. An upstream image with such a tag could make other images expire. */
export function isRetentionTag(tag: string): boolean {
  return tag.startsWith(RETENTION_TAG_PREFIX);
}

/** The rule for tags that people read in errors. */
export const RETENTION_TAG_PROBLEM = `tags that start with "${RETENTION_TAG_PREFIX}" are reserved for the tags that keep images or let them expire; `
  + 'mirror the image by its digest instead';

/**
 * The name of the list of previous images of a floating tag: the tag itself.
 *
 * A tag that is too long for the names of its images has its start and a digest of the tag instead. That name is longer than the name of any
 * tag that is not too long, so two tags never share a list.
 *
 * @param digestOf computes the `sha256` digest of a text
 */
export function previousList(tag: string, digestOf: (text: string) => string): string {
  if (tag.length < MAX_LIST_LENGTH) return tag;
  const ending = `-${shortDigest(digestOf(tag))}`;
  return `${tag.slice(0, MAX_LIST_LENGTH - ending.length)}${ending}`;
}

/** The tag of a previous image: `mirror.previous.stable.7` for the seventh image that `stable` no longer names. */
export function previousTag({ list, number }: PreviousTag): string {
  return `${RETENTION_TAG_PREFIX}previous.${list}.${number}`;
}

/** The place that a tag of a previous image stands for; undefined for other tags. */
export function parsePreviousTag(name: string): PreviousTag | undefined {
  return parsePlace(PREVIOUS, name);
}

/**
 * The tag of a previous image that its list no longer needs, although another tag still names the image: `mirror.released.stable.7`.
 *
 * Other lists learn from it that this list doesn't need the image. A higher number in the same list means that the image came back.
 */
export function releasedTag({ list, number }: PreviousTag): string {
  return `${RETENTION_TAG_PREFIX}released.${list}.${number}`;
}

/** The place that a released tag stands for; undefined for other tags. */
export function parseReleasedTag(name: string): PreviousTag | undefined {
  return parsePlace(RELEASED, name);
}

function parsePlace(format: RegExp, name: string): PreviousTag | undefined {
  const [, list, number] = format.exec(name) ?? [];
  return list === undefined ? undefined : { list, number: Number(number) };
}

/** The tag that marks an image to expire. It contains the first 12 digits of the digest, so each image has a tag of its own. */
export function expiredTag(digest: string): string {
  return `${RETENTION_TAG_PREFIX}expired.${shortDigest(digest)}`;
}

/** The tag that protects an image with an expired tag, because a tag names it again. */
export function keptTag(digest: string): string {
  return `${RETENTION_TAG_PREFIX}kept.${shortDigest(digest)}`;
}

/** The pattern of the tags of previous images of a floating tag, in the syntax of `image/tag-patterns.ts`. The tag can be a pattern too. */
export function previousTagPattern(tag: string): string {
  // The list of a very long tag has a shorter name.
  return `${RETENTION_TAG_PREFIX}previous.${tag.length < 80 ? tag : '*'}.#`;
}
