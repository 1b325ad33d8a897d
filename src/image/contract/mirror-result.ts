/**
 * What one run found and did: the last line of a build's log, the output of `--json`, and the detail of the EventBridge event.
 */

/** How a run ended. */
export type Outcome = 'copied' | 'unchanged' | 'tag-moved' | 'failed';

/** Why a run failed, as a word that a program can act on. */
export type FailureReason =
  | 'invalid-reference'
  | 'invalid-configuration'
  | 'not-found'
  | 'unauthorized'
  | 'rate-limited'
  | 'digest-mismatch'
  | 'expired'
  | 'unsupported-manifest'
  | 'immutable-tag'
  | 'build-failed'
  | 'deadline-exceeded'
  | 'interrupted'
  | 'network'
  | 'registry-error'
  | 'internal-error';

/** The result of mirroring one image. Its field names are a public contract: scripts, metric filters and event rules read them. */
export interface MirrorResult {
  /** The upstream image, in canonical spelling; as it was given where it could not be parsed. */
  readonly source: string;
  /** The image in the mirror, in canonical spelling; without a tag where the tags could not be listed, and empty where it is not known. */
  readonly target: string;
  /** The repository of `target`, without its registry; absent where it is not known. */
  readonly repository?: string;
  /** The tag of `target`; absent where it is not known. */
  readonly tag?: string;
  /** Who answers for the image, as its catalog says. */
  readonly owner?: string;
  /** True when nothing was done: `outcome` tells what would be. */
  readonly dryRun?: boolean;
  readonly outcome: Outcome;
  /** Only when `outcome` is `failed`, or `tag-moved` and the policy is to fail. */
  readonly reason?: FailureReason;
  /** One sentence for people; always there when something is wrong. */
  readonly message?: string;
  /** The digest that upstream has now. */
  readonly sourceDigest?: string;
  /** The digest that the mirror's tag names after the run. */
  readonly targetDigest?: string;
  /** The tag that the moved image was kept under, when `onTagMoved` is `SUFFIX`. */
  readonly suffixedTag?: string;
  /** The tags that name the image of a single platform each after the run, when they are asked for; they belong to the tag of `target`. */
  readonly platformTags?: readonly string[];
  /** The builds that were started to customize the image; what they made is told by results of their own. */
  readonly customBuilds?: readonly string[];
  /** The image in the mirror, by its digest, that `target` was built from; only of a customized image. */
  readonly builtFrom?: string;
  /** Bytes of blobs that were sent to the mirror. */
  readonly bytesCopied: number;
  /** Blobs that were sent to the mirror. */
  readonly blobsCopied: number;
  /** Blobs that the mirror already had. */
  readonly blobsSkipped: number;
  /** Signatures and other referrers that came along with a new image. */
  readonly referrersCopied: number;
  /** What went wrong and did no harm to the image, such as a referrer that the mirror refused. */
  readonly warnings?: readonly string[];
  /** HTTP requests sent to registries, token requests not included. */
  readonly requests: { readonly source: number; readonly target: number };
  /** Manifests fetched from upstream with GET: what Docker Hub counts as pulls. */
  readonly countedPulls: number;
  readonly seconds: number;
}

/** The result of a run of several images: the last line of its log, after a line for each image. */
export interface RunSummary {
  /** The worst of the outcomes. */
  readonly outcome: Outcome;
  /** How many images ended in which way. */
  readonly images: Readonly<Record<Outcome, number>>;
  readonly results: readonly Pick<MirrorResult, 'source' | 'target' | 'outcome' | 'reason' | 'customBuilds'>[];
}
