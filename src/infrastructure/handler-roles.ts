import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

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
  const startBuild = { actions: ['codebuild:StartBuild'], resources: [props.project.projectArn] };
  const stackArns = Lazy.list({ produce: () => sorted([...props.stacks()].map((stack) => stackArn(stack, Stack.of(scope))), Stack.of(scope)) });
  return defineHandlerRole(scope, id, 'Starts builds that mirror images when they are deployed', props.handlerLogs, [
    new iam.PolicyStatement(startBuild),
    // The function has no use for commands of its own; nobody else shall have it through the function.
    // @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
    new iam.PolicyStatement({ ...startBuild, effect: iam.Effect.DENY, conditions: { Null: { 'codebuild:source.buildspec': 'false' } } }),
    new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: stackArns }),
  ]);
}

/** Defines the role of the function that follows builds. */
export function defineIsCompleteRole(scope: Construct, id: string, props: HandlerRoleProps): iam.Role {
  return defineHandlerRole(scope, id, 'Follows builds that mirror images when they are deployed', props.handlerLogs, [
    new iam.PolicyStatement({ actions: ['codebuild:BatchGetBuilds'], resources: [props.project.projectArn] }),
    new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [props.buildLogs.logGroupArn] }),
  ]);
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

/** In the order that the CDK itself gives resources where it joins statements. */
function sorted(arns: readonly string[], stack: Stack): string[] {
  const keyed = arns.map((arn) => ({ arn, key: JSON.stringify(stack.resolve(arn)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ arn }) => arn);
}

/** The ARN of a stack, in which a part is random. The stack with the role knows its own; to refer to that of another would make a circle of both. */
function stackArn(stack: Stack, own: Stack): string {
  if (stack === own) return stack.stackId;
  let outermost = stack;
  while (outermost.nestedStackParent !== undefined) outermost = outermost.nestedStackParent;
  // CloudFormation names a nested stack after the one that it is in.
  const name = stack.nestedStackParent === undefined ? stack.stackName : `${outermost.stackName}-*`;
  return own.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
}
