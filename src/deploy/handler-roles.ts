import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT } from '../image/contract/environment';
import { startBuildStatements } from '../project/start-build-statements';

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
    readBuildsStatement(props.project),
    new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [props.buildLogs.logGroupArn] }),
  ]);
}

/** Lets a function ask how builds of a project stand. */
export function readBuildsStatement(project: codebuild.IProject): iam.PolicyStatement {
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

/**
 * Up to this many stacks are named one by one. They fit into a role's policy however long their names are;
 * beyond, they are named by what their names begin with.
 */
const MOST_EXACT_ARNS = 40;

/**
 * The ARNs of stacks as the policy of a role in one of them names them.
 *
 * The stack with the role knows its own; to refer to that of another would make a circle of both. So others are named by their names,
 * and the random part at the end stays open.
 *
 * @param own the stack with the role
 */
export function stackArns(stacks: Iterable<Stack>, own: Stack): string[] {
  const all = [...stacks];
  const names = all.filter((stack) => stack !== own).map(namePattern);
  const patterns = all.length <= MOST_EXACT_ARNS ? names : [`${commonBeginning(names)}*`];
  const arns = patterns.map((name) => own.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME }));
  return sorted(all.includes(own) ? [own.stackId, ...arns] : arns, own);
}

/** CloudFormation names a nested stack after the one that it is in. */
function namePattern(stack: Stack): string {
  let outermost = stack;
  while (outermost.nestedStackParent !== undefined) outermost = outermost.nestedStackParent;
  return stack.nestedStackParent === undefined ? stack.stackName : `${outermost.stackName}-*`;
}

function commonBeginning(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.replace(/\*$/, ''));
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/** In the order that the CDK itself gives resources where it joins statements. */
function sorted(arns: readonly string[], stack: Stack): string[] {
  const keyed = arns.map((arn) => ({ arn, key: JSON.stringify(stack.resolve(arn)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ arn }) => arn);
}
