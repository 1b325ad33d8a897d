import { Lazy } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RunVariables } from '../image/environment';

/** What all schedules of a mirror have in common. */
export interface MirrorScheduleContext {
  readonly project: codebuild.IProject;
  readonly role: iam.Role;
  readonly scheduleGroup: scheduler.IScheduleGroup;
  readonly deadLetterQueue: sqs.IQueue;
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

/** Defines the schedule that starts a build for one image. */
export function defineMirrorSchedule(scope: Construct, id: string, context: MirrorScheduleContext, props: MirrorScheduleProps): scheduler.Schedule {
  const environmentVariablesOverride = Lazy.any({ produce: () => overrides(props.variables()) });
  return new scheduler.Schedule(scope, id, {
    description: props.description.slice(0, LONGEST_DESCRIPTION),
    schedule: props.schedule,
    timeWindow: props.timeWindow,
    scheduleGroup: context.scheduleGroup,
    target: new targets.CodeBuildStartBuild(context.project, {
      role: context.role.withoutPolicyUpdates(),
      deadLetterQueue: context.deadLetterQueue,
      input: scheduler.ScheduleTargetInput.fromObject({ environmentVariablesOverride }),
    }),
  });
}

function overrides(variables: RunVariables) {
  return Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, type: 'PLAINTEXT', value }));
}
