import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { TagFilter } from './tag-filter';
import { OnTagMoved, TagKind } from './tag-policy';
import { ImageMirror } from '../mirror/image-mirror';

/**
 * How builds of AWS CodeBuild run in an image of the mirror.
 */
export interface MirroredBuildImageOptions {
  /**
   * What the builds run on: `ecr_assets.Platform.LINUX_AMD64` or `ecr_assets.Platform.LINUX_ARM64`. The image must have that platform.
   *
   * @default ecr_assets.Platform.LINUX_AMD64
   */
  readonly platform?: ecr_assets.Platform;
}

/**
 * How one image is mirrored.
 */
export interface MirroredImageOptions {
  /**
   * How often upstream is asked for a newer image.
   *
   * @default - as the mirror's other images
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start.
   *
   * @default - as the mirror's other images
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * The full name of the repository in Amazon ECR, which the mirror defines.
   *
   * @default - the mirror's prefix, the registry's host unless it is Docker Hub, and the upstream repository
   */
  readonly repositoryName?: string;

  /**
   * A repository that exists, or that you define.
   *
   * Its mutability is yours to set: a floating tag cannot move in an immutable repository. It is in the account and Region of the mirror.
   * When you define it in the same app, it is in the stack of the mirror; import one of another stack by its name.
   *
   * @default - the mirror defines one
   */
  readonly repository?: ecr.IRepository;

  /**
   * Which tags of the upstream repository are mirrored, instead of a single one. The image is then written without a tag: `nginx`.
   *
   * One schedule mirrors them all. Versions of `TagFilter.semver()` are immutable. What `TagFilter.pattern()` selects may float, so that each pattern
   * is one of the five exceptions from immutability that Amazon ECR allows in a repository; `tagKind` says otherwise for all tags of the filter.
   *
   * @default - the one tag or digest that the image names
   */
  readonly tags?: TagFilter;

  /**
   * The platforms that are mirrored, for example `[ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64]`.
   *
   * The mirror then holds a new index with these platforms and the attestations about them. Its digest is another than upstream's, the same
   * in each run, and its annotation `io.github.cdk-ecr-mirror.source-digest` says what it was made of. The images of the platforms keep their
   * digests, but signatures of upstream's whole index do not come along. A run fails when upstream lacks one of the platforms.
   * An image that is no index is copied as it is.
   *
   * Choose before the first copy: for a tag that is fixed, another choice is another image, and `onTagMoved` decides.
   *
   * @default - all platforms, byte for byte
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * What is added to the image, as lines of a Dockerfile that follow `FROM`: `['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]']`.
   *
   * The image itself is mirrored unchanged. Then it is customized: built with Docker from the mirror's copy, by its digest, into a repository of its
   * own, `mirror/custom/hashicorp/vault`, whose name follows `repositoryName`. From then on the customized image is meant by everything that uses the
   * image; the other one is `original`. An upstream image with `ONBUILD` cannot be customized: its build fails and says so.
   * Its tag ends in a digest of the lines and platforms, `1.14-4f1c0e2a9b7d`, so that other lines reach what runs it.
   * It is built again when a run finds that the image has moved, or a deployment changes the lines, and at no other time.
   *
   * Builds with Docker are privileged. Their project is the only privileged one of the mirror, defined with the first customized image, and its role
   * can pull what customized images are built from and push these, and nothing else. `RUN` has the network of that project.
   *
   * Each line is one instruction: `ARG`, `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`, `RUN`, `SHELL`, `STOPSIGNAL`, `USER`, `VOLUME`
   * or `WORKDIR`. There are no files to `COPY`; what takes them is an image asset, for which the mirror has `dockerBuildContexts()`. The lines are
   * in the template and in the image for all to read: no secrets in them. A warning tells of names such as `ENV DB_PASSWORD`.
   *
   * @default - the image is not customized
   */
  readonly dockerfileLines?: string[];

  /**
   * The platforms that the customized image is built for.
   *
   * `RUN` takes a build on a processor of the platform, so it works for `linux/amd64` and `linux/arm64`, each on its own kind of machine.
   * Without `RUN`, all platforms are possible.
   *
   * @default - `platforms`, and without those the platform of the machines that the mirror's builds run on
   */
  readonly customPlatforms?: ecr_assets.Platform[];

  /**
   * Whether signatures, attestations and bills of materials that upstream keeps beside the image are mirrored too.
   *
   * One that cannot be copied is a warning in the log, and the image is mirrored all the same.
   *
   * @default true
   */
  readonly referrers?: boolean;

  /**
   * Whether the tag names one release for ever or follows upstream. With `tags`, it is said of all that are selected.
   *
   * @default - judged by the tag: full versions, dates and git hashes are fixed, everything else floats
   */
  readonly tagKind?: TagKind;

  /**
   * What a run does when the tag is fixed and names another image upstream than in the mirror.
   *
   * @default - as the mirror's other images
   */
  readonly onTagMoved?: OnTagMoved;
}

/**
 * How a function of AWS Lambda runs an image of the mirror.
 */
export interface MirroredLambdaCodeOptions {
  /**
   * The command, as a list of its words.
   *
   * @default - the `CMD` of the image
   */
  readonly cmd?: string[];

  /**
   * The entry point, as a list of its words.
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

/**
 * Properties of a `MirroredImage`.
 */
export interface MirroredImageProps extends MirroredImageOptions {
  /**
   * The mirror that copies the image. It may be in another stack of the same account and Region, which is deployed first.
   */
  readonly mirror: ImageMirror;

  /**
   * The upstream image, as `docker pull` takes it: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`, `nginx@sha256:...`.
   */
  readonly image: string;
}
