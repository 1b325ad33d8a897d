import { Duration, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as custom_resources from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { defineHandlerRole, defineIsCompleteRole, defineOnEventRole } from './handler-roles';
import { HANDLER_ENVIRONMENT } from '../image/contract/custom-resource';
import { HANDLERS, handlersCode } from '../project/program-assets';
import { suppressFrameworkFindings } from '../synthesis/nag-suppressions';

/** What the functions behind the custom resources need. */
export interface DeployProviderProps {
  readonly project: codebuild.IProject;
  /** The log group of builds. */
  readonly buildLogs: logs.ILogGroup;
  /** How long the logs of the functions are kept. */
  readonly logRetention: logs.RetentionDays;
  /** How long a build may take. */
  readonly longestBuild: Duration;
  /** The stacks that have a custom resource, asked when all were defined. */
  readonly stacks: () => Iterable<Stack>;
}

const QUERY_INTERVAL = Duration.seconds(10);

/** How much longer than its work a function may take, to say how it ended. */
const ON_EVENT_RESERVE_MINUTES = 2;
const IS_COMPLETE_TIMEOUT = Duration.minutes(2);

/** Enough to load the AWS SDK without waiting for the processor, which Lambda measures out by the memory. */
const MEMORY_MEGABYTES = 256;

/** The functions behind a mirror's custom resources. */
export interface DeployProvider {
  /** What custom resources name them by. */
  readonly serviceToken: string;
  /** The role of the function that starts builds. */
  readonly onEventRole: iam.Role;
  /** The role of the function that follows builds. */
  readonly isCompleteRole: iam.Role;
}

/** Defines the functions behind a mirror's custom resources, and the CDK's framework that calls them until builds are done. */
export function defineDeployProvider(scope: Construct, props: DeployProviderProps): DeployProvider {
  const handlerLogs = new logs.LogGroup(scope, 'Logs', { retention: props.logRetention });
  const times = deployTimes(props.longestBuild);
  const code = handlersCode();
  const shared = { runtime: lambda.Runtime.NODEJS_22_X, code, memorySize: MEMORY_MEGABYTES, logGroup: handlerLogs };
  const onEventRole = defineOnEventRole(scope, 'OnEventRole', { ...props, handlerLogs });
  const onEventHandler = new lambda.Function(scope, 'OnEvent', {
    ...shared,
    description: 'Starts builds that mirror images when they are deployed',
    handler: HANDLERS.ON_EVENT,
    role: onEventRole,
    timeout: times.start.plus(Duration.minutes(ON_EVENT_RESERVE_MINUTES)),
    environment: {
      [HANDLER_ENVIRONMENT.PROJECT]: props.project.projectName,
      [HANDLER_ENVIRONMENT.LONGEST_BUILD_MINUTES]: String(Math.min(times.wait.toMinutes(), props.longestBuild.toMinutes())),
      [HANDLER_ENVIRONMENT.START_MINUTES]: String(times.start.toMinutes()),
    },
  });
  const isCompleteRole = defineIsCompleteRole(scope, 'IsCompleteRole', { ...props, handlerLogs });
  const isCompleteHandler = new lambda.Function(scope, 'IsComplete', {
    ...shared,
    description: 'Follows builds that mirror images when they are deployed',
    handler: HANDLERS.IS_COMPLETE,
    role: isCompleteRole,
    timeout: IS_COMPLETE_TIMEOUT,
    environment: { [HANDLER_ENVIRONMENT.WAIT_MINUTES]: String(times.wait.toMinutes()) },
  });
  const { serviceToken } = defineFramework(scope, { onEventHandler, isCompleteHandler, totalTimeout: times.total, logGroup: handlerLogs });
  return { serviceToken, onEventRole, isCompleteRole };
}

/** The framework's functions with roles of ours, so that none has a managed policy; what they may call, the framework itself adds. */
function defineFramework(scope: Construct, props: custom_resources.ProviderProps): custom_resources.Provider {
  const role = (id: string, name: string) => defineHandlerRole(scope, id, `CDK provider framework: ${name}`, props.logGroup!, []);
  const frameworkOnEventRole = role('FrameworkOnEventRole', 'onEvent');
  const frameworkCompleteAndTimeoutRole = role('FrameworkIsCompleteRole', 'isComplete and onTimeout');
  const provider = new custom_resources.Provider(scope, 'Provider', { ...props, queryInterval: QUERY_INTERVAL, frameworkOnEventRole, frameworkCompleteAndTimeoutRole });
  for (const part of [provider, frameworkOnEventRole, frameworkCompleteAndTimeoutRole]) suppressFrameworkFindings(part);
  return provider;
}

/** How long each part of mirroring in a deployment may take. */
export interface DeployTimes {
  /** How long to try to start builds. */
  readonly start: Duration;
  /** How long to wait for builds that were started. */
  readonly wait: Duration;
  /** Both together, and a reserve to say what went wrong. */
  readonly total: Duration;
}

/** A full queue empties in minutes, or not at all. */
const START_MINUTES = 8;

/** How long a build that was started may be queued. */
const QUEUE_MINUTES = 10;

const RESERVE_MINUTES = 2;

/**
 * CloudFormation waits so long for a custom resource, and then knows no reason.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
 */
const LONGEST_MINUTES = 60;

/** The times of a mirror whose builds may take so long: what they need, and no more than CloudFormation gives. */
export function deployTimes(longestBuild: Duration): DeployTimes {
  const total = Math.min(LONGEST_MINUTES, START_MINUTES + QUEUE_MINUTES + Math.ceil(longestBuild.toMinutes({ integral: false })) + RESERVE_MINUTES);
  return { start: Duration.minutes(START_MINUTES), wait: Duration.minutes(total - START_MINUTES - RESERVE_MINUTES), total: Duration.minutes(total) };
}
