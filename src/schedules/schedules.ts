import { Annotations, Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Timetable } from './schedule-interval';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/image-reference';
import { startBuildStatements } from '../project/start-build-statements';
import { onSynthesis } from '../synthesis/aspects';

/** Defines the queue that takes the runs which could not be started for a day. */
export function defineDeadLetterQueue(scope: Construct, id: string): sqs.Queue {
  return new sqs.Queue(scope, id, { enforceSSL: true, encryption: sqs.QueueEncryption.SQS_MANAGED, retentionPeriod: Duration.days(14) });
}

/** What all schedules of a mirror have in common. */
export interface MirrorScheduleContext {
  readonly project: codebuild.IProject;
  readonly role: iam.Role;
  readonly scheduleGroup: scheduler.IScheduleGroup;
  readonly deadLetterQueue: sqs.IQueue;
  readonly startTimes: StartTimes;
  /** Those of all schedules that were defined. */
  readonly timetables: Timetable[];
}

/** When to mirror what. */
export interface MirrorScheduleProps {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly description: string;
  /** Asked when the template is rendered, so that what is chosen later counts. */
  readonly variables: () => RunVariables;
}

/** EventBridge Scheduler takes so many characters. */
const LONGEST_DESCRIPTION = 512;

/** How long a build that could not be started is tried again: a day, which is the most that there is. */
const RETRY_POLICY = { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 };

/**
 * Defines the schedule that starts a build for one image.
 *
 * There may be a thousand, all alike. So they are plain resources of CloudFormation: the CDK's `Schedule` around each, whose target would state
 * permissions that the role has already, is a fifth of the time that an image takes at synthesis.
 */
export function defineMirrorSchedule(
  scope: Construct, id: string, context: MirrorScheduleContext, props: MirrorScheduleProps,
): scheduler.CfnSchedule {
  context.startTimes.add(props.schedule, props.timeWindow);
  context.timetables.push(props);
  const environmentVariablesOverride = Lazy.any({ produce: () => overrides(props.variables()) });
  // Where the `Schedule` would have it: another path would be another logical id.
  return new scheduler.CfnSchedule(new Construct(scope, id), 'Resource', {
    description: props.description.slice(0, LONGEST_DESCRIPTION),
    scheduleExpression: props.schedule.expressionString,
    scheduleExpressionTimezone: props.schedule.timeZone?.timezoneName,
    flexibleTimeWindow: { mode: props.timeWindow.mode, maximumWindowInMinutes: props.timeWindow.maxWindow?.toMinutes() },
    groupName: context.scheduleGroup.scheduleGroupName,
    state: 'ENABLED',
    target: {
      arn: context.project.projectArn,
      roleArn: context.role.roleArn,
      deadLetterConfig: { arn: context.deadLetterQueue.queueArn },
      retryPolicy: RETRY_POLICY,
      input: Stack.of(scope).toJsonString({ environmentVariablesOverride }),
    },
  });
}

function overrides(variables: RunVariables) {
  return Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, type: 'PLAINTEXT', value }));
}

/** What schedules start, and where they leave what could not be started. */
export interface SchedulerRoleProps {
  readonly project: codebuild.IProject;
  readonly scheduleGroup: scheduler.IScheduleGroup;
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Defines the one role of all the mirror's schedules. Its policy stays the same however many there are.
 */
export function defineSchedulerRole(scope: Construct, id: string, props: SchedulerRoleProps): iam.Role {
  return new iam.Role(scope, id, {
    description: 'Schedules that start the builds that mirror images',
    // @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account, 'aws:SourceArn': props.scheduleGroup.scheduleGroupArn } },
    }),
    inlinePolicies: {
      StartBuild: new iam.PolicyDocument({
        statements: [
          ...startBuildStatements({ project: props.project, variables: Object.values(RUN_ENVIRONMENT) }),
          new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [props.deadLetterQueue.queueArn] }),
        ],
      }),
    },
  });
}

/**
 * An account takes about so many builds in its queue, whatever their project. Service Quotas lists no such limit;
 * CodeBuild says "Cannot have more than 30 builds in queue for the account".
 */
const MOST_QUEUED_BUILDS = 30;

/** The schedules that start at the same time. */
interface SimultaneousSchedules {
  readonly expression: string;
  count: number;
  /** How many of them start in each minute of their windows, about. */
  startsPerMinute: number;
}

/**
 * When the schedules of a mirror start builds. Warns when so many start in one minute that an account's queue would not take them:
 * a build that finds nothing new takes about that long.
 */
export class StartTimes {
  private readonly schedules = new Map<string, SimultaneousSchedules>();

  /** @param project the project whose builds start */
  constructor(project: Construct) {
    // On the project, so that whoever acknowledges the warning on the mirror silences it, as with the budget of Docker Hub.
    onSynthesis(project, () => this.warn(project));
  }

  /** Counts one more schedule. */
  public add({ expressionString, timeZone }: scheduler.ScheduleExpression, timeWindow: scheduler.TimeWindow): void {
    const expression = timeZone === undefined ? expressionString : `${expressionString} ${timeZone.timezoneName}`;
    const same = this.schedules.get(expression) ?? { expression, count: 0, startsPerMinute: 0 };
    same.count++;
    same.startsPerMinute += 1 / windowMinutes(timeWindow);
    this.schedules.set(expression, same);
  }

  private warn(project: Construct): void {
    const crowded = [...this.schedules.values()].filter(({ startsPerMinute }) => startsPerMinute > MOST_QUEUED_BUILDS);
    if (crowded.length === 0) return;
    const times = crowded.map(({ expression, count, startsPerMinute }) => `${count} at ${quote(expression)}, about ${Math.round(startsPerMinute)} in a minute`);
    const most = Math.max(...crowded.map(({ count }) => count));
    Annotations.of(project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.startTimes',
      `too many schedules start builds at the same time (${times.join('; ')}), and an account takes about ${MOST_QUEUED_BUILDS} builds in its queue; `
      + `set timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(${windowFor(most)})), or choose other times for some of them`,
    );
  }
}

/** The window that starts so many builds at half the pace of the limit: chance alone makes some minutes twice as full as others. */
function windowFor(schedules: number): number {
  return Math.min(LONGEST_WINDOW, Math.ceil(schedules / (MOST_QUEUED_BUILDS / 2)));
}

/** A day, in minutes. */
const LONGEST_WINDOW = 1_440;

function windowMinutes({ maxWindow }: scheduler.TimeWindow): number {
  return maxWindow === undefined || maxWindow.isUnresolved() ? 1 : Math.max(1, maxWindow.toMinutes());
}
