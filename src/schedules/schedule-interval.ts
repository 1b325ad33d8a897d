import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';

/** When something runs. */
export interface Timetable {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
}

/** A run that is missed once may have met a passing trouble; three in a row are none. */
const MOST_MISSED_RUNS = 3;

/**
 * An alarm on periods of an hour looks back a week at most.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export const MAX_LOOK_BACK = Duration.days(7);

/** The longest window that a schedule may have, where it is not known. */
const LONGEST_WINDOW = Duration.days(1);

/** A run takes time itself. */
const HOURS_OF_A_RUN = 1;

/**
 * After how many hours without a success something is stale: three runs were missed, or as many as an alarm can look back on.
 *
 * @returns undefined when the interval between runs is not known, or is too long for an alarm
 */
export function hoursUntilStale({ schedule, timeWindow }: Timetable): number | undefined {
  const interval = hoursBetweenRuns(schedule);
  if (interval === undefined) return undefined;
  const late = hoursOf(timeWindow) + HOURS_OF_A_RUN;
  const runs = Math.min(MOST_MISSED_RUNS, Math.floor((MAX_LOOK_BACK.toHours() - late) / interval));
  return runs === 0 ? undefined : Math.ceil(runs * interval + late);
}

const HOURS = { minute: 1 / 60, hour: 1, day: 24 } as const;

/** Undefined for what is no rate: the longest pause of a `cron` expression is a matter of calendars. */
function hoursBetweenRuns({ expressionString }: scheduler.ScheduleExpression): number | undefined {
  const [, value, unit] = /^rate\(([1-9][0-9]*) (minute|hour|day)s?\)$/.exec(expressionString) ?? [];
  return unit === undefined ? undefined : Number(value) * HOURS[unit as keyof typeof HOURS];
}

function hoursOf({ mode, maxWindow = LONGEST_WINDOW }: scheduler.TimeWindow): number {
  if (mode === 'OFF') return 0;
  return (maxWindow.isUnresolved() ? LONGEST_WINDOW : maxWindow).toHours({ integral: false });
}
