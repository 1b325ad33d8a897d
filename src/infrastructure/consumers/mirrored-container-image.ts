import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { awaitFirstCopy } from './job-definition-aspect';
import { MirroredImage } from '../../mirrored-image';

/** An image of the mirror in a container of Amazon ECS or AWS Batch. */
export class MirroredContainerImage extends ecs.ContainerImage {
  constructor(private readonly image: MirroredImage, private readonly imageName: string) {
    super();
  }

  public bind(scope: Construct, containerDefinition: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    // Batch has no task definition: for a container on ECS it makes one up that knows the execution role only, and for one on EKS none at all.
    const taskDefinition: ecs.TaskDefinition | undefined = containerDefinition.taskDefinition;
    if (taskDefinition !== undefined) this.image.grantPull(taskDefinition.obtainExecutionRole());
    if (Construct.isConstruct(taskDefinition)) this.image._usedBy(taskDefinition);
    else awaitFirstCopy(scope, this.image);
    return { imageName: this.imageName };
  }
}
