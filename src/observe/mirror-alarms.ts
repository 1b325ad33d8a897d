import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { HeldAlarmOptions, MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { quote } from '../image/sanitize';
import { hoursUntilStale, MAX_LOOK_BACK, Timetable } from '../schedules/timetable';

/** The runbook with a procedure for each alarm. */
export const RUNBOOK_URL = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md';

/** The anchor of each alarm's heading in the runbook. */
const RUNBOOK_ANCHORS: Readonly<Record<MirrorAlarm, string>> = {
  [MirrorAlarm.FAILED]: 'a-run-failed',
  [MirrorAlarm.STALE]: 'an-image-is-stale',
  [MirrorAlarm.TAG_MOVED]: 'a-fixed-tag-moved',
  [MirrorAlarm.RATE_LIMITED]: 'a-registry-limits-the-rate',
  [MirrorAlarm.NOT_STARTED]: 'a-run-was-not-started',
  [MirrorAlarm.HELD]: 'an-image-is-held',
};

/**
 * The options of metrics that alarms watch. With a period of one hour, several failures within an hour send one notification, and a failure after
 * an hour without failures sends another.
 */
export const HOURLY_SUM: cloudwatch.MetricOptions = { period: Duration.hours(1), statistic: cloudwatch.Stats.SUM };

/** The options of a metric with values that do not add up. */
export const HOURLY_MAXIMUM: cloudwatch.MetricOptions = { ...HOURLY_SUM, statistic: cloudwatch.Stats.MAXIMUM };

/** Properties of an alarm that counts. */
export interface CountAlarmProps {
  readonly kind: MirrorAlarm;
  readonly metric: cloudwatch.IMetric;
  /** The problem when the alarm goes off: a sentence without its period. */
  readonly meaning: string;
  /** The value from which the alarm goes off. Default: 1. */
  readonly threshold?: number;
}

/** Defines an alarm that goes off when a metric counts something. */
export function defineCountAlarm(scope: Construct, id: string, props: CountAlarmProps, options: MirrorAlarmOptions): cloudwatch.Alarm {
  const { kind, metric, meaning, threshold = 1 } = props;
  return new cloudwatch.Alarm(scope, id, {
    alarmName: options.alarmName,
    alarmDescription: formatDescription(kind, meaning),
    metric,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}

/** Properties of an alarm for images that are held for too long. */
export interface HeldAlarmProps {
  /** The hours for which images are held. */
  readonly heldHours: cloudwatch.IMetric;
  /** The name of the mirror or image in texts. */
  readonly name: string;
}

/** The time after which the alarm goes off by default. */
const HELD_AFTER = Duration.days(7);

/**
 * Defines an alarm that goes off when images of a tag are held for too long.
 *
 * @throws Error when `heldAfter` is not valid
 */
export function defineHeldAlarm(scope: Construct, id: string, { heldHours, name }: HeldAlarmProps, options: HeldAlarmOptions): cloudwatch.Alarm {
  const { heldAfter = HELD_AFTER } = options;
  requireWholeHours('heldAfter', heldAfter, MAX_HELD_AFTER);
  const meaning = `New images of a tag of ${name} are held for ${heldAfter.toHours()} hours or more`;
  return defineCountAlarm(scope, id, { kind: MirrorAlarm.HELD, metric: heldHours, meaning, threshold: heldAfter.toHours() }, options);
}

/** Properties of an alarm for missing successes. */
export interface StaleAlarmProps {
  /** Counts successes: 0 without a success, and no value before the first success. */
  readonly succeeded: cloudwatch.IMetric;
  /** The name of the mirror or image in texts. */
  readonly name: string;
  /** The enabled schedules of all images, read at synthesis. Without any, the alarm stays off. */
  readonly timetables: () => readonly Timetable[];
}

/**
 * Defines an alarm that goes off when no success was counted for many hours.
 *
 * A metric filter cannot count the time since the last success, because nothing is logged during that time. So the alarm watches for missing
 * successes: it goes off when enough consecutive hours have none. Hours without any value breach too, so it is in alarm until the first success.
 *
 * @throws Error when `staleAfter` is not valid; at synthesis when it is missing and the schedule has no default
 */
export function defineStaleAlarm(scope: Construct, id: string, props: StaleAlarmProps, options: StaleAlarmOptions): cloudwatch.Alarm {
  const { alarmName, staleAfter } = options;
  if (staleAfter !== undefined) requireWholeHours('staleAfter', staleAfter, MAX_STALE_AFTER);
  const isExpected = () => props.timetables().length > 0;
  const hours = () => isExpected() ? staleAfter?.toHours() ?? fewestHours(props.timetables()) : 1;
  const off = `This alarm stays off, because ${props.name} has no enabled schedule`;
  const meaning = () => isExpected() ? `No run of ${props.name} succeeded for ${hours()} hours` : off;
  const alarm = new cloudwatch.Alarm(scope, id, {
    alarmName,
    alarmDescription: Lazy.string({ produce: () => formatDescription(MirrorAlarm.STALE, meaning()) }),
    metric: props.succeeded,
    threshold: 1,
    evaluationPeriods: Lazy.number({ produce: hours }),
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
  stayOffUnless(isExpected, alarm);
  alarm.node.addValidation({ validate: () => hours() === undefined ? [staleAfterProblem(props)] : [] });
  return alarm;
}

/** Lets an alarm for missing successes stay off if no schedule is enabled at synthesis. The number of successes is never below 0. */
function stayOffUnless(isExpected: () => boolean, alarm: cloudwatch.Alarm): void {
  const resource = alarm.node.defaultChild as cloudwatch.CfnAlarm;
  const { treatMissingData } = resource;
  resource.threshold = Lazy.number({ produce: () => isExpected() ? 1 : 0 });
  resource.treatMissingData = Lazy.string({ produce: () => isExpected() ? treatMissingData : cloudwatch.TreatMissingData.NOT_BREACHING });
}

function formatDescription(kind: MirrorAlarm, meaning: string): string {
  return `${meaning}. ${RUNBOOK_URL}#${RUNBOOK_ANCHORS[kind]}`;
}

function fewestHours(timetables: readonly Timetable[]): number | undefined {
  const known = timetables.flatMap((timetable) => hoursUntilStale(timetable) ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

function staleAfterProblem({ name, timetables }: StaleAlarmProps): string {
  const schedules = [...new Set(timetables().map(({ schedule }) => schedule.expressionString))].map(quote).join(', ');
  return `the stale alarm of ${name} has no default for the schedule ${schedules}; set staleAfter, for example Duration.days(3), at most 7 days; `
    + 'or omit the alarm: with notify(), remove MirrorAlarm.STALE from alarms';
}

/** The longest time of an option, with the reason. */
interface LongestTime {
  readonly maximum: Duration;
  readonly reason: string;
}

const MAX_STALE_AFTER: LongestTime = { maximum: MAX_LOOK_BACK, reason: 'a CloudWatch alarm looks back no further' };
/** The time is read from markers in quarantine, which exist for 30 days at least. Two days are left for runs that start late. */
const MAX_HELD_AFTER: LongestTime = { maximum: Duration.days(28), reason: 'the records of held images expire after 30 days' };

function requireWholeHours(option: string, time: Duration, { maximum, reason }: LongestTime): void {
  const hours = time.isUnresolved() ? NaN : time.toHours({ integral: false });
  if (Number.isInteger(hours) && hours >= 1 && hours <= maximum.toHours()) return;
  throw new Error(`${option} ${time.isUnresolved() ? '(a token)' : quote(time.toHumanString())} must be whole hours, `
    + `from 1 hour to ${maximum.toDays()} days (${reason}); use for example Duration.days(3)`);
}
