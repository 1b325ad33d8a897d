import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct } from 'constructs';

/** What knows that somebody uses it. */
interface UsedCache {
  _usedBy(consumer: IConstruct): void;
}

/** An image of a pull-through cache in a container of Amazon ECS or AWS Batch. */
export class CachedContainerImage extends ecs.ContainerImage {
  constructor(private readonly cache: UsedCache, private readonly repository: ecr.IRepository, private readonly imageName: string) {
    super();
  }

  public bind(scope: Construct, containerDefinition: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    // Batch has no task definition: for a container on ECS it makes one up that knows the execution role only, and for one on EKS none at all.
    const taskDefinition: ecs.TaskDefinition | undefined = containerDefinition.taskDefinition;
    if (taskDefinition !== undefined) this.repository.grantPull(taskDefinition.obtainExecutionRole());
    this.cache._usedBy(Construct.isConstruct(taskDefinition) ? taskDefinition : scope);
    return { imageName: this.imageName };
  }
}
