import type { SharedLimits } from './copy/copy-context';
import type { RegistryTools } from './registry/repository-access';
import type { ProgressListener } from './report/progress';
import type { ImageLister } from './retention/repository-images';
import type { AdmissionPolicy } from '../image/admission/admission-policy';
import type { AttestationPolicy, TagMovedPolicy, UpstreamGonePolicy } from '../image/contract/environment';
import type { CustomImage } from '../image/custom-image';
import type { ImageReference } from '../image/image-reference';
import type { Platform } from '../image/platform';
import type { TagKindName } from '../image/tag-kind';

/** One image to mirror. */
export interface MirrorRequest {
  readonly source: ImageReference;
  /** The target image, always with a tag. */
  readonly target: ImageReference & { readonly tag: string };
  readonly kind: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  /** The platforms to mirror; undefined for all, which keeps the digest. */
  readonly platforms?: readonly Platform[];
  /** Whether upstream may lack some of the platforms, but not all of them; false by default. */
  readonly platformsIfAvailable?: boolean;
  /** The platforms that get a tag of their own in addition to the target's tag; undefined for none. */
  readonly platformTags?: readonly Platform[];
  /** Whether to copy signatures and other referrers with a new image. */
  readonly referrers: boolean;
  /** Whether to look for referrers that were published after the image was mirrored, if it is unchanged; false by default. */
  readonly lateReferrers?: boolean;
  /** The policy for the attestations of an index; `KEEP_IF_ACCEPTED` by default. */
  readonly attestations?: AttestationPolicy;
  /** The number of previous images that a floating tag keeps; none by default. */
  readonly keepPrevious?: number;
  /** The only valid digest of the source; undefined for any. */
  readonly expectedDigest?: string;
  /** The checks that a new image must pass before the tag serves it; none by default. */
  readonly admission?: AdmissionPolicy;
  /** Whether the first copy of the image is exempt from its minimum age, because the app names the image; false by default. */
  readonly isNamed?: boolean;
  /** The policy when upstream no longer has the image; `KEEP` by default. */
  readonly onUpstreamGone?: UpstreamGonePolicy;
  /** The owner of the image, which the result repeats. */
  readonly owner?: string;
  /** Warnings about the image, which the result repeats. */
  readonly warnings?: readonly string[];
  /** How the image is customized after it is mirrored; undefined when it is not. `mirrorImage()` ignores it. */
  readonly custom?: CustomImage;
  /** Whether to only check what a run would do (dry run). */
  readonly dryRun?: boolean;
}

/** The repositories and settings for checks of new images. */
export interface AdmissionTools {
  /** The quarantine repository of the target's registry: `mirror-held`. */
  readonly quarantine: string;
  /** The repository with the decisions of people: `mirror-decisions`. */
  readonly decisions: string;
  /** The path of a JSON file with a list of trust roots; undefined for the engine's own. */
  readonly trustRootFile?: string;
}

/** The tools that images are mirrored with. */
export interface MirrorTools extends RegistryTools {
  readonly progress: ProgressListener;
  /** The state that the images of a run share. By default, each image has its own limits. */
  readonly limits?: SharedLimits;
  /** The repositories and settings for checks of new images. A request with checks fails without them. */
  readonly admissionTools?: AdmissionTools;
  /** Lists the images of the target for retention. @default - the API of Amazon ECR, for its registries */
  readonly listImages?: ImageLister;
}
