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
