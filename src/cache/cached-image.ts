import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { grantCachePull } from '../repositories/pull-grants';

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

/** A repository of a pull-through cache, which Amazon ECR creates at the first pull. Whoever may pull from it may therefore create it. */
export class CachedRepository extends ecr.RepositoryBase {
  public readonly repositoryArn: string;

  constructor(scope: Construct, id: string, public readonly repositoryName: string) {
    super(scope, id);
    this.repositoryArn = Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName: repositoryName });
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return grantCachePull(grantee, [this.repositoryArn]);
  }

  /** The repository has the policy of the creation template. */
  public addToResourcePolicy(_statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    return { statementAdded: false };
  }
}
