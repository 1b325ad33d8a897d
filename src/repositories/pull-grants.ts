import { Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';

/** What a pull takes beside the pull, so that Amazon ECR fetches the image or brings it up to date. */
export const IMPORT_ACTION = 'ecr:BatchImportUpstreamImage';

/**
 * Lets somebody pull from repositories of a cache, those included that do not exist yet: the first pull creates them.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
 */
export function grantCachePull(grantee: iam.IGrantable, repositoryArns: string[]): iam.Grant {
  ecr.AuthorizationToken.grantRead(grantee);
  return iam.Grant.addToPrincipal({ grantee, actions: [...PULL_ACTIONS, IMPORT_ACTION, 'ecr:CreateRepository'], resourceArns: repositoryArns });
}

/** Whom the repositories themselves must let in, by the policy that they are created with. */
const REMEDY = 'let accounts pull with mirror.grantPullToAccounts(), or an organization with mirror.grantPullToOrganization()';

/**
 * Lets somebody pull from all repositories under some prefixes, those included that do not exist yet.
 *
 * @throws Error when it would be without effect: the repositories are not there to have it in their policies
 */
export function grantCatalogPull(catalog: IConstruct, grantee: iam.IGrantable, prefixes: readonly string[]): iam.Grant {
  const stack = Stack.of(catalog);
  const { principalAccount } = grantee.grantPrincipal;
  if (principalAccount !== undefined && isDifferent(principalAccount, stack.account)) {
    throw new Error(`${nameOf(grantee)} is of the account ${quote(principalAccount)}, and the mirror of ${quote(stack.account)}, so that the repositories must say that it may pull; ${REMEDY}`);
  }
  ecr.AuthorizationToken.grantRead(grantee);
  const grant = iam.Grant.addToPrincipal({
    grantee,
    actions: PULL_ACTIONS,
    resourceArns: prefixes.map((prefix) => stack.formatArn({ service: 'ecr', resource: 'repository', resourceName: `${prefix}/*` })),
  });
  if (!grant.success) throw new Error(`${nameOf(grantee)} has no policies that could say that it may pull; pass a role or a user of the mirror's account, or ${REMEDY}`);
  return grant;
}

function nameOf({ grantPrincipal }: iam.IGrantable): string {
  return `the principal ${quote(String(grantPrincipal))}`;
}

/** What a client does that pulls an image from a repository. Its token is its own account's to give. */
export const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/** @see https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html */
const ORGANIZATION_ID = /^o-[a-z0-9]{10,32}$/;
const ACCOUNT_ID = /^[0-9]{12}$/;

/**
 * A statement of a repository's policy that lets all principals of an organization pull.
 *
 * @throws Error when the id is none
 */
export function organizationPullStatement(organizationId: string): iam.PolicyStatement {
  if (!Token.isUnresolved(organizationId) && !ORGANIZATION_ID.test(organizationId)) {
    throw new Error(`${quote(organizationId)} is no organization's id, which is "o-" and 10 to 32 lower-case letters or digits; write for example "o-abcde12345"`);
  }
  return mayPull([new iam.OrganizationPrincipal(organizationId)]);
}

/**
 * A statement of a repository's policy that lets accounts pull.
 *
 * @throws Error when there is none, or when one of them is no account's id
 */
export function accountsPullStatement(accountIds: string[]): iam.PolicyStatement {
  if (Token.isUnresolved(accountIds)) throw new Error('accountIds must be known at synthesis, but it is a list token; write the ids as strings');
  if (accountIds.length === 0) throw new Error('accountIds is an empty list; write at least one account, or leave the call out');
  for (const accountId of accountIds) requireAccountId(accountId);
  return mayPull([...new Set(accountIds)].sort().map((accountId) => new iam.AccountPrincipal(accountId)));
}

/**
 * Refuses what is no account's id; tokens are taken for one.
 *
 * @throws Error that names the value
 */
export function requireAccountId(accountId: string): void {
  if (Token.isUnresolved(accountId) || ACCOUNT_ID.test(accountId)) return;
  throw new Error(`${quote(accountId)} is no account's id, which is 12 digits in quotes; write for example "111122223333"`);
}

function mayPull(principals: iam.IPrincipal[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ principals, actions: PULL_ACTIONS });
}
