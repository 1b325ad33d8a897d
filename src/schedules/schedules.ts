import { Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, IConstruct } from 'constructs';
import { GroupedSchedules, ImageScheduleProps, MirrorScheduleProps } from './grouped-schedules';
import { ImageRun } from './run-group';
import { buildOverrides, RETRY_POLICY, runStatements, RunStarters } from './run-starters';
import { warnAboutStartTimes } from './start-times';
import { lateReferrersWindow, Timetable } from './timetable';
import { MirrorRunOptions } from '../declarations/run-options';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { MirrorBuildOptions } from '../project/build-options';
import { schedulerKeyStatements } from '../project/operations-key';
import { pathInStage } from '../synthesis/environments';

/** EventBridge Scheduler allows this number of characters. */
const MAX_DESCRIPTION_LENGTH = 512;

/** The settings of the schedules of a mirror. */
export interface MirrorSchedulesProps {
  /** The options of the mirror. */
  readonly options: MirrorRunOptions & Pick<MirrorBuildOptions, 'operationsEncryptionKey'>;
  /** The project that the schedules start. */
  readonly project: codebuild.IProject;
  /** The time after which CodeBuild stops a build. */
  readonly longestBuild: Duration;
}

/** The schedules of one mirror, with their group, their role, and their dead-letter queue. */
export class MirrorSchedules {
  public readonly group: scheduler.ScheduleGroup;
  public readonly deadLetterQueue: sqs.Queue;
  /** The starters of runs in addition to schedules. */
  public readonly starters: RunStarters;
  private readonly project: codebuild.IProject;
  private readonly key?: kms.IKey;
  private readonly role: iam.Role;
  /** The timetables of the enabled schedules, by schedule. */
  private readonly timetablesOf = new Map<IConstruct, Timetable>();
  /** `undefined` when each image has a schedule of its own. */
  private readonly grouped?: GroupedSchedules;

  constructor(mirror: Construct, { options, project, longestBuild }: MirrorSchedulesProps) {
    this.project = project;
    this.key = options.operationsEncryptionKey;
    // By default, the CDK retains the group, and a new deployment of the app would fail because its name is taken.
    this.group = new scheduler.ScheduleGroup(mirror, 'Schedules', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetterQueue = new sqs.Queue(mirror, 'DeadLetterQueue', {
      enforceSSL: true,
      encryption: this.key === undefined ? sqs.QueueEncryption.SQS_MANAGED : sqs.QueueEncryption.KMS,
      encryptionMasterKey: this.key,
      retentionPeriod: Duration.days(14),
    });
    this.role = this.defineRole(mirror);
    this.starters = new RunStarters(mirror, project, this.deadLetterQueue);
    this.grouped = options.groupRuns ? new GroupedSchedules(mirror, this, longestBuild.toMinutes({ integral: false })) : undefined;
    warnAboutStartTimes(project, () => this.timetables);
  }

  /** The timetables of the enabled schedules. */
  public get timetables(): Timetable[] {
    return [...this.timetablesOf.values()];
  }

  /** Defines the schedule of an image, or adds the image to the schedule that it shares with others. */
  public addImage(image: Construct, run: ImageScheduleProps): void {
    if (this.grouped === undefined) this.define(image, 'Schedule', run);
    else this.grouped.add(Stack.of(image), run);
  }

  /** Notices that the variables of an image have changed. */
  public notice(run: ImageRun): void {
    this.grouped?.notice(run);
  }

  /**
   * Defines a schedule that starts a build.
   *
   * A fleet may have a thousand schedules, so they are CloudFormation resources. The CDK's `Schedule` construct would also add permissions that the
   * role already has, and would take a fifth of the synthesis time of each image.
   */
  public define(scope: Construct, id: string, props: MirrorScheduleProps): scheduler.CfnSchedule {
    const parent = new Construct(scope, id);
    if (props.enabled) this.timetablesOf.set(parent, props);
    const environmentVariablesOverride = Lazy.any({ produce: () => buildOverrides(scheduledVariables(props, pathInStage(scope))) });
    // The path is the path of the resource in a `Schedule`, because another path would change the logical id.
    return new scheduler.CfnSchedule(parent, 'Resource', {
      description: Lazy.string({ produce: () => props.description().slice(0, MAX_DESCRIPTION_LENGTH) }),
      scheduleExpression: props.schedule.expressionString,
      scheduleExpressionTimezone: props.schedule.timeZone?.timezoneName,
      flexibleTimeWindow: { mode: props.timeWindow.mode, maximumWindowInMinutes: props.timeWindow.maxWindow?.toMinutes() },
      groupName: this.group.scheduleGroupName,
      state: props.enabled ? 'ENABLED' : 'DISABLED',
      kmsKeyArn: this.key?.keyArn,
      target: {
        arn: this.project.projectArn,
        roleArn: this.role.roleArn,
        deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
        retryPolicy: RETRY_POLICY,
        input: Stack.of(scope).toJsonString({ environmentVariablesOverride }),
      },
    });
  }

  /** Removes a schedule from the template. */
  public remove(scope: Construct, id: string): void {
    this.timetablesOf.delete(scope.node.findChild(id));
    scope.node.tryRemoveChild(id);
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
            ...runStatements(this.project),
            new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetterQueue.queueArn] }),
            ...schedulerKeyStatements(Stack.of(mirror), { key: this.key, scheduleGroupName: this.group.scheduleGroupName }),
          ],
        }),
      },
    });
  }
}

/** The variables of a build that a schedule starts. A schedule with several runs a day looks for late referrers in one of them. */
function scheduledVariables({ schedule, variables }: MirrorScheduleProps, path: string): RunVariables {
  const all = variables();
  // An entry of a catalog can have referrers although the other entries have none.
  const hasReferrers = all[RUN_ENVIRONMENT.REFERRERS] === undefined || all[RUN_ENVIRONMENT.CATALOG] !== undefined;
  if (all[RUN_ENVIRONMENT.LATE_REFERRERS] !== undefined || !hasReferrers) return all;
  return { ...all, [RUN_ENVIRONMENT.LATE_REFERRERS]: lateReferrersWindow(schedule, path) };
}
