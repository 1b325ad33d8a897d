import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { quote } from '../../image/image-reference';
import { PULL_ACTIONS } from '../pull-permission';

/** Whom the repositories themselves must let in, by the policy that they are created with. */
const REMEDY = 'let accounts pull with mirror.grantPullToAccounts(), or an organization with mirror.grantPullToOrganization()';

/**
 * Lets somebody pull from all repositories under some prefixes, those included that do not exist yet.
 *
 * @throws Error when it would be without effect: the repositories are not there to have it in their policies
 */
export function grantCataloguePull(catalogue: IConstruct, grantee: iam.IGrantable, prefixes: readonly string[]): iam.Grant {
  const stack = Stack.of(catalogue);
  const { principalAccount } = grantee.grantPrincipal;
  if (principalAccount !== undefined && Token.compareStrings(principalAccount, stack.account) === TokenComparison.DIFFERENT) {
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
