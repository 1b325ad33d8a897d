import { Lazy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Timetable } from './observe/schedule-interval';
import { StartTimes } from './start-times';
import { RunVariables } from '../image/environment';

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
