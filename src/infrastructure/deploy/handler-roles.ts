import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT } from '../../image/environment';
import { stackArns } from '../stack-arns';
import { startBuildStatements } from '../start-build-statements';

/** What the functions work on. */
export interface HandlerRoleProps {
  readonly project: codebuild.IProject;
  /** The log group of builds. */
  readonly buildLogs: logs.ILogGroup;
  /** The log group of the functions themselves. */
  readonly handlerLogs: logs.ILogGroup;
  /** The stacks that have a custom resource, asked when all were defined. */
  readonly stacks: () => Iterable<Stack>;
}

/** Defines the role of the function that starts builds, and asks how its own stack stands. */
export function defineOnEventRole(scope: Construct, id: string, props: HandlerRoleProps): iam.Role {
  const ownStacks = Lazy.list({ produce: () => stackArns(props.stacks(), Stack.of(scope)) });
  return defineHandlerRole(scope, id, 'Starts builds that mirror images when they are deployed', props.handlerLogs, [
    ...startBuildStatements({ project: props.project, variables: Object.values(RUN_ENVIRONMENT) }),
    new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: ownStacks }),
  ]);
}

/** Defines the role of the function that follows builds. */
export function defineIsCompleteRole(scope: Construct, id: string, props: HandlerRoleProps): iam.Role {
  return defineHandlerRole(scope, id, 'Follows builds that mirror images when they are deployed', props.handlerLogs, [
    mayReadBuilds(props.project),
    new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [props.buildLogs.logGroupArn] }),
  ]);
}

/** Lets a function ask how builds of a project stand. */
export function mayReadBuilds(project: codebuild.IProject): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['codebuild:BatchGetBuilds'], resources: [project.projectArn] });
}

/** Defines a role for a function, which may write to its log and do what is stated. Lambda's managed policy would let it write to every log. */
export function defineHandlerRole(
  scope: Construct, id: string, description: string, handlerLogs: logs.ILogGroup, statements: iam.PolicyStatement[],
): iam.Role {
  const writeLog = new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [handlerLogs.logGroupArn] });
  return new iam.Role(scope, id, {
    description,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Handler: new iam.PolicyDocument({ statements: [...statements, writeLog] }) },
  });
}
