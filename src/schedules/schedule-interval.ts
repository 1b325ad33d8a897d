import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';

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
function hoursBetweenRuns({ expressionString }: scheduler.ScheduleExpression): number | undefined {
  const [, value, unit] = /^rate\(([1-9][0-9]*) (minute|hour|day)s?\)$/.exec(expressionString) ?? [];
  return unit === undefined ? undefined : Number(value) * HOURS[unit as keyof typeof HOURS];
}

function hoursOf({ mode, maxWindow = MAX_WINDOW }: scheduler.TimeWindow): number {
  if (mode === 'OFF') return 0;
  return (maxWindow.isUnresolved() ? MAX_WINDOW : maxWindow).toHours({ integral: false });
}
