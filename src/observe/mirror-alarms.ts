import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { quote } from '../image/sanitize';
import { hoursUntilStale, MAX_LOOK_BACK, Timetable } from '../schedules/schedule-interval';

/** Where the procedures are. */
export const RUNBOOK_URL = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md';

/** The heading of each alarm's procedure, as a link names it. */
const HEADINGS: Readonly<Record<MirrorAlarm, string>> = {
  [MirrorAlarm.FAILED]: 'a-run-failed',
  [MirrorAlarm.STALE]: 'an-image-is-stale',
  [MirrorAlarm.TAG_MOVED]: 'a-fixed-tag-moved',
  [MirrorAlarm.RATE_LIMITED]: 'a-registry-limits-the-rate',
  [MirrorAlarm.NOT_STARTED]: 'a-run-was-not-started',
};

/** An hour: a run that fails again an hour later rings again, and several that fail together ring once. */
const PERIOD = Duration.hours(1);

/** The options of metrics that alarms watch. */
export const COUNTED: cloudwatch.MetricOptions = { period: PERIOD, statistic: cloudwatch.Stats.SUM };

/** What an alarm watches. */
export interface AlarmSubject {
  readonly kind: MirrorAlarm;
  readonly metric: cloudwatch.IMetric;
  /** What it means that the alarm rings: a sentence without its full stop. */
  readonly meaning: string;
}

/** Defines an alarm that rings when something was counted. */
export function defineAlarm(scope: Construct, id: string, { kind, metric, meaning }: AlarmSubject, options: MirrorAlarmOptions): cloudwatch.Alarm {
  return new cloudwatch.Alarm(scope, id, {
    alarmName: options.alarmName,
    alarmDescription: `${meaning}. ${RUNBOOK_URL}#${HEADINGS[kind]}`,
    metric,
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}

/**
 * Lets an alarm watch what a metric has become when the template is rendered.
 *
 * @param metric metric math over metrics of the alarm's own account and Region
 */
export function watchLate(alarm: cloudwatch.Alarm, metric: () => cloudwatch.MathExpression): void {
  const resource = alarm.node.defaultChild as cloudwatch.CfnAlarm;
  resource.metrics = Lazy.any({ produce: () => queriesOf(metric()) });
}

function queriesOf({ expression, usingMetrics }: cloudwatch.MathExpression): cloudwatch.CfnAlarm.MetricDataQueryProperty[] {
  const watched = Object.entries(usingMetrics).map(([id, metric]) => {
    const { period, statistic, namespace, metricName, dimensions } = metric.toMetricConfig().metricStat!;
    return { id, metricStat: { metric: { namespace, metricName, dimensions }, period: period.toSeconds(), stat: statistic }, returnData: false };
  });
  return [{ id: 'expr_1', expression, returnData: true }, ...watched];
}

/** What must succeed again and again. */
export interface StaleSubject {
  /** Counts successes: 0 where there is none, and no value before the first. */
  readonly succeeded: cloudwatch.IMetric;
  /** What is stale. */
  readonly name: string;
  /** When it is to run, asked when all images were added. */
  readonly timetables: () => readonly Timetable[];
}

/**
 * Defines an alarm that rings when nothing was counted for long.
 *
 * No filter can count the time since the last success, for it passes while nothing is logged. So what is missing is what rings:
 * hours without a success breach, until as many in a row do. Before the first success that the alarm looks back on, nothing has a value.
 */
export function defineStaleAlarm(scope: Construct, id: string, subject: StaleSubject, options: StaleAlarmOptions): cloudwatch.Alarm {
  const { alarmName, staleAfter } = options;
  if (staleAfter !== undefined) refuseStaleAfter(staleAfter);
  const hours = () => staleAfter?.toHours() ?? shortest(subject.timetables());
  const alarm = new cloudwatch.Alarm(scope, id, {
    alarmName,
    alarmDescription: Lazy.string({ produce: () => `No run of ${subject.name} succeeded for ${hours()} hours. ${RUNBOOK_URL}#${HEADINGS[MirrorAlarm.STALE]}` }),
    metric: subject.succeeded,
    threshold: 1,
    evaluationPeriods: Lazy.number({ produce: hours }),
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
  // That there is nothing to mirror is an error of the mirror itself.
  alarm.node.addValidation({ validate: () => hours() === undefined && subject.timetables().length > 0 ? [unknown(subject)] : [] });
  return alarm;
}

function shortest(timetables: readonly Timetable[]): number | undefined {
  const known = timetables.flatMap((timetable) => hoursUntilStale(timetable) ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

function unknown({ name, timetables }: StaleSubject): string {
  const schedules = [...new Set(timetables().map(({ schedule }) => schedule.expressionString))].map(quote).join(', ');
  return `when ${name} is stale cannot be told from the schedule ${schedules}: set staleAfter, for example Duration.days(3), which is at most the seven days `
    + 'that an alarm looks back, or do without the alarm, in notify() by leaving MirrorAlarm.STALE out of its alarms';
}

function refuseStaleAfter(staleAfter: Duration): void {
  const hours = staleAfter.isUnresolved() ? NaN : staleAfter.toHours({ integral: false });
  if (Number.isInteger(hours) && hours >= 1 && hours <= MAX_LOOK_BACK.toHours()) return;
  throw new Error(`staleAfter ${staleAfter.isUnresolved() ? '(a token)' : quote(staleAfter.toHumanString())} must be whole hours, from one to the seven days `
    + 'that an alarm of CloudWatch looks back; write for example Duration.days(3)');
}
