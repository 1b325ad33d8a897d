import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT } from '../image/contract/environment';
import { startBuildStatements } from '../project/start-build-statements';
import { stackNamePattern } from '../synthesis/environments';
import { suppressNetworkInterfaces } from '../synthesis/nag-suppressions';

/** The resources that the Lambda functions of the custom resources use. */
export interface HandlerRoleProps {
  readonly project: codebuild.IProject;
  /** The log group of builds. */
  readonly buildLogs: logs.ILogGroup;
  /** The log group of the functions. */
  readonly handlerLogs: logs.ILogGroup;
  /** Whether the functions run in a VPC. */
  readonly isInVpc: boolean;
  /** The stacks with a custom resource. They are read when the template is rendered. */
  readonly stacks: () => Iterable<Stack>;
}

/** Defines the role of the function that starts builds and reads the status of its stack. */
export function defineOnEventRole(scope: Construct, id: string, props: HandlerRoleProps): iam.Role {
  const ownStacks = Lazy.list({ produce: () => stackArnPatterns(props.stacks(), Stack.of(scope)) });
  const statements = [
    ...startBuildStatements({ project: props.project, variables: Object.values(RUN_ENVIRONMENT) }),
    new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: ownStacks }),
  ];
  return defineHandlerRole(scope, id, 'Starts builds that mirror images when they are deployed', { ...props, statements });
}

/** Defines the role of the function that follows builds. */
export function defineIsCompleteRole(scope: Construct, id: string, props: HandlerRoleProps): iam.Role {
  const statements = [
    readBuildsStatement(props.project),
    new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [props.buildLogs.logGroupArn] }),
  ];
  return defineHandlerRole(scope, id, 'Follows builds that mirror images when they are deployed', { ...props, statements });
}

/** The statement that allows a function to read the status of the builds of a project. */
export function readBuildsStatement(project: codebuild.IProject): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['codebuild:BatchGetBuilds'], resources: [project.projectArn] });
}

/** The permissions of the role of a function. */
export interface HandlerPermissions extends Pick<HandlerRoleProps, 'handlerLogs' | 'isInVpc'> {
  readonly statements: readonly iam.PolicyStatement[];
}

/** Defines a role with permission to write to one log group, and with more statements. Lambda's managed policies would allow all log groups. */
export function defineHandlerRole(scope: Construct, id: string, description: string, permissions: HandlerPermissions): iam.Role {
  const { handlerLogs, isInVpc, statements } = permissions;
  const writeLog = new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [handlerLogs.logGroupArn] });
  const all = [...statements, writeLog, ...isInVpc ? networkInterfaceStatements() : []];
  const role = new iam.Role(scope, id, {
    description,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Handler: new iam.PolicyDocument({ statements: all }) },
  });
  if (isInVpc) suppressNetworkInterfaces(role);
  return role;
}

/**
 * The statements that allow AWS Lambda to manage the network interfaces of a function, and deny it to the code of the function.
 *
 * AWS Lambda requires the permissions on all resources. Only requests of the code of a function have the key `lambda:SourceFunctionArn`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
function networkInterfaceStatements(): iam.PolicyStatement[] {
  const actions = [
    'ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets', 'ec2:UnassignPrivateIpAddresses',
  ];
  return [
    new iam.PolicyStatement({ actions, resources: ['*'] }),
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}

/**
 * A policy lists at most this number of stacks. They fit into the policy of a role, whatever the length of their names.
 * For more stacks, the policy has one pattern with the common prefix of their names.
 */
const MAX_EXACT_ARNS = 25;

/**
 * The ARNs and ARN patterns of stacks, for the policy of a role in one of the stacks.
 *
 * The stack of the role refers to its own ARN. A reference to the ARN of another stack would make a dependency cycle. So the ARN of another stack
 * is a pattern with its name, and a wildcard in place of the ID at the end.
 *
 * @param own the stack with the role
 */
export function stackArnPatterns(stacks: Iterable<Stack>, own: Stack): string[] {
  const all = [...stacks];
  const names = all.filter((stack) => stack !== own).map(stackNamePattern);
  const patterns = all.length <= MAX_EXACT_ARNS ? names : [`${commonPrefix(names)}*`];
  const arnFormat = ArnFormat.SLASH_RESOURCE_NAME;
  const arns = patterns.map((name) => own.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*`, arnFormat }));
  return sorted(all.includes(own) ? [own.stackId, ...arns] : arns, own);
}

function commonPrefix(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.replace(/\*$/, ''));
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/** Sorts ARNs in the order that the CDK uses when it merges statements. */
function sorted(arns: readonly string[], stack: Stack): string[] {
  const keyed = arns.map((arn) => ({ arn, key: JSON.stringify(stack.resolve(arn)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ arn }) => arn);
}
