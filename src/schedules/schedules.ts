import { Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { warnAboutStartTimes } from './start-times';
import { lateReferrersWindow, Timetable } from './timetable';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { startBuildStatements } from '../project/start-build-statements';
import { pathInStage } from '../synthesis/environments';

/** A schedule of a mirror, and the build that it starts. */
export interface MirrorScheduleProps extends Timetable {
  readonly description: string;
  /** The environment variables of the build. They are read when the template is rendered, so later choices count too. */
  readonly variables: () => RunVariables;
}

/** EventBridge Scheduler allows this number of characters. */
const MAX_DESCRIPTION_LENGTH = 512;

/** EventBridge Scheduler tries to start a build for one day, which is its maximum. */
const RETRY_POLICY = { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 };

/** The schedules of one mirror, with their group, their role, and their dead-letter queue. */
export class MirrorSchedules {
  public readonly group: scheduler.ScheduleGroup;
  public readonly deadLetterQueue: sqs.Queue;
  /** The timetables of all schedules. */
  public readonly timetables: Timetable[] = [];
  private readonly role: iam.Role;

  /** @param project the project that the schedules start */
  constructor(mirror: Construct, private readonly project: codebuild.IProject) {
    // By default, the CDK retains the group, and a new deployment of the app would fail because its name is taken.
    this.group = new scheduler.ScheduleGroup(mirror, 'Schedules', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetterQueue = new sqs.Queue(mirror, 'DeadLetterQueue', {
      enforceSSL: true,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    });
    this.role = this.defineRole(mirror);
    warnAboutStartTimes(project, () => this.timetables);
  }

  /**
   * Defines a schedule that starts a build.
   *
   * A fleet may have a thousand schedules, so they are CloudFormation resources. The CDK's `Schedule` construct would also add permissions that the
   * role already has, and would take a fifth of the synthesis time of each image.
   */
  public define(scope: Construct, id: string, props: MirrorScheduleProps): scheduler.CfnSchedule {
    this.timetables.push(props);
    const environmentVariablesOverride = Lazy.any({ produce: () => formatOverrides(scheduledVariables(props, pathInStage(scope))) });
    // The path is the path of the resource in a `Schedule`, because another path would change the logical id.
    return new scheduler.CfnSchedule(new Construct(scope, id), 'Resource', {
      description: props.description.slice(0, MAX_DESCRIPTION_LENGTH),
      scheduleExpression: props.schedule.expressionString,
      scheduleExpressionTimezone: props.schedule.timeZone?.timezoneName,
      flexibleTimeWindow: { mode: props.timeWindow.mode, maximumWindowInMinutes: props.timeWindow.maxWindow?.toMinutes() },
      groupName: this.group.scheduleGroupName,
      state: 'ENABLED',
      target: {
        arn: this.project.projectArn,
        roleArn: this.role.roleArn,
        deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
        retryPolicy: RETRY_POLICY,
        input: Stack.of(scope).toJsonString({ environmentVariablesOverride }),
      },
    });
  }

  /** All schedules have the same role. Its policy does not grow with their number. */
  private defineRole(mirror: Construct): iam.Role {
    return new iam.Role(mirror, 'SchedulerRole', {
      description: 'Schedules that start the builds that mirror images',
      // @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(mirror).account, 'aws:SourceArn': this.group.scheduleGroupArn } },
      }),
      inlinePolicies: {
        StartBuild: new iam.PolicyDocument({
          statements: [
            ...startBuildStatements({ project: this.project, variables: Object.values(RUN_ENVIRONMENT) }),
            new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetterQueue.queueArn] }),
          ],
        }),
      },
    });
  }
}

/** The variables of a build that a schedule starts. A schedule with several runs a day looks for late referrers in one of them. */
function scheduledVariables({ schedule, variables }: MirrorScheduleProps, path: string): RunVariables {
  const all = variables();
  if (all[RUN_ENVIRONMENT.LATE_REFERRERS] !== undefined || all[RUN_ENVIRONMENT.REFERRERS] !== undefined) return all;
  return { ...all, [RUN_ENVIRONMENT.LATE_REFERRERS]: lateReferrersWindow(schedule, path) };
}

function formatOverrides(variables: RunVariables) {
  return Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, type: 'PLAINTEXT', value }));
}
