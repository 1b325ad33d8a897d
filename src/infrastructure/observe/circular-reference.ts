import { AspectPriority, Aspects, CfnResource, IResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { quote } from '../../image/image-reference';
import { ImageMirror } from '../../image-mirror';
import { outermost } from '../same-environment';

/** What something of a mirror needs. */
export interface NeededResource {
  /** What needs it. */
  readonly user: Construct;
  readonly resource: IResource;
  /** What it is, for people. */
  readonly noun: string;
  readonly remedy: string;
}

/**
 * Refuses what something in the mirror's stack needs, where the stack of that has images of the mirror and so needs the mirror's: the CDK would say
 * only that the two depend on each other.
 *
 * It is judged when all images were added. What was imported by its ARN is needed of no stack.
 */
export function refuseCircularReference(mirror: ImageMirror, { user, resource, noun, remedy }: NeededResource): void {
  const other = outermost(resource.stack);
  const own = outermost(Stack.of(mirror));
  if (outermost(Stack.of(user)) !== own || other === own || !CfnResource.isCfnResource(resource.node.defaultChild)) return;
  const visit = (node: unknown) => {
    if (node !== mirror.project || !mirror.images.some((image) => outermost(Stack.of(image)) === other)) return;
    throw new Error(`the ${noun} ${quote(resource.node.path)} is in the stack ${quote(other.node.path)}, which needs that of the mirror for its images, and the mirror's stack `
      + `${quote(own.node.path)} would need the ${noun}: a cyclic reference; ${remedy}`);
  };
  // Before the CDK resolves references, and so before anything is validated.
  Aspects.of(mirror.project).add({ visit }, { priority: AspectPriority.READONLY });
}
