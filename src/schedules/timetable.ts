import { createHash } from 'node:crypto';
import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { hoursBetweenRuns, startsOf, windowHours } from '../declarations/run-interval';

/** The times at which a schedule starts builds. */
export interface Timetable {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
}

/** A timetable that can be switched off. */
export interface SwitchedTimetable extends Timetable {
  readonly enabled: boolean;
}

/** A single missed run can have a transient cause. Three in a row need attention. */
const MAX_MISSED_RUNS = 3;

/**
 * An alarm with periods of one hour evaluates at most seven days.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export const MAX_LOOK_BACK = Duration.days(7);

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
  const late = windowHours(timeWindow) + RUN_HOURS;
  const runs = Math.min(MAX_MISSED_RUNS, Math.floor((MAX_LOOK_BACK.toHours() - late) / interval));
  return runs === 0 ? undefined : Math.ceil(runs * interval + late);
}

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

function formatTime(minutes: number): string {
  const [hour, minute] = [Math.floor(minutes / 60) % 24, minutes % 60];
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
