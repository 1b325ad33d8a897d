import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { addJobDefinitionDependencies, dependOnFirstCopy, warnAboutMovedTag } from './first-copy';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/** A mirrored image as the image of a container in Amazon ECS or AWS Batch. */
export class MirroredContainerImage extends ecs.ContainerImage {
  constructor(private readonly image: IMirroredImage, private readonly imageName: string) {
    super();
  }

  public bind(scope: Construct, containerDefinition: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    this.image._requireReachableFrom(scope);
    // AWS Batch has no task definition. For ECS, it passes an object with only the execution role; for EKS, it passes `undefined`.
    const taskDefinition: ecs.TaskDefinition | undefined = containerDefinition.taskDefinition;
    if (taskDefinition !== undefined) this.image.grantPull(taskDefinition.obtainExecutionRole());
    if (Construct.isConstruct(taskDefinition)) {
      dependOnFirstCopy(taskDefinition, this.image);
      if (pinsDigest(containerDefinition)) warnAboutMovedTag(taskDefinition, this.image);
    } else {
      addJobDefinitionDependencies(scope, this.image);
    }
    return { imageName: this.imageName };
  }
}

/** Whether Amazon ECS starts all tasks of a deployment from the same digest. It does so by default. */
function pinsDigest(containerDefinition: ecs.ContainerDefinition): boolean {
  const { props } = containerDefinition as unknown as { readonly props?: { readonly versionConsistency?: string } };
  return props?.versionConsistency !== ecs.VersionConsistency.DISABLED;
}
