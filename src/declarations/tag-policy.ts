/**
 * The kind of a tag: it names one release forever, or it follows upstream.
 *
 * By default, the mirror derives the kind from the form of the tag: full versions, dates, Git hashes, and build numbers are fixed, and all other tags
 * are floating. A full version is floating with a word that says that it is built again: `1.2.3-SNAPSHOT`, `1.2.3-nightly`, `1.2.3-dev`.
 * Set the kind if the form is misleading.
 */
export enum TagKind {
  /**
   * The tag names one image forever, for example `7.11.2`.
   *
   * The tag is immutable in the mirror. If it later names a different image upstream, `onTagMoved` applies.
   */
  FIXED = 'fixed',

  /**
   * The tag follows upstream, for example `stable`.
   *
   * The tag is an exception in an otherwise immutable repository. Amazon ECR allows five exceptions in one repository. For more floating tags, see
   * `ImageMirrorProps.imageTagMutability`.
   */
  FLOATING = 'floating',
}

/**
 * The order of the tags that `TagFilter.pattern()` selects.
 *
 * The mirror doesn't use the order of the registry, because registries list tags in different orders.
 */
export enum TagOrder {
  /**
   * Words and numbers are compared from left to right, and numbers by their value: `build-100` is newer than `build-99`.
   *
   * A pre-release is older than its release: `1.2.0-rc1`, `1.2.0-beta2`, and `1.2.0-SNAPSHOT` are older than `1.2.0`. A longer tag is newer than
   * the tag that it starts with: `1.2.1` is newer than `1.2`. A leading `v` has no meaning.
   */
  VERSION = 'VERSION',

  /**
   * Only the last number is compared. Use it where a name or a Git hash precedes a build number or a time stamp: `main-1a2b3c4-1730937140`.
   *
   * Tags with the same last number have the order of `VERSION`.
   */
  LAST_NUMBER = 'LAST_NUMBER',
}

/**
 * The action of a run when a fixed tag names a different image upstream than in the mirror.
 *
 * A release that changes after its publication is a mistake or an attack, so no action replaces the image in the mirror.
 * With each action, the run sends the event `Upstream Tag Moved` to the event bus.
 */
export enum OnTagMoved {
  /** The build fails. */
  FAIL = 'FAIL',

  /** The build succeeds, and the mirror keeps its image. */
  KEEP = 'KEEP',

  /** The build succeeds, and the mirror also gets the new image. Its tag has the first 12 digits of its digest as a suffix: `7.11.2-4f1c0e2a9b7d`. */
  SUFFIX = 'SUFFIX',
}

/**
 * The action of a run when the upstream registry no longer has an image that the mirror has: its tag or repository is gone.
 *
 * With each action, the copy in Amazon ECR stays, and consumers can still use it. The run sends the event `Upstream Image Gone` to the event bus.
 */
export enum OnUpstreamGone {
  /** The build succeeds, and the result has a warning with the age of the copy. */
  KEEP = 'KEEP',

  /** The build fails. */
  FAIL = 'FAIL',
}

/**
 * The action of a run for attestations: provenance and SBOMs that BuildKit lists in the index of an image, without a platform of their own.
 *
 * A registry can refuse attestations. Without them, the mirror has a new index with a different, deterministic digest. Its annotation
 * `io.github.cdk-ecr-mirror.source-digest` contains the upstream digest. The images of the platforms keep their digests.
 *
 * With a pinned digest, the mirror never has another index: the run fails if Amazon ECR refuses an attestation, or if attestations are dropped.
 *
 * @see https://docs.docker.com/build/metadata/attestations/
 */
export enum Attestations {
  /** The attestations are copied. The run fails if Amazon ECR refuses one of them. */
  KEEP = 'KEEP',

  /** The attestations are not copied. An image that the mirror has with its attestations stays unchanged until upstream changes it. */
  DROP = 'DROP',

  /** The attestations are copied. If Amazon ECR refuses one of them, the image is copied without its attestations, and the result has a warning. */
  KEEP_IF_ACCEPTED = 'KEEP_IF_ACCEPTED',
}
