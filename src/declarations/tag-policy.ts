/**
 * Whether a tag names one release for ever or follows upstream.
 *
 * The mirror judges by the tag's form: full versions, dates and git hashes are fixed, everything else floats.
 * Say it yourself where the form misleads.
 */
export enum TagKind {
  /**
   * The tag names one image for ever, as `7.11.2` does.
   *
   * It is immutable in the mirror. When it names another image upstream one day, `OnTagMoved` decides.
   */
  FIXED = 'fixed',

  /**
   * The tag follows upstream, as `stable` does.
   *
   * It is the exception in its otherwise immutable repository; Amazon ECR allows five such tags in one repository.
   */
  FLOATING = 'floating',
}

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
