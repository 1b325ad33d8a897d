import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { MirroredImageOptions } from './mirrored-image-options';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { CUSTOM_REPOSITORIES, mirrorRepositoryName, repositoryNameProblem } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/** The mirror that an image belongs to, as far as the name of the image's repository depends on it. */
export interface RepositoryOwner {
  /** The stack of the mirror. */
  readonly stack: Stack;
  /** The first part of the names of all repositories, without the final slash. */
  readonly repositoryPrefix: string;
}

/**
 * Returns the name of the ECR repository that an image is mirrored to. The name is a token only for an existing repository.
 *
 * @throws Error when Amazon ECR does not allow the name, or when an existing repository is in another account, Region, or stack
 */
export function targetRepositoryName(reference: ImageReference, options: MirroredImageOptions, owner: RepositoryOwner): string {
  const { imageTagMutability, repository, repositoryName } = options;
  if (repository !== undefined) {
    if (repositoryName !== undefined) throw new Error('repository and repositoryName are both set; set only one of them');
    if (imageTagMutability !== undefined) {
      throw new Error('repository and imageTagMutability are both set, but the mirror does not define the repository; '
        + 'omit imageTagMutability, and set it where the repository is defined');
    }
    requireReachableRepository(repository, owner.stack);
    return requireNotCustom(repository.repositoryName, reference, owner.repositoryPrefix);
  }
  const derivedOrChosen = repositoryName ?? mirrorRepositoryName(reference, owner.repositoryPrefix);
  const name = requireLiteral(derivedOrChosen, 'repositoryName', 'write it as a string, or pass the repository itself as repository');
  const problem = repositoryNameProblem(name);
  if (problem) throw new Error(`repositoryName ${quote(name)} is not valid: ${problem}`);
  return requireNotCustom(name, reference, owner.repositoryPrefix);
}

/** Builds that mirror images cannot push to the repositories of customized images, so that no upstream image can replace a customized one. */
function requireNotCustom(name: string, reference: ImageReference, prefix: string): string {
  const customPrefix = `${prefix}/${CUSTOM_REPOSITORIES}/`;
  if (Token.isUnresolved(name) || !name.startsWith(customPrefix)) return name;
  throw new Error(`${quote(formatImageReference(reference))} would be mirrored to ${quote(name)}, `
    + `but ${quote(customPrefix)} is reserved for customized images; set another repositoryName for this image`);
}

/** Builds push only to their own account and Region. */
function requireReachableRepository(repository: ecr.IRepository, stack: Stack): void {
  requireKnownNameOrSameStack(repository, stack);
  if (Token.isUnresolved(repository.repositoryArn)) return;
  const { account, region } = Arn.split(repository.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  requireSame('account', account, stack.account);
  requireSame('Region', region, stack.region);
}

/** With a name that CloudFormation generates, the mirror's stack would depend on the repository's stack, which may depend on the mirror's. */
function requireKnownNameOrSameStack(repository: ecr.IRepository, stack: Stack): void {
  if (!Token.isUnresolved(repository.repositoryName) || repository.stack === stack) return;
  throw new Error(
    `the repository ${quote(repository.node.path)} has a name that is not known at synthesis, and it is not in the mirror's stack; `
    + 'give it a name and pass ecr.Repository.fromRepositoryName(this, id, name), or define it in the stack of the mirror',
  );
}

function requireSame(part: string, actual: string | undefined, expected: string): void {
  if (actual === undefined || Token.isUnresolved(actual) || Token.isUnresolved(expected) || actual === expected) return;
  throw new Error(`the repository is in the ${part} ${quote(actual)}, but its mirror is in ${quote(expected)}; `
    + `builds push only to their own account and Region, so pass a repository in ${quote(expected)}`);
}
