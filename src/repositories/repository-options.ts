import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as kms from 'aws-cdk-lib/aws-kms';

/**
 * Options of an `ImageMirror` for its ECR repositories.
 */
export interface MirrorRepositoryOptions {
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
   * The KMS key that encrypts the repositories of the mirror, including the repositories that catalogs create.
   *
   * Amazon ECR cannot change the encryption of a repository. So a later change replaces the repositories that the mirror defines, and the
   * repositories that catalogs have created keep their encryption.
   *
   * @default - a key that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The type of encryption of the repositories of the mirror, including the repositories that catalogs create.
   *
   * `ecr.RepositoryEncryption.KMS` and `KMS_DSSE` (two layers of encryption) use `encryptionKey`, or the key `aws/ecr`, which AWS manages.
   * `AES_256` does not use a KMS key. A later change replaces the repositories that the mirror defines.
   *
   * @default - `KMS` if `encryptionKey` is set, and `AES_256` otherwise
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
   */
  readonly encryption?: ecr.RepositoryEncryption;

  /**
   * The resource tags of the repositories of the mirror, for example for cost allocation. At most 50.
   *
   * The tags of the app do not apply to the repositories that catalogs create: Amazon ECR tags these repositories when it creates them.
   * For repositories that the mirror defines, a tag overrides a tag of the app with the same key. A later change applies to repositories that
   * the mirror defines, and to repositories that catalogs create later.
   *
   * @default - the tags of the app for repositories that the mirror defines; none for repositories that catalogs create
   */
  readonly repositoryTags?: { [key: string]: string };

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
   * With `keepPrevious`, the previous images of a floating tag have tags, so this rule does not expire them. Without it, an image becomes untagged
   * when its floating tag moves to another image. The images of single platforms are also untagged, but Amazon ECR does not delete an image that an
   * index refers to.
   *
   * @default Duration.days(30)
   */
  readonly untaggedImageExpiry?: Duration;

  /**
   * The number of previous images that each floating tag keeps, from 0 to 10,000. `MirroredImageOptions.keepPrevious` overrides it for one image.
   *
   * Amazon ECS starts all tasks of a deployment from the image that the tag named when the deployment started. So a service without a new deployment
   * needs this image for months, also after the tag has moved to another image. Before a floating tag moves, a build adds a tag such as
   * `mirror.previous.stable.7` to the old image. An image that nothing needs gets a tag such as `mirror.expired.4f1c0e2a9b7d`, and a lifecycle rule
   * expires it within two days. Builds cannot delete images.
   *
   * With 0, an old image becomes untagged, and expires after `untaggedImageExpiry`. See `docs/retention.md`.
   *
   * @default 150
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability
   */
  readonly keepPrevious?: number;

  /**
   * The number of the newest versions that each tag filter keeps, from 1 to 10,000. Older versions expire within two days.
   *
   * It applies to the filters that have an order: `TagFilter.semver()`, and filters with `latest`. Versions are compared, not times of pushes,
   * so a late backport doesn't replace a newer version. It must not be less than `latest` of a filter. A filter without `latest` then selects only
   * this number of versions. A tag that an image of the app names stays. `MirroredImageOptions.keepVersions` overrides it for one image.
   *
   * An expired version cannot be pulled. So set a number that includes all versions that your workloads run.
   *
   * @default - all versions stay
   */
  readonly keepVersions?: number;

  /**
   * More lifecycle rules for the repositories that the mirror defines, and for the repositories that its catalogs create.
   * `MirroredImageOptions.lifecycleRules` replaces them for the repository of one image.
   *
   * The rules must not select a floating tag, a tag that an image of the app names, or a previous image. `rulePriority` only decides about the order
   * of these rules: the rules of the mirror have the highest priorities. For untagged images, set `untaggedImageExpiry`.
   *
   * **A lifecycle rule does not know which images are running.** Each rule causes a warning, which you can acknowledge. To limit the number of
   * versions, use `keepVersions`: the count rule of Amazon ECR sorts images by the time of the push, not by version.
   *
   * @default - no more rules
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * Whether Amazon ECR scans each pushed image for vulnerabilities.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

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
}
