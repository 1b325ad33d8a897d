import { Duration, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as custom_resources from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { defineHandlerRole, defineIsCompleteRole, defineOnEventRole } from './handler-roles';
import { HANDLER_ENVIRONMENT } from '../image/contract/custom-resource';
import { FIPS_VARIABLE } from '../image/contract/environment';
import { warnAboutFunctionNetwork } from '../project/network-warning';
import { defineLogGroup, LogOptions } from '../project/operations-key';
import { HANDLERS, handlersCode } from '../project/program-assets';
import { suppressFrameworkFindings, suppressRuntime } from '../synthesis/nag-suppressions';

/** The network of functions in a VPC. */
export interface FunctionNetwork {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/** The properties of the Lambda functions of the custom resources. */
export interface DeployProviderProps {
  readonly project: codebuild.IProject;
  /** The log group of builds. */
  readonly buildLogs: logs.ILogGroup;
  /** The network of the functions; `undefined` outside of a VPC. */
  readonly network?: FunctionNetwork;
  /** The options of the log group of the functions. */
  readonly logOptions: LogOptions;
  /** The time after which CodeBuild stops a build. */
  readonly longestBuild: Duration;
  /** Whether the functions use FIPS endpoints. */
  readonly fips?: boolean;
  /** The stacks with a custom resource. They are read when the template is rendered. */
  readonly stacks: () => Iterable<Stack>;
}

const QUERY_INTERVAL = Duration.seconds(10);

/** A function gets this much more time than its work takes, to report the result. */
const ON_EVENT_RESERVE_MINUTES = 2;
const IS_COMPLETE_TIMEOUT = Duration.minutes(2);

/** Lambda allocates CPU in proportion to memory. With this amount, the AWS SDK loads quickly. */
const MEMORY_MEGABYTES = 256;

/** The provider of the custom resources of a mirror. */
export interface DeployProvider {
  /** The service token of the custom resources. */
  readonly serviceToken: string;
  /** The role of the function that starts builds. */
  readonly onEventRole: iam.Role;
  /** The role of the function that follows builds. */
  readonly isCompleteRole: iam.Role;
}

/** Defines the Lambda functions of the custom resources, and the CDK's provider framework, which calls them until the builds are complete. */
export function defineDeployProvider(scope: Construct, props: DeployProviderProps): DeployProvider {
  const handlerLogs = defineLogGroup(scope, 'Logs', props.logOptions);
  const times = deployTimes(props.longestBuild);
  const fips: { [name: string]: string } = props.fips ? { [FIPS_VARIABLE]: 'true' } : {};
  const code = handlersCode();
  const network = props.network && defineNetwork(scope, props.network);
  const shared = { runtime: lambda.Runtime.NODEJS_22_X, code, memorySize: MEMORY_MEGABYTES, logGroup: handlerLogs, ...network };
  const onEventRole = defineOnEventRole(scope, 'OnEventRole', { ...props, handlerLogs, isInVpc: network !== undefined });
  const onEventHandler = new lambda.Function(scope, 'OnEvent', {
    ...shared,
    description: 'Starts builds that mirror images when they are deployed',
    handler: HANDLERS.ON_EVENT,
    role: onEventRole,
    timeout: times.start.plus(Duration.minutes(ON_EVENT_RESERVE_MINUTES)),
    environment: {
      ...fips,
      [HANDLER_ENVIRONMENT.PROJECT]: props.project.projectName,
      [HANDLER_ENVIRONMENT.LONGEST_BUILD_MINUTES]: String(Math.min(times.wait.toMinutes(), props.longestBuild.toMinutes())),
      [HANDLER_ENVIRONMENT.START_MINUTES]: String(times.start.toMinutes()),
    },
  });
  const isCompleteRole = defineIsCompleteRole(scope, 'IsCompleteRole', { ...props, handlerLogs, isInVpc: network !== undefined });
  const isCompleteHandler = new lambda.Function(scope, 'IsComplete', {
    ...shared,
    description: 'Follows builds that mirror images when they are deployed',
    handler: HANDLERS.IS_COMPLETE,
    role: isCompleteRole,
    timeout: IS_COMPLETE_TIMEOUT,
    environment: { ...fips, [HANDLER_ENVIRONMENT.WAIT_MINUTES]: String(times.wait.toMinutes()) },
  });
  const handlers = { onEventHandler, isCompleteHandler };
  for (const handler of Object.values(handlers)) suppressRuntime(handler);
  const { serviceToken } = defineFramework(scope, { ...handlers, totalTimeout: times.total, logGroup: handlerLogs, ...network });
  return { serviceToken, onEventRole, isCompleteRole };
}

/** All functions share one security group. By default, the CDK would define one for each function. */
function defineNetwork(scope: Construct, { vpc, vpcSubnets, securityGroups }: FunctionNetwork): FunctionNetwork {
  warnAboutFunctionNetwork(scope, vpc, vpcSubnets);
  const description = 'Functions that mirror images when they are deployed';
  return { vpc, vpcSubnets, securityGroups: securityGroups ?? [new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, description })] };
}

/** The properties of the provider framework, with the log group of the library. */
interface FrameworkProps extends custom_resources.ProviderProps {
  readonly logGroup: logs.ILogGroup;
}

/** Defines the provider framework with own roles, because its default roles have a managed policy. The framework adds the permissions to them. */
function defineFramework(scope: Construct, props: FrameworkProps): custom_resources.Provider {
  const role = (id: string, name: string) => defineHandlerRole(scope, id, `CDK provider framework: ${name}`, {
    handlerLogs: props.logGroup, isInVpc: props.vpc !== undefined, statements: [],
  });
  const frameworkOnEventRole = role('FrameworkOnEventRole', 'onEvent');
  const frameworkCompleteAndTimeoutRole = role('FrameworkIsCompleteRole', 'isComplete and onTimeout');
  const roles = { frameworkOnEventRole, frameworkCompleteAndTimeoutRole };
  const provider = new custom_resources.Provider(scope, 'Provider', { ...props, ...roles, queryInterval: QUERY_INTERVAL });
  for (const part of [provider, frameworkOnEventRole, frameworkCompleteAndTimeoutRole]) suppressFrameworkFindings(part);
  return provider;
}

/** The time limits of mirroring in a deployment. */
export interface DeployTimes {
  /** The time limit for starting builds, with retries. */
  readonly start: Duration;
  /** The time limit for waiting for started builds. */
  readonly wait: Duration;
  /** Both limits together, plus the time to report an error. */
  readonly total: Duration;
}

/** The queue of an account usually has room again within minutes. */
const START_MINUTES = 8;

/** The time that a started build can be in the queue. */
const QUEUE_MINUTES = 10;

const RESERVE_MINUTES = 2;

/**
 * The default timeout of CloudFormation for a custom resource. After it, the deployment fails without a reason.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
 */
const MAX_TOTAL_MINUTES = 60;

/** The time limits for a mirror: the time that its builds need, but not more than CloudFormation allows. */
function deployTimes(longestBuild: Duration): DeployTimes {
  const buildMinutes = Math.ceil(longestBuild.toMinutes({ integral: false }));
  const total = Math.min(MAX_TOTAL_MINUTES, START_MINUTES + QUEUE_MINUTES + buildMinutes + RESERVE_MINUTES);
  const wait = total - START_MINUTES - RESERVE_MINUTES;
  return { start: Duration.minutes(START_MINUTES), wait: Duration.minutes(wait), total: Duration.minutes(total) };
}
