import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct, Dependable, IDependable } from 'constructs';
import { MirrorAlarm, MirrorAlarmOptions } from './alarm-options';
import { filledSumOf } from './metric-sum';
import { COUNTED, defineAlarm, watchLate } from './mirror-alarms';
import { MirrorSignals, Monitoring } from './monitoring';
import { ImageMirror } from '../mirror/image-mirror';
import { MirroredImage } from '../mirror/mirrored-image';
import { Timetable } from '../schedules/schedule-interval';

/** The events, metrics and alarms of a whole mirror. */
export function mirrorMonitoring(mirror: ImageMirror): Monitoring {
  return new ObservedMirror(mirror, {
    ...mirror._context().signals,
    name: nameOf(mirror),
    subjects: [{}],
    timetables: () => mirror._context().timetables,
    firstCopy: firstCopyOf(mirror),
  });
}

/** CodeBuild counts builds that ended without a word too, so those of all projects are watched instead of results. */
class ObservedMirror extends Monitoring {
  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const alarm = super.alarmFailed(scope, id, options);
    // The project for customized images is defined with the first of them.
    watchLate(alarm, () => this.failures());
    return alarm;
  }

  protected failures(): cloudwatch.MathExpression {
    return filledSumOf(this.props.projects.map((project) => project.metricFailedBuilds(COUNTED)));
  }
}

/** The image as its mirror tells of it. */
export interface MonitoredImage {
  /** The names of its repository and of the one that it is customized in, the same where it is not; tokens with an existing repository. */
  readonly repositories: readonly [string, string];
  /** Undefined when a filter selects the tags. */
  readonly tag?: string;
  readonly timetable: Timetable;
}

/** The events, metrics and alarms of one image. */
export function imageMonitoring(image: MirroredImage, signals: MirrorSignals, { repositories, tag, timetable }: MonitoredImage): Monitoring {
  const { source } = image;
  const [repository, customRepository] = repositories;
  // Tags that could not be listed are told without any.
  const sources = tag === undefined ? [source, { prefix: `${source}:` }] : [source];
  const custom = customRepository === repository ? [] : [{ repository: customRepository, tag: tag === undefined ? undefined : image.tag }];
  return new Monitoring(image, {
    ...signals,
    name: source,
    subjects: [{ repository, tag }, ...custom],
    detail: { repository: [...new Set(repositories)], source: sources },
    timetables: () => [timetable],
    firstCopy: image,
  });
}

/** Short, so that the alarm ends soon after the queue is emptied. */
const PERIOD = Duration.minutes(5);

/**
 * Defines an alarm that rings when schedules gave up on starting a run. What they gave up on stays in the queue until somebody takes it out,
 * and the alarm with it.
 */
export function defineNotStartedAlarm(mirror: ImageMirror, scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
  const waiting = mirror.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM });
  const dropped = mirror.scheduleGroup.metricDropped({ period: PERIOD, statistic: cloudwatch.Stats.SUM });
  // Metric math counts what has no value as 0.
  const metric = new cloudwatch.MathExpression({ expression: 'waiting + dropped', label: 'Runs that were not started', usingMetrics: { waiting, dropped }, period: PERIOD });
  return defineAlarm(scope, id, { kind: MirrorAlarm.NOT_STARTED, metric, meaning: `Schedules of ${nameOf(mirror)} could not start a run for a day` }, options);
}

function nameOf(mirror: ImageMirror): string {
  return `the mirror ${mirror.node.path}`;
}

/** A mirror may have images in other stacks, on which its own must not depend; those have alarms of their own. */
function firstCopyOf(mirror: ImageMirror): IDependable {
  const firstCopy = {};
  Dependable.implement(firstCopy, {
    get dependencyRoots() {
      const trigger = mirror._context().deployTrigger?.find(Stack.of(mirror));
      return trigger === undefined ? [] : [trigger];
    },
  });
  return firstCopy;
}
