import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { grantCachePull } from './cache-pull-grant';

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
