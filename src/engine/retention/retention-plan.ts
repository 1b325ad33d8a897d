import {
  expiredTag, EXPIRED_TAG_PATTERN, keptTag, KEPT_TAG_PATTERN, parsePreviousTag, parseReleasedTag, PreviousTag, releasedTag,
} from '../../image/retention';

/** An image of a repository, with all its tags. */
export interface TaggedImage {
  readonly digest: string;
  readonly tags: readonly string[];
  /** The time of its first push in milliseconds since the epoch; undefined when it is not known. */
  readonly pushedAt?: number;
}

/** A tag to put on an image that the repository has. */
export interface RetentionTag {
  readonly digest: string;
  readonly tag: string;
}

/** The tags that a run puts on images, in this order. */
export interface RetentionPlan {
  /** Protects images that an earlier run marked, and that a tag names again. */
  readonly kept: readonly RetentionTag[];
  /** Releases previous images that another tag still names. */
  readonly released: readonly RetentionTag[];
  /** Marks images that nothing needs. */
  readonly expired: readonly RetentionTag[];
}

/** A list of previous images after its tag has moved. */
export interface PreviousList {
  /** The floating tag. */
  readonly tag: string;
  /** The name of its list. */
  readonly list: string;
  /** The number of images that the list keeps. */
  readonly keepPrevious: number;
}

/** The tags of a repository that a run has read. The tags and lists of other images are not known. */
interface KnownTags {
  /** Whether nothing needs an image for being in a list. */
  readonly isDeadList: (list: string) => boolean;
  /** Whether nothing needs an image for having a tag. */
  readonly isDeadTag: (tag: string) => boolean;
}

/** Whether an image has the mark that lets it expire. */
export function isMarked({ tags }: TaggedImage): boolean {
  return tags.some((tag) => matches(tag, EXPIRED_TAG_PATTERN));
}

/** Whether no lifecycle rule expires an image. */
function isShielded({ tags }: TaggedImage): boolean {
  return tags.some((tag) => matches(tag, KEPT_TAG_PATTERN));
}

/** The newest number in a list, and the image that has it; undefined when the list is empty. */
export function newestPlace(images: readonly TaggedImage[], list: string): { readonly digest: string; readonly number: number } | undefined {
  const places = images.flatMap(({ digest, tags }) => {
    const number = highestNumber(tags, list, parsePreviousTag);
    return number === 0 ? [] : [{ digest, number }];
  });
  return places.sort((a, b) => b.number - a.number)[0];
}

/**
 * Plans the tags for the previous images of a floating tag.
 *
 * The newest images of the list stay. An image further back is marked when no other tag and no other list needs it. Otherwise it is only
 * released, so that the last of the lists that name it can mark it.
 */
export function planPrevious(images: readonly TaggedImage[], { tag, list, keepPrevious }: PreviousList): RetentionPlan {
  const number = ({ tags }: TaggedImage) => highestNumber(tags, list, parsePreviousTag);
  const current = images.filter(({ tags }) => tags.includes(tag));
  const listed = images.filter((image) => !current.includes(image) && number(image) > 0).sort((a, b) => number(b) - number(a));
  const dead = listed.slice(keepPrevious).reverse().filter((image) => !isShielded(image) && !isMarked(image));
  const known: KnownTags = { isDeadList: (name) => name === list, isDeadTag: () => false };
  const [needed, unneeded] = [dead.filter((image) => isNeeded(image, known)), dead.filter((image) => !isNeeded(image, known))];
  return {
    kept: shield([...current, ...listed.slice(0, keepPrevious)]),
    released: needed.filter((image) => isAlivePlace(image, list)).map((image) => {
      return { digest: image.digest, tag: releasedTag({ list, number: number(image) }) };
    }),
    expired: mark(unneeded),
  };
}

/**
 * Plans the tags for the versions of a filter.
 *
 * @param isDeadTag whether a tag names a version that the filter no longer keeps
 * @param isKeptTag whether a tag names a version that the filter keeps
 */
export function planVersions(
  images: readonly TaggedImage[], isDeadTag: (tag: string) => boolean, isKeptTag: (tag: string) => boolean,
): RetentionPlan {
  const known: KnownTags = { isDeadList: isDeadTag, isDeadTag };
  const unneeded = images.filter((image) => !isShielded(image) && !isMarked(image) && !isNeeded(image, known));
  const named = ({ tags }: TaggedImage) => tags.some(isDeadTag);
  return {
    kept: shield(images.filter(({ tags }) => tags.some(isKeptTag))),
    released: [],
    // The previous images of a tag come first: without its tag, a later run would not find out that nothing needs them.
    expired: mark([...unneeded.filter((image) => !named(image)), ...unneeded.filter(named)]),
  };
}

/**
 * The tags that protect images that were marked while another run gave them a tag.
 *
 * @param before the images as they were when the run decided to mark some of them
 * @param after the same images after they were marked
 */
export function planRescue(before: readonly TaggedImage[], after: readonly TaggedImage[], marked: readonly string[]): RetentionTag[] {
  const tagsBefore = new Map(before.map(({ digest, tags }) => [digest, new Set(tags)]));
  return shield(after.filter(({ digest, tags }) => {
    if (!marked.includes(digest)) return false;
    return tags.some((tag) => !tagsBefore.get(digest)?.has(tag) && !matches(tag, EXPIRED_TAG_PATTERN) && parseReleasedTag(tag) === undefined);
  }));
}

/** Whether a tag or a list needs an image. A tag that is unknown to the run does. */
function isNeeded(image: TaggedImage, { isDeadList, isDeadTag }: KnownTags): boolean {
  return image.tags.some((tag) => {
    if (matches(tag, EXPIRED_TAG_PATTERN) || parseReleasedTag(tag) !== undefined) return false;
    const place = parsePreviousTag(tag);
    return place === undefined ? !isDeadTag(tag) : !isDeadList(place.list) && isAlivePlace(image, place.list);
  });
}

/** Whether a list has not released an image. An image that came back to a list after its release has a higher number. */
function isAlivePlace({ tags }: TaggedImage, list: string): boolean {
  return highestNumber(tags, list, parsePreviousTag) > highestNumber(tags, list, parseReleasedTag);
}

/** The highest number that tags have in a list; 0 when there is none. */
function highestNumber(tags: readonly string[], list: string, parse: (tag: string) => PreviousTag | undefined): number {
  return tags.reduce((highest, tag) => {
    const place = parse(tag);
    return place?.list === list ? Math.max(highest, place.number) : highest;
  }, 0);
}

function shield(images: readonly TaggedImage[]): RetentionTag[] {
  return images.filter((image) => isMarked(image) && !isShielded(image)).map(({ digest }) => ({ digest, tag: keptTag(digest) }));
}

function mark(images: readonly TaggedImage[]): RetentionTag[] {
  return images.map(({ digest }) => ({ digest, tag: expiredTag(digest) }));
}

/** Whether a tag matches a pattern that ends with its only wildcard. */
function matches(tag: string, pattern: string): boolean {
  return tag.startsWith(pattern.slice(0, -1));
}
