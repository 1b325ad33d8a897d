import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { quote } from '../image/image-reference';

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
export function organizationMayPull(organizationId: string): iam.PolicyStatement {
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
export function accountsMayPull(accountIds: string[]): iam.PolicyStatement {
  if (Token.isUnresolved(accountIds)) throw new Error('accountIds must be known at synthesis, but it is a list token; write the ids as strings');
  if (accountIds.length === 0) throw new Error('accountIds is an empty list; write at least one account, or leave the call out');
  for (const accountId of accountIds) refuseNoAccount(accountId);
  return mayPull([...new Set(accountIds)].sort().map((accountId) => new iam.AccountPrincipal(accountId)));
}

/**
 * Refuses what is no account's id; tokens are taken for one.
 *
 * @throws Error that names the value
 */
export function refuseNoAccount(accountId: string): void {
  if (Token.isUnresolved(accountId) || ACCOUNT_ID.test(accountId)) return;
  throw new Error(`${quote(accountId)} is no account's id, which is 12 digits in quotes; write for example "111122223333"`);
}

function mayPull(principals: iam.IPrincipal[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ principals, actions: PULL_ACTIONS });
}
