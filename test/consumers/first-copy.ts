import { CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Dependable } from 'constructs';
import { IMirroredImage } from '../../src';

/** The logical ids of all that must be there before an image can be pulled, as far as a stack defines it. */
export function needsOf(image: IMirroredImage, stack: Stack): string[] {
  return Dependable.of(image).dependencyRoots
    .flatMap((root) => root.node.findAll())
    .filter((node): node is CfnResource => CfnResource.isCfnResource(node) && Stack.of(node) === stack)
    .map((resource) => stack.resolve(resource.logicalId));
}

/** The logical ids that the only resource of a type waits for, beside those that it refers to. */
export function awaitedBy(template: Template, type: string): string[] {
  const [resource, ...others] = Object.values(template.findResources(type));
  if (resource === undefined || others.length > 0) throw new Error(`the template has ${others.length + 1} resources of ${type}, or none`);
  return resource.DependsOn ?? [];
}
