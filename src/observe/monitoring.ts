import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct, IDependable } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { defineResultRule } from './event-rules';
import { ImageDimensions } from './metric-definitions';
import { sumForAlarm, sumForGraph } from './metric-math';
import { defineCountAlarm, defineHeldAlarm, defineStaleAlarm, HOURLY_MAXIMUM, HOURLY_SUM } from './mirror-alarms';
import { ResultMetrics } from './result-metrics';
import { HeldAlarmOptions, MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { EVENT_DETAIL_TYPE, METRIC_NAME, MetricName } from '../image/contract/events-and-metrics';
import { Timetable } from '../schedules/timetable';
import { addressInStage } from '../synthesis/environments';

/** The sources of a mirror's events and metrics. */
export interface MirrorSignals {
  /** The CodeBuild projects that run the mirror's builds; the builds send the events. */
  readonly projects: readonly codebuild.IProject[];
  readonly eventBus: events.IEventBus;
  readonly metrics: ResultMetrics;
}

/** Properties of the monitoring of a mirror or an image. */
export interface MonitoringProps extends MirrorSignals {
  /** The name of the mirror or image in descriptions. */
  readonly name: string;
  /** The metric dimensions: first those of the mirrored image, then those of the customized image. */
  readonly dimensions: readonly [ImageDimensions, ...ImageDimensions[]];
  /** The pattern of the detail of events; undefined for a whole mirror. */
  readonly detail?: events.EventPattern['detail'];
  /** The enabled schedules of the images, read at synthesis. */
  readonly timetables: () => readonly Timetable[];
  /** The dependency on the first success. */
  readonly firstCopy: IDependable;
}

/** The metrics that also count customized images. The other metrics count the mirrored image only. */
const CUSTOM_IMAGE_METRICS: readonly MetricName[] = [METRIC_NAME.COPIED, METRIC_NAME.FAILED, METRIC_NAME.RATE_LIMITED, METRIC_NAME.SUCCEEDED];

type DetailType = typeof EVENT_DETAIL_TYPE[keyof typeof EVENT_DETAIL_TYPE];

/** The event rules, metrics, and alarms of a mirror or an image. */
export class Monitoring {
  constructor(public readonly construct: Construct, protected readonly props: MonitoringProps) {}

  /** Defines a rule for the events of a type. */
  public rule(id: string, detailType: DetailType, options: events.OnEventOptions): events.Rule {
    const { eventBus, projects, detail, name } = this.props;
    return defineResultRule(this.construct, id, { detailType, eventBus, projects, detail, description: `${detailType}: ${name}` }, options);
  }

  public metric(name: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return sumForGraph(this.idOf(name.charAt(0).toLowerCase() + name.slice(1)), this.metrics(name, options));
  }

  /**
   * Metric math, because a metric filter counts only when something is logged. The expression has no value before the first success; otherwise it
   * would show the seconds since 1970.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
   */
  public secondsSinceSuccess(options: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    const { period } = options;
    const [succeeded, lastSuccess] = ['succeeded', 'lastSuccess'].map((name) => this.idOf(name));
    const successes = this.metric(METRIC_NAME.SUCCEEDED, { period });
    const last = new cloudwatch.MathExpression({
      expression: `FILL(IF(${succeeded} > 0, EPOCH(${succeeded})), REPEAT)`,
      usingMetrics: { [succeeded]: successes },
      period,
    });
    return new cloudwatch.MathExpression({
      expression: `IF(${lastSuccess} > 0, EPOCH(${succeeded}) - ${lastSuccess})`,
      usingMetrics: { [succeeded]: successes, [lastSuccess]: last },
      ...options,
      label: options.label ?? 'Seconds since the last success',
    });
  }

  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A run of ${this.props.name} failed`;
    return defineCountAlarm(scope, id, { kind: MirrorAlarm.FAILED, metric: this.failures(), meaning }, options);
  }

  public alarmStale(scope: Construct, id: string, options: StaleAlarmOptions): cloudwatch.Alarm {
    const { name, timetables, firstCopy } = this.props;
    const alarm = defineStaleAlarm(scope, id, { name, timetables, succeeded: this.hourlySum(METRIC_NAME.SUCCEEDED) }, options);
    // An alarm that exists before the first success would go off until then.
    alarm.node.addDependency(firstCopy);
    return alarm;
  }

  public alarmHeld(scope: Construct, id: string, options: HeldAlarmOptions): cloudwatch.Alarm {
    const heldHours = sumForAlarm(this.metrics(METRIC_NAME.HELD_HOURS, HOURLY_MAXIMUM));
    return defineHeldAlarm(scope, id, { name: this.props.name, heldHours }, options);
  }

  public alarmTagMoved(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A fixed tag of ${this.props.name} names a different image upstream than in the mirror`;
    return defineCountAlarm(scope, id, { kind: MirrorAlarm.TAG_MOVED, metric: this.hourlySum(METRIC_NAME.TAG_MOVED), meaning }, options);
  }

  public alarmRateLimited(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A run of ${this.props.name} failed because a registry limits the rate`;
    return defineCountAlarm(scope, id, { kind: MirrorAlarm.RATE_LIMITED, metric: this.hourlySum(METRIC_NAME.RATE_LIMITED), meaning }, options);
  }

  /** The number of failures in each hour. */
  protected failures(): cloudwatch.MathExpression {
    return this.hourlySum(METRIC_NAME.FAILED);
  }

  private hourlySum(name: MetricName): cloudwatch.MathExpression {
    return sumForAlarm(this.metrics(name, HOURLY_SUM));
  }

  /** One metric for the mirrored image, and one for the customized image where the metric counts it. */
  private metrics(name: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.Metric[] {
    const { metrics, dimensions } = this.props;
    const counted = CUSTOM_IMAGE_METRICS.includes(name) ? dimensions : dimensions.slice(0, 1);
    return counted.map((image) => metrics.metric(name, image, options));
  }

  /** The id of a metric in expressions, unique for each image, so that one graph can show several images. */
  private idOf(name: string): string {
    return `${name}_${addressInStage(this.construct).slice(-8)}`;
  }
}
