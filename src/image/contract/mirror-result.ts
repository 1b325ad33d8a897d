/**
 * The result of a run: the last line of the build log, the output of `--json`, and the detail of the EventBridge event.
 */

/** The outcome for an image. */
export type Outcome = 'copied' | 'unchanged' | 'held' | 'upstream-gone' | 'tag-moved' | 'failed';

/** The reason that holds an image: the check that it does not pass, and why. */
export type HeldBy =
  | 'minimum-age'
  | 'unsigned'
  | 'invalid-signature'
  | 'downgrade'
  | 'unreachable'
  | 'trust-root-outdated'
  | 'scan-pending'
  | 'scan-findings'
  | 'scan-unsupported'
  | 'not-scanned'
  | 'lock'
  | 'refused';

/** The decision of a person about an image. */
export interface AdmissionDecision {
  readonly decision: 'released' | 'refused';
  /** The principal that made the decision, as CodeBuild names it. */
  readonly by: string;
  readonly reason: string;
  /** The time of the decision: `2027-03-31T12:00:00Z`. */
  readonly at: string;
}

/** The reason of a failure, for programs. */
export type FailureReason =
  | 'invalid-reference'
  | 'invalid-configuration'
  | 'not-found'
  | 'unauthorized'
  | 'rate-limited'
  | 'digest-mismatch'
  | 'expired'
  | 'unsupported-manifest'
  | 'limit-exceeded'
  | 'immutable-tag'
  | 'archived'
  | 'held'
  | 'build-failed'
  | 'deadline-exceeded'
  | 'interrupted'
  | 'network'
  | 'registry-error'
  | 'internal-error';

/** The result of mirroring one image. Its field names are a public contract, because scripts, metric filters and event rules read them. */
export interface MirrorResult {
  /** The upstream image in canonical spelling, or in its original spelling when it is not valid. */
  readonly source: string;
  /** The image in the mirror in canonical spelling; without a tag when the tags could not be listed, and empty when it is not known. */
  readonly target: string;
  /** The repository of `target`, without its registry; absent when it is not known. */
  readonly repository?: string;
  /** The tag of `target`; absent when it is not known. */
  readonly tag?: string;
  /** The owner of the image, as the app or its catalog says. */
  readonly owner?: string;
  /** True in a dry run: `outcome` is then what a run would do. */
  readonly dryRun?: boolean;
  readonly outcome: Outcome;
  /** Only when `outcome` is `failed`, `tag-moved` with the policy `FAIL`, or `held` and the mirror serves no image under the tag. */
  readonly reason?: FailureReason;
  /** A sentence for people. Always present when there is a problem. */
  readonly message?: string;
  /** The digest upstream. */
  readonly sourceDigest?: string;
  /** The digest in the mirror after the run. */
  readonly targetDigest?: string;
  /** The checks that hold the image `sourceDigest`. Only when `outcome` is `held`. */
  readonly heldBy?: readonly HeldBy[];
  /** The time from which the image is old enough: `2027-03-31T12:00:00Z`. Only when its age holds it. */
  readonly eligibleAt?: string;
  /** The time since when the mirror holds images of the tag without a break. Absent when it is not known. */
  readonly heldSince?: string;
  /** The hours since `heldSince`, for metrics. Absent when the image waits for a change of the lock file. */
  readonly heldHours?: number;
  /** True when the tag moves more often than its minimum age, so that no image becomes old enough. */
  readonly starved?: boolean;
  /** The checks that would hold the image if the checks in audit mode were enforced. */
  readonly wouldBeHeldBy?: readonly HeldBy[];
  /** The decision of a person that releases or refuses the image. */
  readonly decision?: AdmissionDecision;
  /** The findings of the checks, for people: the identity of a signature, the number of findings. */
  readonly checks?: readonly string[];
  /** The tag of the moved image, with the policy `SUFFIX`. */
  readonly suffixedTag?: string;
  /** The tag that keeps the image that `tag` named before this run, for example `mirror.previous.stable.7`. Only when a floating tag moved. */
  readonly keptAs?: string;
  /** The digests of the images that nothing needs any more, which lifecycle rules can expire. Only when this run marked some. */
  readonly expired?: readonly string[];
  /** The platform tags of `target` after the run. Absent when the image has no platform tags. */
  readonly platformTags?: readonly string[];
  /** The builds that were started to customize the image. They have results of their own. */
  readonly customBuilds?: readonly string[];
  /** The image in the mirror, with its digest, that `target` was built from. Only for customized images. */
  readonly builtFrom?: string;
  /** The bytes of blobs that were uploaded to the mirror. */
  readonly bytesCopied: number;
  /** The number of blobs that were uploaded to the mirror. */
  readonly blobsCopied: number;
  /** The number of blobs that the mirror already had. */
  readonly blobsSkipped: number;
  /** The number of signatures and other referrers that were copied with a new image, or later with an unchanged image. */
  readonly referrersCopied: number;
  /** Problems that did not affect the image, for example a referrer that the mirror rejected. */
  readonly warnings?: readonly string[];
  /** The number of HTTP requests to registries, without token requests. */
  readonly requests: { readonly source: number; readonly target: number };
  /** The number of upstream manifests that were fetched with GET, which Docker Hub counts as pulls. */
  readonly countedPulls: number;
  /** The duration in seconds. */
  readonly seconds: number;
}

/** The result of a run of several images: the last line of its log, after the result line of each image. */
export interface RunSummary {
  /** The worst outcome of all images. */
  readonly outcome: Outcome;
  /** The number of images by outcome. */
  readonly images: Readonly<Record<Outcome, number>>;
  readonly results: readonly Pick<MirrorResult, 'source' | 'target' | 'outcome' | 'reason' | 'customBuilds'>[];
}
