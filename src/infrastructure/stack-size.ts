import { CfnResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * CloudFormation takes so many resources in one stack.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const MOST_RESOURCES = 500;

/** The CDK's own switch for that limit; 0 turns it off. */
const RESOURCE_LIMIT_CONTEXT = '@aws-cdk/core:stackResourceLimit';

/** Why stacks with images of a mirror are too large. */
export function stackSizeProblems(images: readonly Construct[]): string[] {
  const imagesIn = new Map<Stack, number>();
  for (const image of images) imagesIn.set(Stack.of(image), (imagesIn.get(Stack.of(image)) ?? 0) + 1);
  return [...imagesIn].flatMap(([stack, count]) => stackSizeProblem(stack, count) ?? []);
}

/** Why a stack with images of a mirror is too large, and how to split it; undefined when it is not. */
export function stackSizeProblem(stack: Stack, images: number): string | undefined {
  const limit = Number(stack.node.tryGetContext(RESOURCE_LIMIT_CONTEXT) ?? MOST_RESOURCES);
  const resources = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child) && Stack.of(child) === stack).length;
  if (limit === 0 || resources <= limit) return undefined;
  return `the stack ${JSON.stringify(stack.node.path)} has ${resources} resources and CloudFormation allows ${limit}; ${images} images of the mirror are in it, `
    + 'each with a repository and a schedule: define some of them in another stack with new MirroredImage(otherStack, id, { mirror, image })';
}
