import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Attestations, OnTagMoved } from '../declarations/tag-policy';
import { OnDeploy } from '../deploy/deploy-trigger';
import { MirrorCompute } from '../project/mirror-compute';
import { RegistryCredentials } from '../project/registry-credentials';

/**
 * Properties of an `ImageMirror`.
 */
export interface ImageMirrorProps {
  /**
   * The upstream images, as `docker pull` accepts them: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`.
   *
   * An image that is in the list twice is mirrored once, with a warning.
   *
   * @default - none; add images with `addImage()`
   */
  readonly images?: string[];

  /**
   * The first part of the names of the mirror's repositories, without a final slash.
   *
   * Docker Hub's `nginx` becomes `mirror/nginx`, and `quay.io/prometheus/prometheus` becomes `mirror/quay.io/prometheus/prometheus`.
   * Use a prefix that only this mirror uses: with more than about 60 repositories, builds may push to all repositories under the prefix.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

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
   * The action of a run when a fixed tag names a different image upstream than in the mirror.
   *
   * @default OnTagMoved.FAIL
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * The action of a run for the attestations of an image, which a registry can refuse.
   *
   * @default Attestations.KEEP_IF_ACCEPTED
   */
  readonly attestations?: Attestations;

  /**
   * Whether runs look for referrers of unchanged images: signatures, attestations, and SBOMs that were published after the images were mirrored.
   *
   * About once a day, a run sends two extra requests for each image to the upstream registry. No rate limit counts them.
   * The result of the run is `unchanged`, and its `referrersCopied` is the number of new referrers. It has no effect where `referrers` is false.
   *
   * @default true
   */
  readonly lateReferrers?: boolean;

  /**
   * The action of a deployment for new or changed images.
   *
   * Unchanged images are mirrored by their schedules only. A rollback and the deletion of the stack do not mirror images.
   *
   * @default OnDeploy.WAIT
   */
  readonly onDeploy?: OnDeploy;

  /**
   * The credentials for upstream registries, at most one for each registry.
   *
   * @default - anonymous access to all registries, except Amazon ECR and Amazon ECR Public: builds use their role there
   */
  readonly credentials?: RegistryCredentials[];

  /**
   * The compute of the builds that mirror images.
   *
   * @default MirrorCompute.ec2()
   */
  readonly compute?: MirrorCompute;

  /**
   * The compute of the builds that customize images. It must be EC2 compute, because Lambda compute does not support Docker.
   * See `MirroredImageOptions.dockerfileLines`.
   *
   * With a curated image of CodeBuild, `RUN` instructions for another processor run on the curated image for that processor.
   * With any other build image, `RUN` supports only the processor of the build image.
   *
   * @default - the same as `compute`, or EC2 compute with the same processor if `compute` is Lambda compute
   */
  readonly customImageCompute?: MirrorCompute;

  /**
   * The path of a PEM file with custom CA certificates, for upstream registries or proxies that use a private CA.
   *
   * Builds trust these CAs in addition to the public CAs. The file is read at synthesis, and its certificates become an asset of the stack.
   * It must not contain a private key.
   *
   * @default - builds trust the public CAs of Node.js
   */
  readonly certificateAuthorityPath?: string;

  /**
   * The KMS key that encrypts the repositories that the mirror defines. A later change replaces the repositories.
   *
   * @default - AES-256 encryption with keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The removal policy of the repositories that the mirror defines.
   *
   * **`RemovalPolicy.DESTROY` also deletes the images in them**, including images that are running.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly repositoryRemovalPolicy?: RemovalPolicy;

  /**
   * The age at which an untagged image expires: a whole number of days, counted from the push.
   *
   * This is the only lifecycle rule, because a tagged image may be running. An image becomes untagged when its floating tag moves to another image.
   * The images of single platforms are also untagged, but Amazon ECR does not delete an image that an index refers to.
   *
   * @default Duration.days(30)
   */
  readonly untaggedImageExpiry?: Duration;

  /**
   * Whether Amazon ECR scans each pushed image for vulnerabilities.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

  /**
   * Whether the pulls of builds leave the last pull times of images in the registry unchanged.
   *
   * A run reads the images in the mirror, which counts as a pull. So a lifecycle rule that archives images by their last pull never applies to them.
   * With `true`, the mirror registers an exclusion in Amazon ECR: an account can have 100 of them in each Region.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
   */
  readonly excludePullTimes?: boolean;

  /**
   * The tag mutability of the repositories that the mirror defines. `MirroredImageOptions.imageTagMutability` overrides it for one repository.
   *
   * By default, fixed tags are immutable and floating tags are mutable. Amazon ECR allows five exceptions from the mutability of a repository:
   *
   * - Up to five floating tags are exceptions in an immutable repository.
   * - For more floating tags, the exceptions are wildcard patterns that match all floating tags and no fixed tag of the app.
   * - If there are no such patterns, the repository is mutable, and the exceptions are patterns that match all fixed tags and no floating tag.
   * - Otherwise, the repository is mutable. Builds still never overwrite a fixed tag. The repository gets a warning.
   *
   * A value forces one of these: `IMMUTABLE` rejects floating tags, `IMMUTABLE_WITH_EXCLUSION` stands for the first two, `MUTABLE_WITH_EXCLUSION` for
   * the third, and `MUTABLE` for the last one. Without floating tags, `IMMUTABLE_WITH_EXCLUSION` is `IMMUTABLE`. Without fixed tags,
   * `MUTABLE_WITH_EXCLUSION` is `MUTABLE`. It has no effect on the repositories of catalogs, which have either fixed or floating tags.
   *
   * A later change updates existing repositories without interruption.
   *
   * @default - as much immutability as Amazon ECR supports for the tags in each repository
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The event bus that builds send the events of their results to: one event for each result.
   *
   * @default - the default event bus of the account
   */
  readonly eventBus?: events.IEventBus;

  /**
   * The retention period of the logs of builds, and of the logs of the Lambda functions that start and follow builds during a deployment.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Whether the mirror publishes the list of its images, so that other apps can use `ImageMirror.fromLookup()`.
   *
   * The list is in a standard parameter of Systems Manager Parameter Store, which is free of charge: `/cdk-ecr-mirror/<repositoryPrefix>`. A list of
   * more than about 100 images has more parameters. Only one mirror of an account and Region can publish under a prefix: set another
   * `repositoryPrefix`, or `published: false`, if the mirror of another app has the same prefix.
   *
   * @default true, unless another mirror of the app publishes under the same prefix; this causes a warning
   */
  readonly published?: boolean;
}
