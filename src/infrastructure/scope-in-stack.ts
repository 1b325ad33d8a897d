import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * The construct in a stack that holds what a mirror has there: under the mirror where that is in the stack, and beside its images otherwise.
 *
 * Its path depends on that of the mirror alone, so that the logical ids of what it holds do not depend on the images.
 */
export function scopeIn(stack: Stack, mirror: Construct, id: string): Construct {
  const parent = stack === Stack.of(mirror) ? mirror : stack;
  const childId = parent === mirror ? id : `${mirror.node.path.replace(/\//g, ':')}:${id}`;
  return (parent.node.tryFindChild(childId) as Construct | undefined) ?? new Construct(parent, childId);
}
