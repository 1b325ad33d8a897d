import { Annotations, AspectPriority, Aspects } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { quote } from '../image/image-reference';

/**
 * An account takes about so many builds in its queue, whatever their project. Service Quotas lists no such limit;
 * CodeBuild says "Cannot have more than 30 builds in queue for the account".
 */
const MOST_QUEUED_BUILDS = 30;

/** The schedules that start at the same time. */
interface SimultaneousSchedules {
  readonly expression: string;
  count: number;
  /** How many of them start in each minute of their windows, about. */
  startsPerMinute: number;
}

/**
 * When the schedules of a mirror start builds. Warns when so many start in one minute that an account's queue would not take them:
 * a build that finds nothing new takes about that long.
 */
export class StartTimes {
  private readonly schedules = new Map<string, SimultaneousSchedules>();

  /** @param project the project whose builds start */
  constructor(project: Construct) {
    // On the project, so that whoever acknowledges the warning on the mirror silences it, as with the budget of Docker Hub.
    const visit = (node: unknown) => {
      if (node === project) this.warn(project);
    };
    Aspects.of(project).add({ visit }, { priority: AspectPriority.READONLY });
  }

  /** Counts one more schedule. */
  public add({ expressionString, timeZone }: scheduler.ScheduleExpression, timeWindow: scheduler.TimeWindow): void {
    const expression = timeZone === undefined ? expressionString : `${expressionString} ${timeZone.timezoneName}`;
    const same = this.schedules.get(expression) ?? { expression, count: 0, startsPerMinute: 0 };
    same.count++;
    same.startsPerMinute += 1 / windowMinutes(timeWindow);
    this.schedules.set(expression, same);
  }

  private warn(project: Construct): void {
    const crowded = [...this.schedules.values()].filter(({ startsPerMinute }) => startsPerMinute > MOST_QUEUED_BUILDS);
    if (crowded.length === 0) return;
    const times = crowded.map(({ expression, count, startsPerMinute }) => `${count} at ${quote(expression)}, about ${Math.round(startsPerMinute)} in a minute`);
    const most = Math.max(...crowded.map(({ count }) => count));
    Annotations.of(project).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.startTimes',
      `too many schedules start builds at the same time (${times.join('; ')}), and an account takes about ${MOST_QUEUED_BUILDS} builds in its queue; `
      + `set timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(${windowFor(most)})), or choose other times for some of them`,
    );
  }
}

/** The window that starts so many builds at half the pace of the limit: chance alone makes some minutes twice as full as others. */
function windowFor(schedules: number): number {
  return Math.min(LONGEST_WINDOW, Math.ceil(schedules / (MOST_QUEUED_BUILDS / 2)));
}

/** A day, in minutes. */
const LONGEST_WINDOW = 1_440;

function windowMinutes({ maxWindow }: scheduler.TimeWindow): number {
  return maxWindow === undefined || maxWindow.isUnresolved() ? 1 : Math.max(1, maxWindow.toMinutes());
}
