import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';

/** When runs mirror an image, as far as its checks depend on it. */
export interface RunTimes {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly scheduled: boolean;
}

const HOURS = { minute: 1 / 60, hour: 1, day: 24 } as const;

/** The number of hours between the runs of a schedule; `undefined` for a `cron` expression, in which the longest pause depends on the calendar. */
export function hoursBetweenRuns({ expressionString }: Pick<scheduler.ScheduleExpression, 'expressionString'>): number | undefined {
  const [, value, unit] = /^rate\(([1-9][0-9]*) (minute|hour|day)s?\)$/.exec(expressionString) ?? [];
  return unit === undefined ? undefined : Number(value) * HOURS[unit as keyof typeof HOURS];
}

/** The longest window that EventBridge Scheduler allows. It is assumed where the window is not known. */
const MAX_WINDOW = Duration.days(1);

/** The number of hours by which a time window can delay the start of a run. */
export function windowHours({ mode, maxWindow = MAX_WINDOW }: scheduler.TimeWindow): number {
  if (mode === 'OFF') return 0;
  return (maxWindow.isUnresolved() ? MAX_WINDOW : maxWindow).toHours({ integral: false });
}
