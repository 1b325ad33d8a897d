import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { quote } from '../image/image-reference';

/**
 * Refuses a construct in another account or Region than its mirror: a schedule starts builds of its own account and Region,
 * and builds push to their own registry.
 *
 * @param remedy what to do instead
 * @throws Error that names both
 */
export function refuseOtherEnvironment(construct: Construct, mirror: Construct, remedy: string): void {
  const [own, its] = [Stack.of(construct), Stack.of(mirror)];
  for (const part of ['account', 'region'] as const) {
    if (Token.compareStrings(own[part], its[part]) === TokenComparison.DIFFERENT) {
      throw new Error(`the stack ${quote(own.node.path)} is in the ${part} ${quote(own[part])} and its mirror is in ${quote(its[part])}; ${remedy}`);
    }
  }
}

/** Whether two stacks are known to be in the same account and Region. */
export function isSameRegistry(one: Stack, other: Stack): boolean {
  if (outermost(one) === outermost(other)) return true;
  return (['account', 'region'] as const).every((part) => Token.compareStrings(one[part], other[part]) === TokenComparison.SAME);
}

/** The stack that a nested one is deployed with; itself where it is none. */
export function outermost(stack: Stack): Stack {
  return stack.nestedStackParent === undefined ? stack : outermost(stack.nestedStackParent);
}
