import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AdmissionOptions } from './admission-options';
import { TagFilter } from './tag-filter';
import { Attestations, OnTagMoved, OnUpstreamGone, TagKind } from './tag-policy';

/**
 * Options of an image in a mirror.
 */
export interface MirroredImageOptions {
  /**
   * The schedule of the runs that look for a newer image.
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
   * Whether the image is mirrored. `false` freezes the image: its schedule is in the state `DISABLED`, and deployments do not mirror the image.
   *
   * The repository and the images in it stay, and consumers can still use them. A new image with `false` gets an empty repository: consumers do not
   * wait for a first copy, and cannot pull the image. `cdk-ecr-mirror start` and rule targets still start runs. Stale alarms of the image stay off.
   * When `enabled` is `true` again, the next deployment mirrors the image.
   *
   * @default - the setting of the mirror
   */
  readonly enabled?: boolean;

  /**
   * Whether the image has a schedule. With `false`, only deployments mirror the image, when it is new or when its options change.
   *
   * Use it where images must not change between deployments, for example in a staging environment. `cdk-ecr-mirror start` and rule targets still
   * start runs. Stale alarms of the image stay off. Synthesis fails when nothing mirrors the image: with `OnDeploy.OFF`.
   *
   * @default - the setting of the mirror
   */
  readonly scheduled?: boolean;

  /**
   * The owner of the image, for example the team that uses it: 1 to 100 letters, digits, spaces, or any of `._@/+:-`.
   *
   * The field `owner` of each result and event has this value, so that rules can notify the right team.
   *
   * @default - the owner of the mirror
   */
  readonly owner?: string;

  /**
   * The last day on which the image is mirrored, in UTC: `2027-03-31`.
   *
   * From 14 days before, each result has a warning. After this day, runs of the image fail with the reason `expired`, and so does a deployment that
   * mirrors the image again. The image stays in Amazon ECR, and consumers can still use it.
   *
   * @default - no last day
   */
  readonly expires?: string;

  /**
   * The full name of the ECR repository, which the mirror defines. Set either this property or `repository`.
   *
   * @default - the mirror's `repositoryPrefix`, the registry's host (except for Docker Hub), and the upstream repository: `mirror/nginx`
   */
  readonly repositoryName?: string;

  /**
   * An existing ECR repository, or a repository that the app defines.
   *
   * You set its tag mutability: a floating tag cannot move in an immutable repository. The repository must be in the account and Region of the
   * mirror. A repository that the app defines must be in the stack of the mirror; import a repository of another stack by its name.
   *
   * @default - the mirror defines a repository
   */
  readonly repository?: ecr.IRepository;

  /**
   * The tag mutability of the image's repository, and of the repository of its customized image. All images in a repository that set this property
   * must set the same value. See `ImageMirrorProps.imageTagMutability`.
   *
   * @default - the tag mutability of the mirror
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The number of previous images that the floating tag keeps, from 0 to 10,000. With a tag filter, each floating tag of the filter keeps so many.
   *
   * See `ImageMirrorProps.keepPrevious`. It has no effect on fixed tags, which never move. If `repository` is set, the mirror does not define
   * its lifecycle rules, so images that are marked as expired stay until a rule of the repository expires them.
   *
   * @default - the number of the mirror
   */
  readonly keepPrevious?: number;

  /**
   * The number of the newest versions that `tags` keeps in the mirror, from 1 to 10,000. Older versions expire within two days.
   *
   * See `ImageMirrorProps.keepVersions`. It needs a tag filter with an order, and must not be less than `latest` of the filter.
   *
   * @default - the number of the mirror; without it, all versions stay
   */
  readonly keepVersions?: number;

  /**
   * The lifecycle rules for the repository of the image, and for the repository of its customized image, instead of the rules of the mirror. An empty
   * list removes the rules of the mirror. All images in a repository that set this property must set the same rules.
   *
   * See `ImageMirrorProps.lifecycleRules`. It cannot be combined with `repository`.
   *
   * @default - the rules of the mirror
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * The filter that selects the tags to mirror, instead of a single tag. Write the image without a tag: `nginx`.
   *
   * One schedule mirrors all selected tags. The versions that `TagFilter.semver()` selects are immutable. The tags that `TagFilter.pattern()` selects
   * may float, so each pattern is an exception from the immutability of the repository; see `imageTagMutability`. `tagKind` overrides this for all
   * tags of the filter.
   *
   * @default - the tag or digest of the image, or `latest`
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
   */
  readonly tags?: TagFilter;

  /**
   * The platforms to mirror, for example `[ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64]`.
   *
   * The mirror then has a new index with these platforms and their attestations. The index has a different, deterministic digest. Its annotation
   * `io.github.cdk-ecr-mirror.source-digest` contains the upstream digest. The images of the platforms keep their digests, but the signatures of the
   * upstream index are not copied. A run fails when upstream does not have one of the platforms. An image that is not an index is copied unchanged.
   *
   * Set the platforms before the first copy: for a fixed tag, other platforms are a different image, and `onTagMoved` applies.
   *
   * @default - the platforms of the mirror, as far as upstream has them; if the mirror has no list, all platforms, byte for byte
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * Whether to mirror all platforms of the image, byte for byte, although the mirror has a list of `platforms`. It excludes `platforms`.
   *
   * @default false
   */
  readonly allPlatforms?: boolean;

  /**
   * The platforms that the mirror also keeps under separate tags, for example `1.4.2-linux-arm64`. Lambda functions of other apps need them.
   *
   * Functions of this app don't need this property: `toLambdaCode()` adds the tag of their platform. For a floating tag, each of these tags also
   * floats. A customized image has a separate tag for each of its platforms without this property.
   *
   * @default - the platforms of the app's Lambda functions that use the image
   */
  readonly singlePlatformTags?: ecr_assets.Platform[];

  /**
   * Dockerfile instructions that customize the image. They follow `FROM`: `['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]']`.
   *
   * The mirror copies the image unchanged. Then Docker builds the customized image from this copy, by its digest, into a separate repository.
   * The name of this repository is `<repositoryPrefix>/custom/` and the name of the unchanged image's repository without the prefix, for example
   * `mirror/custom/hashicorp/vault`. All consumers of the image use the customized image; `original` is the unchanged image.
   *
   * The tag of the customized image ends with a digest of the lines and platforms, for example `1.14-4f1c0e2a9b7d`. So changed lines change the tag
   * that consumers use. A build runs only when a run finds a new upstream image, or when a deployment changes the lines. A build fails if the
   * upstream image has `ONBUILD` instructions.
   *
   * Docker needs privileged mode. The project for customized images is the only privileged project of the mirror, and exists only if the mirror has
   * customized images. Its role can pull the unchanged images and push the customized images. `RUN` instructions use the network of this project.
   *
   * Each line is one instruction: `ARG`, `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`, `RUN`, `SHELL`, `STOPSIGNAL`, `USER`,
   * `VOLUME`, or `WORKDIR`. `COPY` is not supported; use an image asset with the mirror's `dockerBuildContexts()` instead. Everyone with read
   * access to the template or the image can read the lines, so they must not contain secrets. Names such as `ENV DB_PASSWORD` cause a warning.
   *
   * @default - the image is not customized
   */
  readonly dockerfileLines?: string[];

  /**
   * The platforms of the customized image. They require `dockerfileLines`.
   *
   * `RUN` needs a build on a processor of the platform, so it supports `linux/amd64` and `linux/arm64`, each in its own build.
   * Without `RUN`, all platforms are supported.
   *
   * @default - `platforms` of the image; without it, the platform of the compute for customized images, also if the mirror has a list of platforms
   */
  readonly customPlatforms?: ecr_assets.Platform[];

  /**
   * Whether to mirror the referrers of the image: signatures, attestations, and SBOMs that the upstream registry has for the image.
   *
   * A referrer that cannot be copied causes a warning in the log, and the image is mirrored anyway.
   *
   * @default - the setting of the mirror
   */
  readonly referrers?: boolean;

  /**
   * Whether runs look for referrers of unchanged images: signatures, attestations, and SBOMs that were published after the image was mirrored.
   *
   * About once a day, a run sends two extra requests for the image to the upstream registry. No rate limit counts them.
   * The result of the run is `unchanged`, and its `referrersCopied` is the number of new referrers. It has no effect where `referrers` is false.
   *
   * @default - the setting of the mirror
   */
  readonly lateReferrers?: boolean;

  /**
   * The action of a run for the attestations of an image, which a registry can refuse.
   *
   * @default - the action of the mirror
   */
  readonly attestations?: Attestations;

  /**
   * The checks that a new image must pass before the tag serves it. Each field replaces the same field of the mirror.
   *
   * `AdmissionMode.OFF` turns a check of the mirror off for this image. A changed check applies from the next run, and does not remove the image that
   * the tag serves. See `docs/admission.md`.
   *
   * @default - the checks of the mirror
   */
  readonly admission?: AdmissionOptions;

  /**
   * The kind of the tag, or of all tags that `tags` selects.
   *
   * @default - derived from the form of the tag: full versions, dates, Git hashes, and build numbers are fixed, and all other tags are floating
   */
  readonly tagKind?: TagKind;

  /**
   * The action of a run when the tag is fixed and names a different image upstream than in the mirror.
   *
   * @default - the action of the mirror
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * The action of a run when the upstream registry no longer has the image, although the mirror has it.
   *
   * @default - the action of the mirror
   */
  readonly onUpstreamGone?: OnUpstreamGone;
}

/**
 * Options of a mirrored image as the build image of an AWS CodeBuild project.
 */
export interface MirroredBuildImageOptions {
  /**
   * The platform of the builds: `ecr_assets.Platform.LINUX_AMD64` or `ecr_assets.Platform.LINUX_ARM64`. The image must have this platform.
   *
   * @default ecr_assets.Platform.LINUX_AMD64
   */
  readonly platform?: ecr_assets.Platform;
}

/**
 * Options of a mirrored image as the code of an AWS Lambda function.
 */
export interface MirroredLambdaCodeOptions {
  /**
   * The command and its arguments.
   *
   * @default - the `CMD` of the image
   */
  readonly cmd?: string[];

  /**
   * The entry point and its arguments.
   *
   * @default - the `ENTRYPOINT` of the image
   */
  readonly entrypoint?: string[];

  /**
   * The working directory.
   *
   * @default - the `WORKDIR` of the image
   */
  readonly workingDirectory?: string;
}
