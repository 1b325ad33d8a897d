import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { quote } from '../image/image-reference';

/**
 * Refuses a repository that builds of the mirror could not push to, or that its stack could not name.
 *
 * @throws Error when the repository is in another account or Region, or is defined in another stack
 */
export function refuseForeignRepository(repository: ecr.IRepository, mirror: Construct): void {
  refuseOtherStack(repository, Stack.of(mirror));
  if (Token.isUnresolved(repository.repositoryArn)) return;
  const { account, region } = Arn.split(repository.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  refuseOther('account', account, Stack.of(mirror).account);
  refuseOther('Region', region, Stack.of(mirror).region);
}

/** A name that CloudFormation chooses would make the mirror's stack depend on that of the repository, which may depend on the mirror's. */
function refuseOtherStack(repository: ecr.IRepository, stack: Stack): void {
  if (!Token.isUnresolved(repository.repositoryName) || repository.stack === stack) return;
  throw new Error(
    `the repository ${quote(repository.node.path)} has a name that is not known at synthesis and is in another stack than the mirror; `
    + 'give it a name and pass ecr.Repository.fromRepositoryName(this, id, name), or define it in the stack of the mirror',
  );
}

function refuseOther(part: string, actual: string | undefined, expected: string): void {
  if (actual === undefined || Token.isUnresolved(actual) || Token.isUnresolved(expected) || actual === expected) return;
  throw new Error(`the repository is in the ${part} ${quote(actual)} and its mirror is in ${quote(expected)}; builds push to their own account and Region only`);
}
