import { CfnResource, Stack, Stage, Token, TokenComparison } from 'aws-cdk-lib';
import { quote } from '../../image/image-reference';

/**
 * Why a resource that an account has once in each Region may not be there; empty when it is the only one.
 *
 * @param noun what the account has one of
 * @param remedy how to make one of several
 */
export function validateSingleton(resource: CfnResource, noun: string, remedy: string): string[] {
  return resource.node.root.node.findAll()
    .filter((node) => CfnResource.isCfnResource(node) && node !== resource && node.cfnResourceType === resource.cfnResourceType)
    .filter((other) => isInSameRegistry(Stack.of(resource), Stack.of(other)))
    .map((other) => `an account has one ${noun} in each Region, and ${quote(other.node.path)} defines another, so that the later deployed one would replace the earlier; ${remedy}, `
      + 'or give the stacks their env where they are deployed to different accounts or Regions');
}

/** Two stacks of one stage that are not told where they go are taken to go to the same place. */
function isInSameRegistry(one: Stack, other: Stack): boolean {
  if (one === other) return true;
  const comparisons = [Token.compareStrings(one.account, other.account), Token.compareStrings(one.region, other.region)];
  return comparisons.every((comparison) => comparison === TokenComparison.SAME
    || (comparison === TokenComparison.BOTH_UNRESOLVED && Stage.of(one) === Stage.of(other)));
}
