import { createHash } from 'node:crypto';
import { Annotations, Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/sanitize';
import { startBuildStatements } from '../project/start-build-statements';
import { onSynthesis } from '../synthesis/aspects';
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
  private readonly startTimes: StartTimes;

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
    this.startTimes = new StartTimes(project);
  }

  /**
   * Defines a schedule that starts a build.
   *
   * A fleet may have a thousand schedules, so they are CloudFormation resources. The CDK's `Schedule` construct would also add permissions that the
   * role already has, and would take a fifth of the synthesis time of each image.
   */
  public define(scope: Construct, id: string, props: MirrorScheduleProps): scheduler.CfnSchedule {
    this.startTimes.add(props);
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

/**
 * An account queues about this number of builds, over all projects. Service Quotas does not list the limit.
 * CodeBuild reports "Cannot have more than 30 builds in queue for the account".
 */
const MAX_QUEUED_BUILDS = 30;

/** The schedules that start at the same time. */
interface SimultaneousSchedules {
  readonly expression: string;
  count: number;
  /** The average number of starts in each minute of their windows. */
  startsPerMinute: number;
}

/**
 * The start times of all schedules of a mirror. They cause a warning when more builds start in one minute than an account can queue:
 * a build that finds nothing new takes about one minute.
 */
class StartTimes {
  private readonly schedules = new Map<string, SimultaneousSchedules>();

  /** @param project the project whose builds start */
  constructor(project: Construct) {
    // The warning is on the project, because acknowledging a warning on the mirror covers the constructs below it, but not the mirror itself.
    onSynthesis(project, () => this.warn(project));
  }

  public add({ schedule: { expressionString, timeZone }, timeWindow }: Timetable): void {
    const expression = timeZone === undefined ? expressionString : `${expressionString} ${timeZone.timezoneName}`;
    const same = this.schedules.get(expression) ?? { expression, count: 0, startsPerMinute: 0 };
    same.count++;
    same.startsPerMinute += 1 / windowMinutes(timeWindow);
    this.schedules.set(expression, same);
  }

  private warn(project: Construct): void {
    const crowded = [...this.schedules.values()].filter(({ startsPerMinute }) => startsPerMinute > MAX_QUEUED_BUILDS);
    if (crowded.length === 0) return;
    const times = crowded.map(({ expression, count, startsPerMinute }) => {
      return `${count} at ${quote(expression)}, about ${Math.round(startsPerMinute)} in a minute`;
    });
    const most = Math.max(...crowded.map(({ count }) => count));
    Annotations.of(project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.startTimes',
      `too many schedules start builds at the same time (${times.join('; ')}), but an account queues about ${MAX_QUEUED_BUILDS} builds; `
      + `set timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(${windowFor(most)})), or choose other times for some of them`,
    );
  }
}

/** The window in which builds start at half the rate of the limit. Start times are random, so some minutes have twice as many starts as others. */
function windowFor(schedules: number): number {
  return Math.min(MAX_WINDOW_MINUTES, Math.ceil(schedules / (MAX_QUEUED_BUILDS / 2)));
}

/** One day. */
const MAX_WINDOW_MINUTES = 1_440;

function windowMinutes({ maxWindow }: scheduler.TimeWindow): number {
  return maxWindow === undefined || maxWindow.isUnresolved() ? 1 : Math.max(1, maxWindow.toMinutes());
}

/** The times at which a schedule starts builds. */
export interface Timetable {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
}

/** A single missed run can have a transient cause. Three in a row need attention. */
const MAX_MISSED_RUNS = 3;

/**
 * An alarm with periods of one hour evaluates at most seven days.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export const MAX_LOOK_BACK = Duration.days(7);

/** The longest window that EventBridge Scheduler allows. It is assumed where the window is not known. */
const MAX_WINDOW = Duration.days(1);

/** The duration of a run. */
const RUN_HOURS = 1;

/**
 * The number of hours without a success after which an image is stale: three missed runs, or fewer where an alarm cannot evaluate that much time.
 *
 * @returns undefined when the interval between runs is not known, or is too long for an alarm
 */
export function hoursUntilStale({ schedule, timeWindow }: Timetable): number | undefined {
  const interval = hoursBetweenRuns(schedule);
  if (interval === undefined) return undefined;
  const late = hoursOf(timeWindow) + RUN_HOURS;
  const runs = Math.min(MAX_MISSED_RUNS, Math.floor((MAX_LOOK_BACK.toHours() - late) / interval));
  return runs === 0 ? undefined : Math.ceil(runs * interval + late);
}

const HOURS = { minute: 1 / 60, hour: 1, day: 24 } as const;

/** `undefined` for a `cron` expression: its longest pause depends on the calendar. */
function hoursBetweenRuns({ expressionString }: Pick<scheduler.ScheduleExpression, 'expressionString'>): number | undefined {
  const [, value, unit] = /^rate\(([1-9][0-9]*) (minute|hour|day)s?\)$/.exec(expressionString) ?? [];
  return unit === undefined ? undefined : Number(value) * HOURS[unit as keyof typeof HOURS];
}

function hoursOf({ mode, maxWindow = MAX_WINDOW }: scheduler.TimeWindow): number {
  if (mode === 'OFF') return 0;
  return (maxWindow.isUnresolved() ? MAX_WINDOW : maxWindow).toHours({ integral: false });
}

const MINUTES_PER_DAY = 24 * 60;

/**
 * The part of a day with one run of the schedule, as the variable `LATE_REFERRERS` has it: `06:00-12:00`, or `08:00-18:00 Europe/Berlin`.
 *
 * @param path chooses the run, so that the schedules of a mirror choose different ones
 * @returns undefined when the schedule has at most one run a day, and when its runs are not known
 */
export function lateReferrersWindow({ expressionString, timeZone }: scheduler.ScheduleExpression, path: string): string | undefined {
  const starts = startsOf(expressionString);
  if (starts.length < 2) return undefined;
  const index = createHash('sha256').update(path).digest().readUInt32BE() % starts.length;
  const isRate = expressionString.startsWith('rate(');
  const end = isRate ? starts[index] + (starts[1] - starts[0]) : starts[(index + 1) % starts.length];
  const window = `${formatTime(starts[index])}-${formatTime(end)}`;
  return isRate || timeZone === undefined ? window : `${window} ${timeZone.timezoneName}`;
}

/** The times of the day at which runs start, in minutes. Those of a rate are only correct relative to each other. */
function startsOf(expression: string): number[] {
  const [, minutes, hours] = /^cron\((\S+) (\S+) /.exec(expression) ?? [];
  if (minutes !== undefined) return cronValues(hours, 24).flatMap((hour) => cronValues(minutes, 60).map((minute) => hour * 60 + minute));
  const interval = Math.round((hoursBetweenRuns({ expressionString: expression }) ?? 24) * 60);
  return Array.from({ length: Math.floor(MINUTES_PER_DAY / interval) }, (_, index) => index * interval);
}

/** The values of a cron field below a limit: `*`, `8`, `8-18`, `0/6`, or a list of these. Empty when the field has another form. */
function cronValues(field: string, limit: number): number[] {
  const parts = field.split(',').map((part) => /^(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:\/([1-9][0-9]?))?$/.exec(part));
  if (parts.includes(null)) return [];
  const values = parts.flatMap((part) => {
    const [, first = '0', last, step] = part!;
    const to = last ?? (part![1] === undefined || step !== undefined ? limit - 1 : first);
    return Array.from({ length: limit }, (_, value) => value)
      .filter((value) => value >= Number(first) && value <= Number(to) && (value - Number(first)) % Number(step ?? 1) === 0);
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

function formatTime(minutes: number): string {
  const [hour, minute] = [Math.floor(minutes / 60) % 24, minutes % 60];
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
