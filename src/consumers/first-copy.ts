import { Annotations, AspectPriority, Aspects, IAspect, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/**
 * Makes the resource of a consumer depend on the first copy of an image.
 *
 * Only this resource has the dependency, not the roles of its construct, because resources that the image needs may depend on these roles.
 *
 * @throws Error when the app defines the image in another stage
 */
export function dependOnFirstCopy(consumer: IConstruct, image: IMirroredImage): void {
  image._requireReachableFrom(consumer);
  (consumer.node.defaultChild ?? consumer).node.addDependency(image);
}

/**
 * Warns when a workload may lose its image after a floating tag has moved. The workload needs the image for longer than the tag names it.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability
 */
export function warnAboutMovedTag(consumer: IConstruct, { _movedTagProblem: problem }: IMirroredImage): void {
  if (problem !== undefined) Annotations.of(consumer).addWarningV2('cdk-ecr-mirror:MirroredImage.movedTag', `${consumer.node.path}: ${problem}`);
}

/** The properties of a job definition of AWS Batch: one container, or several containers with their nodes. */
interface JobDefinition {
  readonly container?: unknown;
  readonly containers?: readonly { readonly container: unknown }[];
}

const aspects = new WeakMap<IConstruct, JobDefinitionAspect>();

/**
 * Makes the job definitions with a container of AWS Batch depend on the first copy of its image.
 *
 * An aspect adds the dependencies, because a job definition is defined after its containers, which have no reference to it.
 */
export function addJobDefinitionDependencies(container: IConstruct, image: IMirroredImage): void {
  // Aspects do not cross the boundaries of stages.
  const root = Stage.of(container) ?? container.node.root;
  let aspect = aspects.get(root);
  if (aspect === undefined) {
    aspect = new JobDefinitionAspect();
    aspects.set(root, aspect);
    // Other aspects may define more job definitions, so this aspect runs after them.
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
      if (image !== undefined) dependOnFirstCopy(node, image);
    }
  }
}

function containersOf(node: JobDefinition): unknown[] {
  const several = Array.isArray(node.containers) ? node.containers.map((entry) => entry?.container) : [];
  return [node.container, ...several];
}
