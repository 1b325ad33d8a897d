import { AspectPriority, Aspects, IAspect, Stage } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct } from 'constructs';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/** What a job definition of AWS Batch looks like: one container, or several with the nodes that run them. */
interface JobDefinition {
  readonly container?: unknown;
  readonly containers?: readonly { readonly container: unknown }[];
}

const aspects = new WeakMap<IConstruct, JobDefinitionAspect>();

/**
 * Makes the job definitions that use a container of AWS Batch wait for the first copy of its image.
 *
 * A container does not know its job definition: that is defined later and takes the container as a property.
 */
export function awaitFirstCopy(container: IConstruct, image: IMirroredImage): void {
  // Aspects do not reach from one stage into another.
  const root = Stage.of(container) ?? container.node.root;
  let aspect = aspects.get(root);
  if (aspect === undefined) {
    aspect = new JobDefinitionAspect();
    aspects.set(root, aspect);
    // After the aspects that may define more of them.
    Aspects.of(root).add(aspect, { priority: AspectPriority.READONLY });
  }
  aspect.add(container, image);
}

class JobDefinitionAspect implements IAspect {
  private readonly images = new Map<unknown, IMirroredImage>();

  public add(container: IConstruct, image: IMirroredImage): void {
    this.images.set(container, image);
  }

  public visit(node: IConstruct): void {
    for (const container of containersOf(node as JobDefinition)) {
      const image = this.images.get(container);
      if (image !== undefined) waitForFirstCopy(node, image);
    }
  }
}

function containersOf(node: JobDefinition): unknown[] {
  const several = Array.isArray(node.containers) ? node.containers.map((one) => one?.container) : [];
  return [node.container, ...several];
}

/** An image of the mirror in a container of Amazon ECS or AWS Batch. */
export class MirroredContainerImage extends ecs.ContainerImage {
  constructor(private readonly image: IMirroredImage, private readonly imageName: string) {
    super();
  }

  public bind(scope: Construct, containerDefinition: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    // Batch has no task definition: for a container on ECS it makes one up that knows the execution role only, and for one on EKS none at all.
    const taskDefinition: ecs.TaskDefinition | undefined = containerDefinition.taskDefinition;
    if (taskDefinition !== undefined) this.image.grantPull(taskDefinition.obtainExecutionRole());
    if (Construct.isConstruct(taskDefinition)) waitForFirstCopy(taskDefinition, this.image);
    else awaitFirstCopy(scope, this.image);
    return { imageName: this.imageName };
  }
}

/**
 * Makes the resource of a consumer wait for the first copy of an image.
 *
 * Only that resource waits, not the roles of its construct: resources that the image needs may depend on these roles.
 */
export function waitForFirstCopy(consumer: IConstruct, image: IMirroredImage): void {
  (consumer.node.defaultChild ?? consumer).node.addDependency(image);
}
