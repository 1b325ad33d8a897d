import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AdmissionOptions } from '../declarations/admission-options';
import { Attestations, OnTagMoved, OnUpstreamGone } from '../declarations/tag-policy';

/**
 * Options for mirroring the images of a catalog.
 */
export interface MirroredCatalogOptions {
  /**
   * The schedule of runs. Each run reads the list, and checks upstream for newer images.
   *
   * @default - the schedule of the mirror
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * The time window in which a run starts.
   *
   * @default - the time window of the mirror
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * Whether the catalog is mirrored. With `false`, its schedules are in the state `DISABLED`, and deployments do not mirror it.
   *
   * The repositories and the images in them stay. `cdk-ecr-mirror start` still starts runs. When `enabled` is `true` again, the next deployment
   * mirrors the catalog.
   *
   * @default - the setting of the mirror
   */
  readonly enabled?: boolean;

  /**
   * Whether the catalog has schedules. With `false`, only deployments mirror the catalog, when it is new or changes.
   *
   * A file of the app changes with its content. A parameter or an object in Amazon S3 changes without a deployment, so its new images are mirrored
   * only by `cdk-ecr-mirror start`.
   *
   * @default - the setting of the mirror
   */
  readonly scheduled?: boolean;

  /**
   * The number of builds that share the images, from 1 to 30. Each build has its own schedule.
   *
   * A build mirrors at most 500 entries. It checks them in one or two minutes. Copying takes longer, and the next run copies the images that a build
   * could not copy before its timeout. In a build with more entries, the excess entries fail. For a file of the app, synthesis fails instead.
   *
   * One build mirrors all tags of an upstream repository, for any number of shards. To mirror many of them, use `tags`, which is one entry.
   *
   * @default 1
   */
  readonly shards?: number;

  /**
   * The action of a run when a fixed tag names a different image upstream than in the mirror. An entry can override it.
   *
   * @default - the setting of the mirror
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * The action of a run when the upstream registry no longer has an image that the mirror has. An entry can override it.
   *
   * @default - the action of the mirror
   */
  readonly onUpstreamGone?: OnUpstreamGone;

  /**
   * The checks that a new image must pass before a tag serves it. Each field replaces the same field of the mirror.
   *
   * An entry can add checks and make checks stricter, and can't weaken them. Entries can have checks only if the catalog or its mirror has
   * `admission`. An empty object is sufficient: it adds the quarantine repository of the mirror.
   *
   * Also the first copy of an image waits for its minimum age, because everyone who can edit the list can name an image.
   *
   * A catalog can't have a `lock`: write the only valid digest of an image in the field `digest` of its entry.
   *
   * @default - the checks of the mirror, without its lock
   */
  readonly admission?: AdmissionOptions;

  /**
   * The owner of entries without an `owner` of their own. The field `owner` of their results and events has this value.
   *
   * @default - the owner of the mirror
   */
  readonly owner?: string;

  /**
   * The platforms to mirror of each image that has them. A run fails only if upstream has none of them. See `MirrorRunOptions.platforms`.
   *
   * `platforms` of an entry replace the list for this entry, and all of them must exist. `allPlatforms` of an entry opts out.
   *
   * @default - the setting of the mirror
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * Whether to mirror all platforms, byte for byte, although the mirror has a list of `platforms`. It excludes `platforms`.
   *
   * @default false
   */
  readonly allPlatforms?: boolean;

  /**
   * Whether to mirror the referrers of images: signatures, attestations, and SBOMs. An entry can override it.
   *
   * @default - the setting of the mirror
   */
  readonly referrers?: boolean;

  /**
   * The action of a run for the attestations of an image, which a registry can refuse. An entry can override it.
   *
   * @default - the setting of the mirror
   */
  readonly attestations?: Attestations;

  /**
   * Whether runs look for referrers of unchanged images: signatures, attestations, and SBOMs that were published after the images were mirrored.
   *
   * About once a day, a run sends two extra requests for each image to the upstream registry. No rate limit counts them.
   * The result of the run is `unchanged`, and its `referrersCopied` is the number of new referrers. It has no effect where `referrers` is false.
   *
   * @default - the setting of the mirror
   */
  readonly lateReferrers?: boolean;

  /**
   * The number of previous images that each floating tag keeps, from 0 to 10,000. An entry can override it. See `ImageMirrorProps.keepPrevious`.
   *
   * @default - the number of the mirror
   */
  readonly keepPrevious?: number;

  /**
   * The number of the newest versions that each entry with `tags` keeps, from 1 to 10,000. Older versions expire within two days.
   *
   * It applies to entries with `semver` or `latest`, and an entry can override it. If `latest` of an entry is more, this entry keeps more versions.
   * A repository that was created by an older version of this library has no rule that expires the versions; see `docs/retention.md`.
   *
   * @default - the number of the mirror; without it, all versions stay
   */
  readonly keepVersions?: number;
}
