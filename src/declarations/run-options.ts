import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AdmissionOptions } from './admission-options';
import { Attestations, OnTagMoved, OnUpstreamGone } from './tag-policy';

/**
 * Options of an `ImageMirror` for the runs of all its images.
 */
export interface MirrorRunOptions {
  /**
   * The schedule of the runs that look for newer images. Docker Hub counts a pull only when a run copies an image.
   *
   * @default scheduler.ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * The time window in which a run starts. It spreads the runs of many images, because CodeBuild queues only about 30 builds of an account.
   *
   * @default scheduler.TimeWindow.flexible(Duration.hours(1))
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * Whether one schedule mirrors all images with the same `schedule` and `timeWindow` in one build, instead of a build for each image.
   *
   * CodeBuild bills each build at least one minute on EC2 compute, so 100 images that are checked daily cost about $15 a month one by one, and about
   * $0.30 together. Each image still has its own results, events, metrics, and alarms. The images of a build share its timeout, its log, and its
   * CodeBuild status: the build fails when one of its images fails, after it has mirrored the others.
   *
   * A build gets at most as many images as it can copy before its timeout, and as fit into an environment variable: about 80. So more images have
   * several schedules. A new image changes only one of them.
   *
   * @default false
   */
  readonly groupRuns?: boolean;

  /**
   * Whether the images and catalogs of the mirror are mirrored. `false` freezes them, for example during an incident upstream.
   *
   * See `MirroredImageOptions.enabled`. An image or a catalog can override it.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Whether images and catalogs have schedules. With `false`, deployments mirror what is new or changed, and nothing looks for newer images.
   *
   * See `MirroredImageOptions.scheduled`. An image or a catalog can override it.
   *
   * @default true
   */
  readonly scheduled?: boolean;

  /**
   * The owner of images without an `owner` of their own. The field `owner` of their results and events has this value.
   *
   * @default - no owner
   */
  readonly owner?: string;

  /**
   * The action of a run when a fixed tag names a different image upstream than in the mirror.
   *
   * @default OnTagMoved.FAIL
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * The action of a run when the upstream registry no longer has an image that the mirror has.
   *
   * @default OnUpstreamGone.KEEP
   */
  readonly onUpstreamGone?: OnUpstreamGone;

  /**
   * The checks that a new image must pass before a tag in Amazon ECR serves it, for example a minimum age or a signature.
   *
   * `MirroredImageOptions.admission` replaces single fields for one image. The first check adds a quarantine repository and a repository for
   * decisions to the stack of the mirror. Mirrors with checks in the same account and Region need different prefixes. See `docs/admission.md`.
   *
   * @default - a new image is served as soon as a run finds it
   */
  readonly admission?: AdmissionOptions;

  /**
   * The platforms to mirror of each image that has them, for example `[ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64]`.
   *
   * An image can lack some of the platforms. A run fails only if upstream has none of them. An image that has no other platforms, or that is not an
   * index, is copied byte for byte. Other images get a new index; see `MirroredImageOptions.platforms`, which replaces this list for an image. To
   * mirror all platforms of an image, set `allPlatforms`.
   *
   * An image that the mirror already has with all platforms stays as it is until upstream changes it.
   *
   * @default - all platforms, byte for byte
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * The action of a run for the attestations of an image, which a registry can refuse.
   *
   * @default Attestations.KEEP_IF_ACCEPTED
   */
  readonly attestations?: Attestations;

  /**
   * Whether to mirror the referrers of images: signatures, attestations, and SBOMs that the upstream registry has for them.
   *
   * A referrer that cannot be copied causes a warning in the log, and the image is mirrored anyway.
   *
   * @default true
   */
  readonly referrers?: boolean;

  /**
   * Whether runs look for referrers of unchanged images: signatures, attestations, and SBOMs that were published after the images were mirrored.
   *
   * About once a day, a run sends two extra requests for each image to the upstream registry. No rate limit counts them.
   * The result of the run is `unchanged`, and its `referrersCopied` is the number of new referrers. It has no effect where `referrers` is false.
   *
   * @default true
   */
  readonly lateReferrers?: boolean;
}
