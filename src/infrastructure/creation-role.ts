import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** What Amazon ECR creates repositories with. */
export interface CreationRoleProps {
  /** What the repositories are for. */
  readonly purpose: string;
  /** The repositories, as patterns of their names: `mirror/*`. */
  readonly repositories: readonly string[];
  readonly encryptionKey?: kms.IKey;
  /** A role that is there already. */
  readonly role?: iam.IRole;
}

/**
 * The role with which Amazon ECR creates repositories that have a key or resource tags.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
 */
export function creationRole(scope: Construct, id: string, props: CreationRoleProps): iam.IRole {
  const role = props.role ?? new iam.Role(scope, id, {
    description: `Amazon ECR, when it creates repositories of ${props.purpose}`,
    // No conditions: which keys Amazon ECR sends along when it takes the role is not documented.
    assumedBy: new iam.ServicePrincipal('ecr.amazonaws.com'),
  });
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: ['ecr:CreateRepository', 'ecr:TagResource'],
    resources: props.repositories.map((resourceName) => Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName })),
  }));
  props.encryptionKey?.grant(role, 'kms:CreateGrant', 'kms:RetireGrant', 'kms:DescribeKey');
  return role;
}

/** Lets a template, and with it whatever waits for that, wait for the role and for the policies of the role, which its ARN does not stand for. */
export function mayCreate(template: Construct, role: iam.IRole | undefined): void {
  if (role !== undefined) template.node.addDependency(role);
}
