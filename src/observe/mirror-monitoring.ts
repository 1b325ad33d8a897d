import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct, Dependable, IDependable } from 'constructs';
import { MirrorAlarm, MirrorAlarmOptions } from './alarm-options';
import { setLazyMetric, sumForAlarm } from './metric-math';
import { defineCountAlarm, HOURLY_SUM } from './mirror-alarms';
import { MirrorSignals, Monitoring } from './monitoring';
import { ImageMirror } from '../mirror/image-mirror';
import { MirroredImage } from '../mirror/mirrored-image';
import { Timetable } from '../schedules/schedule-interval';

/** The event rules, metrics and alarms of a mirror as a whole. */
export function mirrorMonitoring(mirror: ImageMirror): Monitoring {
  return new ProjectMonitoring(mirror, {
    ...mirror._context().signals,
    name: nameOf(mirror),
    dimensions: [{}],
    timetables: () => mirror._context().timetables,
    firstCopy: firstCopyOf(mirror),
  });
}

/** Counts the builds that CodeBuild reports as failed, instead of results, because a build may end without a result. */
class ProjectMonitoring extends Monitoring {
  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const alarm = super.alarmFailed(scope, id, options);
    // The first customized image adds a second CodeBuild project, possibly after the alarm was defined.
    setLazyMetric(alarm, () => this.failures());
    return alarm;
  }

  protected failures(): cloudwatch.MathExpression {
    return sumForAlarm(this.props.projects.map((project) => project.metricFailedBuilds(HOURLY_SUM)));
  }
}

/** Properties of the monitoring of one image. */
export interface ImageMonitoringProps {
  /** The repositories of the mirrored and of the customized image, the same without customization. Names of existing repositories may be tokens. */
  readonly repositories: readonly [string, string];
  /** The tag of the mirrored image; undefined with a tag filter. */
  readonly tag?: string;
  readonly timetable: Timetable;
}

/** The event rules, metrics and alarms of one image. */
export function imageMonitoring(image: MirroredImage, signals: MirrorSignals, { repositories, tag, timetable }: ImageMonitoringProps): Monitoring {
  const { source } = image;
  const [repository, customRepository] = repositories;
  // When the tags cannot be listed, the event has the source without a tag.
  const sources = tag === undefined ? [source, { prefix: `${source}:` }] : [source];
  const custom = customRepository === repository ? [] : [{ repository: customRepository, tag: tag === undefined ? undefined : image.tag }];
  return new Monitoring(image, {
    ...signals,
    name: source,
    dimensions: [{ repository, tag }, ...custom],
    detail: { repository: [...new Set(repositories)], source: sources },
    timetables: () => [timetable],
    firstCopy: image,
  });
}

/** Short, so that the alarm ends soon after the dead-letter queue is emptied. */
const PERIOD = Duration.minutes(5);

/**
 * Defines an alarm that goes off when a schedule could not start a run. The run's message stays in the dead-letter queue, and the alarm stays on,
 * until the message is deleted or expires.
 */
export function defineNotStartedAlarm(mirror: ImageMirror, scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
  const waiting = mirror.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM });
  const dropped = mirror.scheduleGroup.metricDropped({ period: PERIOD, statistic: cloudwatch.Stats.SUM });
  // Metric math treats a missing value as 0 if the other metric has a value.
  const metric = new cloudwatch.MathExpression({
    expression: 'waiting + dropped',
    label: 'Runs not started',
    usingMetrics: { waiting, dropped },
    period: PERIOD,
  });
  const meaning = `Schedules of ${nameOf(mirror)} could not start a run for a day`;
  return defineCountAlarm(scope, id, { kind: MirrorAlarm.NOT_STARTED, metric, meaning }, options);
}

function nameOf(mirror: ImageMirror): string {
  return `the mirror ${mirror.node.path}`;
}

/** The first copies in the mirror's own stack. The mirror's stack must not depend on other stacks with images; these images have their own alarms. */
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
