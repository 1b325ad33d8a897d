import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { requirePrefix } from './replication-destination';
import { DEFAULT_REPOSITORY_PREFIX } from '../image/repository-name';
import { quote } from '../image/sanitize';
import {
  defineCreationRole, dependOnCreationRole, EncryptionConfiguration, encryptionConfiguration, RepositoryTag, requireRepositoryTags,
} from '../repositories/encryption-and-tags';
import { isTemplatePrefix, reservePrefix } from '../repositories/prefix-reservations';
import { accountsPullStatement, organizationPullStatement } from '../repositories/pull-grants';

/**
 * Properties of a `MirrorReplicaTemplate`.
 */
export interface MirrorReplicaTemplateProps {
  /**
   * The prefix of the replicas, without a final slash: the `repositoryPrefix` of the mirror.
   *
   * Floating tags of catalogs have another prefix: `mirror-floating`. It needs another template.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * The mutability of tags in the replicas.
   *
   * **In immutable replicas, a floating tag never moves**: Amazon ECR does not replicate the new image of the tag. Choose `IMMUTABLE` only for a
   * mirror that has fixed tags only.
   *
   * @default ecr.TagMutability.MUTABLE
   */
  readonly imageTagMutability?: ecr.TagMutability;

  /**
   * The tags that are exceptions from `imageTagMutability`: 1 to 5 filters. `imageTagMutability` must then be one of the `_WITH_EXCLUSION` values.
   *
   * @default - none
   */
  readonly imageTagMutabilityExclusionFilters?: ecr.ImageTagMutabilityExclusionFilter[];

  /**
   * The lifecycle rules of the replicas. They act on the replicas only, and the rules of the mirror do not act on replicas.
   *
   * **A rule for untagged images can delete an image that is running.** Amazon ECR counts their age from the replication. It does not document when
   * the tags arrive by which the mirror keeps previous images.
   *
   * @default - none: replicas never expire
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lp_creation.html
   */
  readonly lifecycleRules?: ecr.LifecycleRule[];

  /**
   * The KMS key that encrypts the replicas. It must be in the Region of the template.
   *
   * @default - a key that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The type of encryption of the replicas. `KMS` and `KMS_DSSE` use `encryptionKey`, or the key `aws/ecr`, which AWS manages.
   *
   * @default - `KMS` if `encryptionKey` is set, and `AES_256` otherwise
   */
  readonly encryption?: ecr.RepositoryEncryption;

  /**
   * The resource tags of the replicas. The tags of the app do not apply to them. At most 50.
   *
   * @default - none
   */
  readonly repositoryTags?: { [key: string]: string };
}

/**
 * The settings of the replicas of a mirror in a destination: a repository creation template for replication.
 *
 * Amazon ECR does not replicate the settings of repositories. Without a template, replicas are mutable, have AES-256 encryption, and have no
 * policy. Define the template in each destination Region and account, before the first image is replicated.
 *
 * **The template applies to replicas that are created later.** Existing replicas keep their settings; `docs/permissions.md` has the commands that
 * change them. When the template is removed, replicas and their images stay.
 *
 * ```ts
 * const replicas = new MirrorReplicaTemplate(this, 'Replicas', { repositoryTags: { 'cost-center': '4711' } });
 * replicas.grantPullToOrganization('o-abcde12345');
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
 */
export class MirrorReplicaTemplate extends Construct {
  private readonly repositoryPolicy = new iam.PolicyDocument();

  /**
   * @throws Error when a property is not valid, when properties contradict each other, and when the app has another template with the prefix
   */
  constructor(scope: Construct, id: string, props: MirrorReplicaTemplateProps = {}) {
    super(scope, id);
    const { repositoryPrefix: prefix = DEFAULT_REPOSITORY_PREFIX } = props;
    requireReplicaPrefix(prefix);
    reservePrefix(this, 'repository creation template', prefix, 'define one MirrorReplicaTemplate, or set another repositoryPrefix');
    const encryption = encryptionConfiguration(props);
    const tags = requireRepositoryTags(props.repositoryTags ?? {});
    const role = this.creationRole(prefix, props.encryptionKey, encryption, tags);
    const resource = new ecr.CfnRepositoryCreationTemplate(this, 'Resource', {
      appliedFor: ['REPLICATION'],
      prefix,
      description: 'Replicas of mirrored images',
      ...renderReplica(props),
      encryptionConfiguration: encryption,
      customRoleArn: role?.roleArn,
      resourceTags: tags.length === 0 ? undefined : tags,
      repositoryPolicy: Lazy.string({ produce: () => this.renderPolicy() }),
    });
    dependOnCreationRole(resource, role);
  }

  /**
   * Grants accounts pull permission on all replicas that are created later.
   *
   * The permission is in the repository policies. Roles in other accounts also need an identity policy; see `ImageMirror.grantPullToOrganization()`.
   *
   * @param accountIds the account IDs, 12 digits each
   * @throws Error when there are no account IDs, and when one is not valid
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.repositoryPolicy.addStatements(accountsPullStatement(accountIds));
  }

  /**
   * Grants all accounts of an organization pull permission on all replicas that are created later.
   *
   * The permission is in the repository policies. Roles in other accounts also need an identity policy; see `ImageMirror.grantPullToOrganization()`.
   *
   * @param organizationId the organization ID, for example `o-abcde12345`
   * @throws Error when the organization ID is not valid
   */
  public grantPullToOrganization(organizationId: string): void {
    this.repositoryPolicy.addStatements(organizationPullStatement(organizationId));
  }

  private renderPolicy(): string | undefined {
    return this.repositoryPolicy.isEmpty ? undefined : Stack.of(this).toJsonString(this.repositoryPolicy);
  }

  /** The role that creates replicas with a KMS key or resource tags. The service-linked role of Amazon ECR creates all others. */
  private creationRole(
    prefix: string, encryptionKey: kms.IKey | undefined, encryption: EncryptionConfiguration | undefined, tags: readonly RepositoryTag[],
  ): iam.IRole | undefined {
    if (encryption === undefined && tags.length === 0) return undefined;
    return defineCreationRole(this, 'CreationRole', {
      purpose: 'replicas of a mirror', repositories: [`${prefix}/*`], encryption, encryptionKey, isForReplicas: true,
    });
  }
}

function requireReplicaPrefix(prefix: string): void {
  requirePrefix(prefix);
  if (isTemplatePrefix(prefix)) return;
  throw new Error(`repositoryPrefix ${quote(prefix)} is not valid for a repository creation template: it must not contain "__" or "--"; `
    + 'use another prefix for the mirror');
}

/** Renders the settings with the CDK's `Repository`, which also validates them. */
function renderReplica(props: MirrorReplicaTemplateProps) {
  const stack = new Stack();
  const repository = new ecr.Repository(stack, 'Repository', {
    imageTagMutability: props.imageTagMutability ?? ecr.TagMutability.MUTABLE,
    imageTagMutabilityExclusionFilters: props.imageTagMutabilityExclusionFilters,
    lifecycleRules: props.lifecycleRules,
  });
  const { imageTagMutability, imageTagMutabilityExclusionFilters, lifecyclePolicy } = repository.node.defaultChild as ecr.CfnRepository;
  const policy: ecr.CfnRepository.LifecyclePolicyProperty | undefined = stack.resolve(lifecyclePolicy);
  return { imageTagMutability, imageTagMutabilityExclusionFilters, lifecyclePolicy: policy?.lifecyclePolicyText };
}
