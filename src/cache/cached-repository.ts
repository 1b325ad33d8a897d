import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { grantCachePull } from '../repositories/pull-grants';
import { repositoryArn } from '../repositories/repository-arns';

/** A cache that its consumers depend on. */
interface UsedCache {
  _usedBy(consumer: IConstruct): void;
}

/** An image of a pull-through cache for a container in Amazon ECS or AWS Batch. */
export class CachedContainerImage extends ecs.ContainerImage {
  constructor(private readonly cache: UsedCache, private readonly repository: ecr.IRepository, private readonly imageName: string) {
    super();
  }

  public bind(scope: Construct, containerDefinition: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    // AWS Batch has no task definition. The CDK passes a substitute with only the execution role for ECS, and none for EKS.
    const taskDefinition: ecs.TaskDefinition | undefined = containerDefinition.taskDefinition;
    if (taskDefinition !== undefined) this.repository.grantPull(taskDefinition.obtainExecutionRole());
    this.cache._usedBy(Construct.isConstruct(taskDefinition) ? taskDefinition : scope);
    return { imageName: this.imageName };
  }
}

/** A repository of a pull-through cache. Amazon ECR creates it at the first pull, so its grants include `ecr:CreateRepository`. */
export class CachedRepository extends ecr.RepositoryBase {
  public readonly repositoryArn: string;

  constructor(scope: Construct, id: string, public readonly repositoryName: string) {
    super(scope, id);
    this.repositoryArn = repositoryArn(Stack.of(scope), repositoryName);
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return grantCachePull(grantee, [this.repositoryArn]);
  }

  /** Has no effect: the creation template defines the repository policy. */
  public addToResourcePolicy(_statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    return { statementAdded: false };
  }
}
