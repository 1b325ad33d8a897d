import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { TagFilter } from './tag-filter';
import { OnTagMoved, TagKind } from './tag-policy';

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
   * The full name of the ECR repository, which the mirror defines.
   *
   * @default - the mirror's prefix, the registry's host unless it is Docker Hub, and the upstream repository
   */
  readonly repositoryName?: string;

  /**
   * An existing ECR repository, or a repository that the app defines.
   *
   * You set its tag mutability: a floating tag cannot move in an immutable repository. It must be in the account and Region of the mirror.
   * If the same app defines it, it must be in the stack of the mirror; import a repository of another stack by its name.
   *
   * @default - the mirror defines a repository
   */
  readonly repository?: ecr.IRepository;

  /**
   * The filter that selects the tags to mirror, instead of a single tag. The image then has no tag: `nginx`.
   *
   * One schedule mirrors all selected tags. The versions that `TagFilter.semver()` selects are immutable. The tags that `TagFilter.pattern()` selects
   * may float, so each pattern is one of the five exceptions from immutability that Amazon ECR allows in a repository. `tagKind` overrides this for
   * all tags of the filter.
   *
   * @default - the tag or digest of the image
   */
  readonly tags?: TagFilter;

  /**
   * The platforms to mirror, for example `[ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64]`.
   *
   * The mirror then holds a new index with these platforms and their attestations, with a different, deterministic digest. Its annotation
   * `io.github.cdk-ecr-mirror.source-digest` names the upstream digest. The images of the platforms keep their digests, but signatures of the
   * upstream index are not copied. A run fails when upstream lacks one of the platforms. An image that is not an index is copied unchanged.
   *
   * Set the platforms before the first copy: for a fixed tag, other platforms are a different image, and `onTagMoved` applies.
   *
   * @default - all platforms, byte for byte
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * Dockerfile instructions that customize the image. They follow `FROM`: `['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]']`.
   *
   * The mirror copies the image unchanged. Then Docker builds the customized image from this copy, by its digest, into a separate repository,
   * for example `mirror/custom/hashicorp/vault`. The name of this repository follows `repositoryName`. All consumers of the image then use the
   * customized image; `original` is the unchanged one. The tag ends with a digest of the lines and platforms, for example `1.14-4f1c0e2a9b7d`, so
   * that consumers get the image of changed lines. A build runs only when a run finds a new upstream image, or when a deployment changes the lines.
   * The build of an upstream image with `ONBUILD` fails.
   *
   * Docker builds are privileged. Their project is the only privileged project of the mirror, and exists only if the mirror has customized images.
   * Its role can pull the images that customized images are built from, and push customized images. `RUN` has the network of this project.
   *
   * Each line is one instruction: `ARG`, `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`, `RUN`, `SHELL`, `STOPSIGNAL`, `USER`,
   * `VOLUME`, or `WORKDIR`. `COPY` is not supported; use an image asset with the mirror's `dockerBuildContexts()` instead. Everyone with read access to the
   * template or the image can read the lines, so they must not contain secrets. Names such as `ENV DB_PASSWORD` cause a warning.
   *
   * @default - the image is not customized
   */
  readonly dockerfileLines?: string[];

  /**
   * The platforms that the customized image is built for.
   *
   * `RUN` needs a build on a processor of the platform, so it supports `linux/amd64` and `linux/arm64`, each on its own compute.
   * Without `RUN`, all platforms are supported.
   *
   * @default - `platforms`, or else the platform of the compute for builds
   */
  readonly customPlatforms?: ecr_assets.Platform[];

  /**
   * Whether to mirror the referrers of the image: signatures, attestations, and SBOMs that upstream keeps for it.
   *
   * A referrer that cannot be copied causes a warning in the log, and the image is mirrored anyway.
   *
   * @default true
   */
  readonly referrers?: boolean;

  /**
   * The kind of the tag, or of all tags that `tags` selects.
   *
   * @default - judged by the form of the tag: full versions, dates, and git hashes are fixed, all other tags are floating
   */
  readonly tagKind?: TagKind;

  /**
   * The action of a run when the tag is fixed and names a different image upstream than in the mirror.
   *
   * @default - the action of the mirror
   */
  readonly onTagMoved?: OnTagMoved;
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
