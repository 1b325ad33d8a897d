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

const MINUTES_PER_DAY = 24 * 60;

/** A cron expression with runs on each day, or on the same days of each week. */
const WEEKLY = /^cron\(\S+ \S+ (?:\* \* \?|\? \* (\S+)) \*\)$/;
const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** The longest pause between the runs of a schedule, in hours; `undefined` for a `cron` expression with days of the month, months, or years. */
export function longestPauseHours(schedule: Pick<scheduler.ScheduleExpression, 'expressionString'>): number | undefined {
  const { expressionString } = schedule;
  const weekly = WEEKLY.exec(expressionString);
  if (weekly === null) return hoursBetweenRuns(schedule);
  const starts = daysOf(weekly[1] ?? '*').flatMap((day) => startsOf(expressionString).map((start) => day * MINUTES_PER_DAY + start));
  if (starts.length === 0) return undefined;
  return Math.max(...starts.map((start, index) => (starts[index + 1] ?? starts[0] + 7 * MINUTES_PER_DAY) - start)) / 60;
}

/** The days of the week in a cron field, from 0 for Sunday: `MON-FRI`, `2,4`, `*`. Empty when the field has another form. */
function daysOf(field: string): number[] {
  const numbers = field.toUpperCase().replace(/[A-Z]{3}/g, (name) => String(DAY_NAMES.indexOf(name) + 1));
  return cronValues(numbers, 8).filter((day) => day > 0).map((day) => day - 1);
}

/** The times of the day at which runs start, in minutes. Those of a rate are only correct relative to each other. */
export function startsOf(expression: string): number[] {
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
