import { CfnResource, Reference, Token, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';

/**
 * The role behind the ARN in a resource's property, to grant it something.
 *
 * A role that is not in the app gets a policy of its own, as everywhere in the CDK.
 *
 * @param id what distinguishes it from other roles of the resource
 */
export function roleOf(resource: CfnResource, id: string, arn: unknown): iam.IGrantable {
  const target = referenced(arn);
  if (target instanceof iam.CfnRole && target.node.scope instanceof iam.Role) return target.node.scope;
  const known = resource.node.tryFindChild(id) as iam.IRole | undefined;
  if (known !== undefined) return known;
  if (target instanceof iam.CfnRole) return iam.Role.fromRoleName(resource, id, target.ref);
  return iam.Role.fromRoleArn(resource, id, Token.asString(arn));
}

/**
 * The execution role of a resource that has none: Amazon ECS pulls with it.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
 */
export function defineExecutionRole(resource: CfnResource): iam.Role {
  const known = resource.node.tryFindChild('ExecutionRole') as iam.Role | undefined;
  return known ?? new iam.Role(resource, 'ExecutionRole', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
}

/** The construct that a token refers to. */
function referenced(arn: unknown): IConstruct | undefined {
  if (typeof arn !== 'string' || !Token.isUnresolved(arn)) return undefined;
  const { length, firstToken } = Tokenization.reverseString(arn);
  return length === 1 && Reference.isReference(firstToken) ? firstToken.target : undefined;
}
