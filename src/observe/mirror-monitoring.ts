import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, Dependable, IDependable } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { filledSumOf } from './metric-sum';
import { COUNTED, defineAlarm, watchLate } from './mirror-alarms';
import { MirrorSignals, Monitoring } from './monitoring';
import { DeclaredImage } from '../declarations/declared-image';
import { IImageMirror, IMirroredImage } from '../declarations/mirror-interfaces';
import { MirrorAlarmOptions } from '../declarations/monitored';
import { MirrorParts } from '../declarations/mirror-parts';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { MirrorSchedules } from '../schedules/schedules';

/** The parts of a mirror that its monitoring uses. */
export interface MirrorMonitoringProps extends MirrorSignals {
  readonly logGroup: logs.ILogGroup;
  readonly schedules: MirrorSchedules;
  /** `undefined` when deployments do not mirror images. */
  readonly deployTrigger?: DeployTrigger;
}

const PARTS = new MirrorParts<MirrorMonitoring>('monitoring');

/** The events, metrics, and alarms of a whole mirror. */
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
  private readonly schedules: MirrorSchedules;

  constructor(mirror: IImageMirror & Construct, { deployTrigger, logGroup, schedules, ...signals }: MirrorMonitoringProps) {
    super(mirror, {
      ...signals,
      name: `the mirror ${mirror.node.path}`,
      subjects: [{}],
      timetables: () => schedules.timetables,
      firstCopy: firstCopyOf(mirror, deployTrigger),
    });
    this.logGroup = logGroup;
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

  /** CodeBuild also counts builds that end without a result, so the alarm watches all projects instead of results. */
  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const alarm = super.alarmFailed(scope, id, options);
    // The project for customized images is defined with the first of them.
    watchLate(alarm, () => this.failures());
    return alarm;
  }

  /** Defines an alarm on runs that schedules could not start. A run stays in the dead-letter queue until it is removed, and so does the alarm. */
  public alarmNotStarted(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const waiting = this.schedules.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM });
    const dropped = this.metricDropped({ period: PERIOD, statistic: cloudwatch.Stats.SUM });
    // Metric math counts a missing value as 0.
    const metric = new cloudwatch.MathExpression({
      expression: 'waiting + dropped', label: 'Runs that were not started', usingMetrics: { waiting, dropped }, period: PERIOD,
    });
    return defineAlarm(scope, id, { kind: MirrorAlarm.NOT_STARTED, metric, meaning: `Schedules of ${this.props.name} could not start a run for a day` }, options);
  }

  protected failures(): cloudwatch.MathExpression {
    return filledSumOf(this.projects.map((project) => project.metricFailedBuilds(COUNTED)));
  }
}

/** A short period ends the alarm soon after the queue is empty. */
const PERIOD = Duration.minutes(5);

/** Images in other stacks do not count, because the mirror's stack must not depend on them. They have alarms of their own. */
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

/** The events, metrics, and alarms of one image. */
export function imageMonitoring(image: IMirroredImage & Construct, declared: DeclaredImage, signals: MirrorSignals): Monitoring {
  const { repositoryName: repository, source, schedule, timeWindow, tags } = declared;
  const tag = 'tag' in tags ? tags.tag : undefined;
  // A failed tag list has a result without a tag.
  const sources = tag === undefined ? [source, { prefix: `${source}:` }] : [source];
  const isCustomized = image._repositoryName !== repository;
  const custom = isCustomized ? [{ repository: image._repositoryName, tag: tag === undefined ? undefined : image.tag }] : [];
  return new Monitoring(image, {
    ...signals,
    name: source,
    subjects: [{ repository, tag }, ...custom],
    detail: { repository: [...new Set([repository, image._repositoryName])], source: sources },
    timetables: () => [{ schedule, timeWindow }],
    firstCopy: image,
  });
}
