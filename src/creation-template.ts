import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';

/**
 * What the repositories are like that Amazon ECR creates for a pull-through cache.
 */
export interface CreationTemplateOptions {
  /**
   * The repositories that the template is for: all whose names start with this prefix and a slash.
   *
   * `ROOT` stands for all of the account and Region that no other template is for. So one template can serve several caches;
   * leave it out of the others with `CreationTemplate.none()`.
   *
   * @default - the repository prefix of the cache
   */
  readonly prefix?: string;

  /**
   * Whether tags can move to another image.
   *
   * In immutable repositories, Amazon ECR never updates the image that a tag names, and a tag like `latest` stays what it was at the first pull.
   *
   * @default ecr.TagMutability.MUTABLE
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The tags that are exceptions from `imageTagMutability`, which must then be one of the `_WITH_EXCLUSION` values: one to five.
   *
   * @default - none
   */
  readonly imageTagMutabilityExclusionFilters?: ecr.ImageTagMutabilityExclusionFilter[];

  /**
   * The lifecycle rules. An empty list keeps all images for ever.
   *
   * An image that has expired is pulled from upstream again when somebody asks for its tag, as long as it is still there.
   *
   * @default - images that no tag names any more expire after 30 days
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * The key that encrypts the repositories.
   *
   * @default - Amazon ECR's own key (AES-256)
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The resource tags of the repositories, which those of the app do not become by themselves.
   *
   * @default - none
   */
  readonly repositoryTags?: { [key: string]: string };

  /**
   * The role with which Amazon ECR creates repositories that have a key or resource tags. `ecr.amazonaws.com` must be able to take it.
   *
   * It is granted `ecr:CreateRepository` and `ecr:TagResource`, and for the key `kms:CreateGrant`, `kms:RetireGrant` and `kms:DescribeKey`.
   *
   * @default - with `encryptionKey` or `repositoryTags`, one is defined; else Amazon ECR uses its service-linked role
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
   */
  readonly role?: iam.IRole;

  /**
   * Who may use the repositories, beside those whom the account lets do so with IAM. The grants of the cache to organizations and accounts are added.
   *
   * @default - nobody
   */
  readonly repositoryPolicy?: iam.PolicyStatement[];
}

/**
 * The repository creation template of a pull-through cache.
 *
 * It counts for repositories that are created afterwards: those that exist keep what they have.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export class CreationTemplate {
  /**
   * A template of the cache's own.
   */
  public static of(options: CreationTemplateOptions = {}): CreationTemplate {
    return new CreationTemplate(options);
  }

  /**
   * No template: the repositories get what another template says, or else Amazon ECR's defaults, with which images never expire.
   */
  public static none(): CreationTemplate {
    return new CreationTemplate(undefined);
  }

  private constructor(private readonly options: CreationTemplateOptions | undefined) {}

  /** @internal */
  public _options(): CreationTemplateOptions | undefined {
    return this.options;
  }
}
