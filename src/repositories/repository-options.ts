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
