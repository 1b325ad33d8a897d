import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { repositoryArn } from './repository-arns';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';
import { hasDummy } from '../synthesis/lookups';
import { listOf, mapAll, requireShape, text } from '../synthesis/shapes';

/** The action that a pull through a cache also needs, so that Amazon ECR copies or updates the image. */
export const IMPORT_ACTION = 'ecr:BatchImportUpstreamImage';

/**
 * Grants a principal permission to pull from repositories of a cache. The first pull creates a repository, so this includes its creation.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
 */
export function grantCachePull(grantee: iam.IGrantable, repositoryArns: string[]): iam.Grant {
  ecr.AuthorizationToken.grantRead(grantee);
  return iam.Grant.addToPrincipal({ grantee, actions: [...PULL_ACTIONS, IMPORT_ACTION, 'ecr:CreateRepository'], resourceArns: repositoryArns });
}

/** The methods that change the policies of repositories that are created later. */
const REMEDY = 'let accounts pull with mirror.grantPullToAccounts(), or an organization with mirror.grantPullToOrganization()';

/**
 * Grants a principal permission to pull from all repositories under some prefixes, including repositories that do not exist yet.
 *
 * @throws Error when the principal is known to be in another account, and when it has no IAM policies. Repositories that do not exist have no
 * policies that could grant it.
 */
export function grantCatalogPull(catalog: IConstruct, grantee: iam.IGrantable, prefixes: readonly string[]): iam.Grant {
  const stack = Stack.of(catalog);
  const { principalAccount } = grantee.grantPrincipal;
  if (principalAccount !== undefined && isDifferent(principalAccount, stack.account)) {
    throw new Error(`${formatPrincipal(grantee)} is in the account ${quote(principalAccount)}, but the mirror is in ${quote(stack.account)}, `
      + `so the repository policies must grant it the pull; ${REMEDY}`);
  }
  ecr.AuthorizationToken.grantRead(grantee);
  const grant = iam.Grant.addToPrincipal({
    grantee,
    actions: PULL_ACTIONS,
    resourceArns: prefixes.map((prefix) => repositoryArn(stack, `${prefix}/*`)),
  });
  if (grant.success) return grant;
  throw new Error(`${formatPrincipal(grantee)} has no IAM policies; pass a role or user of the account of the mirror, or ${REMEDY}`);
}

/**
 * Grants a principal permission to pull from a repository that another app defines. The permission is in the policies of the principal only.
 *
 * @throws Error when the principal has no IAM policies that the app can change
 */
export function grantImportedPull(repository: ecr.IRepository, grantee: iam.IGrantable): iam.Grant {
  ecr.AuthorizationToken.grantRead(grantee);
  const grant = iam.Grant.addToPrincipal({ grantee, actions: PULL_ACTIONS, resourceArns: [repository.repositoryArn] });
  if (grant.success) return grant;
  throw new Error(`${formatPrincipal(grantee)} has no IAM policies that this app can change, and another app defines the repository; `
    + 'in the app that defines the mirror, use grantPullToAccounts() or grantPullToOrganization()');
}

function formatPrincipal({ grantPrincipal }: iam.IGrantable): string {
  return `the principal ${quote(String(grantPrincipal))}`;
}

/** The actions of a client that pulls an image. The authorization token is granted by the account of the client. */
export const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/** @see https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html */
const ORGANIZATION_ID = /^o-[a-z0-9]{10,32}$/;
const ACCOUNT_ID = /^[0-9]{12}$/;

/** A list of account IDs, for callers without a compiler. */
export const ACCOUNT_IDS = listOf(text('111122223333'), '"111122223333"');

/**
 * The statement for a repository policy that allows all principals of an organization to pull.
 *
 * @throws Error when the organization ID is not valid
 */
export function organizationPullStatement(organizationId: string): iam.PolicyStatement {
  // The CDK checks the ID too, and does not know lookups that have no value yet.
  if (hasDummy(organizationId)) return organizationPullStatement('o-lookup0000');
  if (!Token.isUnresolved(organizationId) && !ORGANIZATION_ID.test(organizationId)) {
    throw new Error(`${quote(organizationId)} is not a valid organization ID, which is "o-" and 10 to 32 lowercase letters or digits; `
      + 'use for example "o-abcde12345"');
  }
  return pullStatement([new iam.OrganizationPrincipal(organizationId)]);
}

/**
 * The statement for a repository policy that allows accounts to pull.
 *
 * @throws Error when there are no account IDs, and when one of them is not valid
 */
export function accountsPullStatement(accountIds: string[]): iam.PolicyStatement {
  if (Token.isUnresolved(accountIds)) throw new Error('accountIds must be known at synthesis, but it is a list token; write the IDs as strings');
  requireShape('accountIds', accountIds, ACCOUNT_IDS);
  if (accountIds.length === 0) throw new Error('accountIds is empty; pass at least one account ID, or remove the call');
  mapAll('accountIds', accountIds, requireAccountId);
  return pullStatement([...new Set(accountIds)].sort().map((accountId) => new iam.AccountPrincipal(accountId)));
}

/**
 * Requires that a text is an account ID. A token is always valid, and so is a lookup that has no value yet.
 *
 * @throws Error that names the value
 */
export function requireAccountId(accountId: string): void {
  if (Token.isUnresolved(accountId) || ACCOUNT_ID.test(accountId) || hasDummy(accountId)) return;
  throw new Error(`${quote(accountId)} is not a valid account ID, which is a string of 12 digits; use for example "111122223333"`);
}

function pullStatement(principals: iam.IPrincipal[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ principals, actions: PULL_ACTIONS });
}
