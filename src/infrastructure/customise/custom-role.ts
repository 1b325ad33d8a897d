import { Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BuildProps, buildStatements, grantToImported, REPOSITORY_ACTIONS } from '../build-role';
import { PULL_ACTIONS } from '../pull-permission';

/** What builds of customised images need access to. */
export interface CustomRoleProps extends BuildProps {
  /** The repositories that they build from, asked when all images were added. */
  readonly baseArns: () => string[];
  /** The repositories that they push to, likewise. */
  readonly customArns: () => string[];
}

/** Defines the role of builds of customised images. It reads what they are built from, and can change nothing of that. */
export function defineCustomRole(scope: Construct, id: string, props: CustomRoleProps): iam.Role {
  const stack = Stack.of(scope);
  const role = new iam.Role(scope, id, {
    description: 'Builds of customised images',
    assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
    inlinePolicies: {
      Customise: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({ actions: PULL_ACTIONS, resources: Lazy.list({ produce: props.baseArns }) }),
          new iam.PolicyStatement({ actions: REPOSITORY_ACTIONS, resources: Lazy.list({ produce: props.customArns }) }),
          ...buildStatements(stack, props),
        ],
      }),
    },
  });
  grantToImported(role, props);
  return role;
}
