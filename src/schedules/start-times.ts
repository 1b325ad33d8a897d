import { Annotations } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { Timetable } from './timetable';
import { quote } from '../image/sanitize';
import { onSynthesis } from '../synthesis/aspects';

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
 * Warns when more builds start in one minute than an account can queue. A build that finds nothing new takes about one minute.
 *
 * @param project the project of the builds
 * @param timetables the timetables of all schedules, read at synthesis
 */
export function warnAboutStartTimes(project: Construct, timetables: () => Iterable<Timetable>): void {
  // The warning is on the project, because acknowledging a warning on the mirror covers the constructs below it, but not the mirror itself.
  onSynthesis(project, () => warn(project, simultaneous(timetables())));
}

function simultaneous(timetables: Iterable<Timetable>): SimultaneousSchedules[] {
  const schedules = new Map<string, SimultaneousSchedules>();
  for (const { schedule: { expressionString, timeZone }, timeWindow } of timetables) {
    const expression = timeZone === undefined ? expressionString : `${expressionString} ${timeZone.timezoneName}`;
    const same = schedules.get(expression) ?? { expression, count: 0, startsPerMinute: 0 };
    same.count++;
    same.startsPerMinute += 1 / windowMinutes(timeWindow);
    schedules.set(expression, same);
  }
  return [...schedules.values()];
}

function warn(project: Construct, schedules: readonly SimultaneousSchedules[]): void {
  const crowded = schedules.filter(({ startsPerMinute }) => startsPerMinute > MAX_QUEUED_BUILDS);
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

/** The window in which builds start at half the rate of the limit. Start times are random, so some minutes have twice as many starts as others. */
function windowFor(schedules: number): number {
  return Math.min(MAX_WINDOW_MINUTES, Math.ceil(schedules / (MAX_QUEUED_BUILDS / 2)));
}

/** One day. */
const MAX_WINDOW_MINUTES = 1_440;

function windowMinutes({ maxWindow }: scheduler.TimeWindow): number {
  return maxWindow === undefined || maxWindow.isUnresolved() ? 1 : Math.max(1, maxWindow.toMinutes());
}
