import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, Dependable, IDependable } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { setLazyMetric, sumForAlarm } from './metric-math';
import { defineCountAlarm, HOURLY_SUM } from './mirror-alarms';
import { MirrorSignals, Monitoring } from './monitoring';
import { DeclaredImage } from '../declarations/declared-image';
import { IImageMirror, IMirroredImage, MirrorParts } from '../declarations/mirror-interfaces';
import { MirrorAlarmOptions } from '../declarations/monitored';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { MirrorSchedules } from '../schedules/schedules';

/** The parts of a mirror that its monitoring uses. */
export interface MirrorMonitoringProps extends MirrorSignals {
  readonly logGroup: logs.ILogGroup;
  readonly schedules: MirrorSchedules;
  /** `undefined` when deployments do not mirror images. */
  readonly deployTrigger?: DeployTrigger;
  /** Whether the mirror has checks for all its images. */
  readonly hasChecks?: boolean;
}

const PARTS = new MirrorParts<MirrorMonitoring>('monitoring');

/** Short, so that the alarm ends soon after the dead-letter queue is emptied. */
const PERIOD = Duration.minutes(5);

/** The event rules, metrics, and alarms of a mirror as a whole. */
export class MirrorMonitoring extends Monitoring {
  /**
   * The monitoring of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): MirrorMonitoring {
    return PARTS.of(mirror);
  }

  /** The log group of the builds. */
  public readonly logGroup: logs.ILogGroup;
  /** Whether the mirror has checks for all its images. Checks of single images and catalogs do not count. */
  public readonly hasChecks: boolean;
  private readonly schedules: MirrorSchedules;

  constructor(mirror: IImageMirror & Construct, { deployTrigger, hasChecks = false, logGroup, schedules, ...signals }: MirrorMonitoringProps) {
    super(mirror, {
      ...signals,
      name: `the mirror ${mirror.node.path}`,
      dimensions: [{}],
      timetables: () => schedules.timetables,
      firstCopy: firstCopyOf(mirror, deployTrigger),
    });
    this.logGroup = logGroup;
    this.hasChecks = hasChecks;
    this.schedules = schedules;
    PARTS.set(mirror, this);
  }

  /** The projects that put the events of the mirror. */
  public get projects(): readonly codebuild.IProject[] {
    return this.props.projects;
  }

  /** The dropped invocations of all schedules. */
  public metricDropped(options: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.schedules.group.metricDropped(options);
  }

  /** Counts the builds that CodeBuild reports as failed, instead of results, because a build may end without a result. */
  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const alarm = super.alarmFailed(scope, id, options);
    // The first customized image adds a second CodeBuild project, possibly after the alarm was defined.
    setLazyMetric(alarm, () => this.failures());
    return alarm;
  }

  /**
   * Defines an alarm that goes off when a schedule could not start a run. The run's message stays in the dead-letter queue, and the alarm stays on,
   * until the message is deleted or expires.
   */
  public alarmNotStarted(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const waiting = this.schedules.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM });
    const dropped = this.metricDropped({ period: PERIOD, statistic: cloudwatch.Stats.SUM });
    // Metric math treats a missing value as 0 if the other metric has a value.
    const metric = new cloudwatch.MathExpression({
      expression: 'waiting + dropped',
      label: 'Runs not started',
      usingMetrics: { waiting, dropped },
      period: PERIOD,
    });
    const meaning = `Schedules of ${this.props.name} could not start a run for a day`;
    return defineCountAlarm(scope, id, { kind: MirrorAlarm.NOT_STARTED, metric, meaning }, options);
  }

  protected failures(): cloudwatch.MathExpression {
    return sumForAlarm(this.projects.map((project) => project.metricFailedBuilds(HOURLY_SUM)));
  }
}

/** The first copies in the mirror's own stack. The mirror's stack must not depend on other stacks with images; these images have their own alarms. */
function firstCopyOf(mirror: Construct, deployTrigger: DeployTrigger | undefined): IDependable {
  const firstCopy = {};
  Dependable.implement(firstCopy, {
    get dependencyRoots() {
      const trigger = deployTrigger?.find(Stack.of(mirror));
      return trigger === undefined ? [] : [trigger];
    },
  });
  return firstCopy;
}

/** The event rules, metrics, and alarms of one image. */
export function imageMonitoring(image: IMirroredImage & Construct, declared: DeclaredImage, signals: MirrorSignals): Monitoring {
  const { repositoryName: repository, source, schedule, timeWindow, enabled, scheduled, tags } = declared;
  const tag = 'tag' in tags ? tags.tag : undefined;
  // When the tags cannot be listed, the event has the source without a tag.
  const sources = tag === undefined ? [source, { prefix: `${source}:` }] : [source];
  const isCustomized = image._repositoryName !== repository;
  const custom = isCustomized ? [{ repository: image._repositoryName, tag: tag === undefined ? undefined : image.tag }] : [];
  return new Monitoring(image, {
    ...signals,
    name: source,
    dimensions: [{ repository, tag }, ...custom],
    detail: { repository: [...new Set([repository, image._repositoryName])], source: sources },
    timetables: () => enabled && scheduled ? [{ schedule, timeWindow }] : [],
    firstCopy: image,
  });
}
