/**
 * The kind of a tag: it names one release forever, or it follows upstream.
 *
 * The mirror judges a tag by its form: full versions, dates, and git hashes are fixed, and all other tags are floating.
 * Set the kind where the form is misleading.
 */
export enum TagKind {
  /**
   * The tag names one image forever, for example `7.11.2`.
   *
   * It is immutable in the mirror. If it names a different image upstream later, `OnTagMoved` applies.
   */
  FIXED = 'fixed',

  /**
   * The tag follows upstream, for example `stable`.
   *
   * It is an exception in an otherwise immutable repository. Amazon ECR allows five such tags in one repository.
   */
  FLOATING = 'floating',
}

/**
 * The action of a run when a fixed tag names a different image upstream than in the mirror.
 *
 * A release that changes after its publication is a mistake or an attack, so no action replaces the image in the mirror.
 * Each action sends the event `Upstream Tag Moved` to the event bus.
 */
export enum OnTagMoved {
  /** The build fails. */
  FAIL = 'FAIL',

  /** The build succeeds, and the mirror keeps its image. */
  KEEP = 'KEEP',

  /** The build succeeds, and the new image is also mirrored. Its tag is the original tag and the first twelve digits of its digest. */
  SUFFIX = 'SUFFIX',
}
