import { CfnResource, Stack, Stage, Token, TokenComparison } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';

/**
 * Why a resource that an account has once in each Region may not be there; empty when it is the only one.
 *
 * @param noun what the account has one of
 * @param remedy how to make one of several
 */
export function requireSingletonInRegistry(resource: CfnResource, noun: string, remedy: string): string[] {
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

/**
 * Refuses a construct in another account or Region than its mirror: a schedule starts builds of its own account and Region,
 * and builds push to their own registry.
 *
 * @param remedy what to do instead
 * @throws Error that names both
 */
export function requireSameEnvironment(construct: Construct, mirror: Construct, remedy: string): void {
  const [own, its] = [Stack.of(construct), Stack.of(mirror)];
  for (const part of ['account', 'region'] as const) {
    if (Token.compareStrings(own[part], its[part]) === TokenComparison.DIFFERENT) {
      throw new Error(`the stack ${quote(own.node.path)} is in the ${part} ${quote(own[part])} and its mirror is in ${quote(its[part])}; ${remedy}`);
    }
  }
}

/** Whether two stacks are known to be in the same account and Region. */
export function isSameRegistry(one: Stack, other: Stack): boolean {
  if (outermostStack(one) === outermostStack(other)) return true;
  return (['account', 'region'] as const).every((part) => Token.compareStrings(one[part], other[part]) === TokenComparison.SAME);
}

/** The stack that a nested one is deployed with; itself where it is none. */
export function outermostStack(stack: Stack): Stack {
  return stack.nestedStackParent === undefined ? stack : outermostStack(stack.nestedStackParent);
}

/**
 * The construct in a stack that holds what a mirror has there: under the mirror where that is in the stack, and beside its images otherwise.
 *
 * Its path depends on that of the mirror alone, so that the logical ids of what it holds do not depend on the images.
 */
export function scopeInStack(stack: Stack, mirror: Construct, id: string): Construct {
  const parent = stack === Stack.of(mirror) ? mirror : stack;
  const childId = parent === mirror ? id : `${mirror.node.path.replace(/\//g, ':')}:${id}`;
  return (parent.node.tryFindChild(childId) as Construct | undefined) ?? new Construct(parent, childId);
}
