import * as iam from 'aws-cdk-lib/aws-iam';
import { MirrorDecisions } from '../admission/mirror-decisions';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { MonitoredConstruct } from '../observe/monitored-construct';
import { accountsPullStatement, organizationPullStatement } from '../repositories/pull-grants';
import { RepositorySet } from '../repositories/repository-set';

/**
 * The permissions that a mirror grants for all its images. Only `ImageMirror` extends this class.
 *
 * @internal
 */
export abstract class MirrorGrants extends MonitoredConstruct {
  /**
   * Grants all accounts of an organization pull permission on all images of the mirror, including images that are added later.
   *
   * The permission is in the repository policies. Roles in other accounts also need an identity policy with `ecr:BatchCheckLayerAvailability`,
   * `ecr:BatchGetImage`, and `ecr:GetDownloadUrlForLayer` on the repositories, and `ecr:GetAuthorizationToken` on `*`.
   * In the mirror's own account, every role that can get an authorization token can then pull.
   *
   * The policy of a repository that the app does not define stays unchanged, with a warning. The policies of repositories that a catalog has already
   * created stay unchanged without a warning; see `docs/catalog.md`.
   *
   * cdk-nag reports the principal `*` as `AwsSolutions-ECR1`, because it ignores the condition `aws:PrincipalOrgID`.
   *
   * @param organizationId the organization ID, for example `o-abcde12345`
   * @throws Error when the organization ID is not valid
   */
  public grantPullToOrganization(organizationId: string): void {
    this.repositories.addToResourcePolicies(organizationPullStatement(organizationId));
  }

  /**
   * Grants other accounts pull permission on all images of the mirror, including images that are added later.
   *
   * The permission is in the repository policies. Roles in the other accounts also need an identity policy; see `grantPullToOrganization()`.
   * The policies of repositories that the app does not define, or that a catalog has already created, stay unchanged.
   *
   * @param accountIds the account IDs, 12 digits each
   * @throws Error when there are no account IDs, and when one is not valid
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.repositories.addToResourcePolicies(accountsPullStatement(accountIds));
  }

  /**
   * Grants a principal the permission to release images that checks hold, and to refuse images, with the commands `release` and `refuse`.
   *
   * The principal may start the builds that record decisions. No role of the mirror has this permission. A release overrides all checks of an image,
   * so grant it to people only.
   *
   * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/releasing-images.md
   */
  public grantReleaseAndRefuse(grantee: iam.IGrantable): iam.Grant {
    return MirrorDecisions.of(this.self).grant(grantee);
  }

  private get repositories(): RepositorySet {
    return RepositorySet.of(this.self);
  }

  private get self(): IImageMirror {
    return this as unknown as IImageMirror;
  }
}
