/**
 * What a run does when a fixed tag names another image upstream than in the mirror.
 *
 * A release that changes after its publication is a mistake or an attack, so no choice replaces the image that the mirror holds.
 * Each of them puts the event `Upstream Tag Moved` on the event bus.
 */
export enum OnTagMoved {
  /** The build fails, so that somebody looks. */
  FAIL = 'FAIL',

  /** The build succeeds, and the mirror keeps the image that it has. */
  KEEP = 'KEEP',

  /** The build succeeds, and the new image is mirrored beside the old one, under the tag and the first twelve digits of its digest. */
  SUFFIX = 'SUFFIX',
}
