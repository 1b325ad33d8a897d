import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct, IDependable } from 'constructs';
import { MirrorAlarm } from './alarm-options';
import { defineResultRule } from './event-rules';
import { filledSumOf, sumOf } from './metric-sum';
import { COUNTED, defineAlarm, defineStaleAlarm } from './mirror-alarms';
import { MetricSubject } from './result-metric';
import { ResultMetrics } from './result-metrics';
import { MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { METRIC_NAME, MetricName, EVENT_DETAIL_TYPE } from '../image/contract/events-and-metrics';
import { Timetable } from '../schedules/schedule-interval';

/** Where a mirror tells what it does. */
export interface MirrorSignals {
  /** The projects whose builds put the mirror's events. */
  readonly projects: readonly codebuild.IProject[];
  readonly eventBus: events.IEventBus;
  readonly metrics: ResultMetrics;
}

/** Of what is told: a mirror or an image of it. */
export interface MonitoringProps extends MirrorSignals {
  /** What it is called in descriptions. */
  readonly name: string;
  /** Whose results are its own: first those of what is mirrored, then those of what is built from it. */
  readonly subjects: readonly [MetricSubject, ...MetricSubject[]];
  /** What the detail of its own events must be; undefined for a whole mirror. */
  readonly detail?: events.EventPattern['detail'];
  /** When it is to run, asked when all images were added. */
  readonly timetables: () => readonly Timetable[];
  /** What its first success waits for. */
  readonly firstCopy: IDependable;
}

/** What builds of customized images tell too; everything else is told of what they are built from alone. */
const CUSTOM_METRICS: readonly MetricName[] = [METRIC_NAME.COPIED, METRIC_NAME.FAILED, METRIC_NAME.RATE_LIMITED, METRIC_NAME.SUCCEEDED];

type DetailType = typeof EVENT_DETAIL_TYPE[keyof typeof EVENT_DETAIL_TYPE];

/** The events, metrics and alarms of a mirror or an image. */
export class Monitoring {
  constructor(public readonly construct: Construct, protected readonly props: MonitoringProps) {}

  public rule(id: string, detailType: DetailType, options: events.OnEventOptions): events.Rule {
    const { eventBus, projects, detail, name } = this.props;
    return defineResultRule(this.construct, id, { detailType, eventBus, projects, detail, description: `${detailType}: ${name}` }, options);
  }

  public metric(name: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return sumOf(this.idOf(name.charAt(0).toLowerCase() + name.slice(1)), this.counted(name, options));
  }

  /**
   * Metric math, for a filter counts only when something is logged. Where nothing succeeded yet it has no value, instead of the age of the epoch.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
   */
  public secondsSinceSuccess(options: cloudwatch.MathExpressionOptions = {}): cloudwatch.MathExpression {
    const { period } = options;
    const [succeeded, lastSuccess] = ['succeeded', 'lastSuccess'].map((name) => this.idOf(name));
    const successes = this.metric(METRIC_NAME.SUCCEEDED, { period });
    const last = new cloudwatch.MathExpression({ expression: `FILL(IF(${succeeded} > 0, EPOCH(${succeeded})), REPEAT)`, usingMetrics: { [succeeded]: successes }, period });
    return new cloudwatch.MathExpression({
      expression: `IF(${lastSuccess} > 0, EPOCH(${succeeded}) - ${lastSuccess})`,
      usingMetrics: { [succeeded]: successes, [lastSuccess]: last },
      ...options,
      label: options.label ?? 'Seconds since the last success',
    });
  }

  public alarmFailed(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A run of ${this.props.name} failed`;
    return defineAlarm(scope, id, { kind: MirrorAlarm.FAILED, metric: this.failures(), meaning }, options);
  }

  public alarmStale(scope: Construct, id: string, options: StaleAlarmOptions): cloudwatch.Alarm {
    const { name, timetables, firstCopy } = this.props;
    const alarm = defineStaleAlarm(scope, id, { name, timetables, succeeded: this.watched(METRIC_NAME.SUCCEEDED) }, options);
    // An alarm that is there before the first success would ring until it comes.
    alarm.node.addDependency(firstCopy);
    return alarm;
  }

  public alarmTagMoved(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A tag of ${this.props.name} that should name one image for ever names another upstream`;
    return defineAlarm(scope, id, { kind: MirrorAlarm.TAG_MOVED, metric: this.watched(METRIC_NAME.TAG_MOVED), meaning }, options);
  }

  public alarmRateLimited(scope: Construct, id: string, options: MirrorAlarmOptions): cloudwatch.Alarm {
    const meaning = `A run of ${this.props.name} failed because a registry limits the rate`;
    return defineAlarm(scope, id, { kind: MirrorAlarm.RATE_LIMITED, metric: this.watched(METRIC_NAME.RATE_LIMITED), meaning }, options);
  }

  /** What counts runs that failed. */
  protected failures(): cloudwatch.MathExpression {
    return this.watched(METRIC_NAME.FAILED);
  }

  /** What an alarm watches of a metric. */
  private watched(name: MetricName): cloudwatch.MathExpression {
    return filledSumOf(this.counted(name, COUNTED));
  }

  private counted(name: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.Metric[] {
    const { metrics, subjects } = this.props;
    return (CUSTOM_METRICS.includes(name) ? subjects : subjects.slice(0, 1)).map((subject) => metrics.metric(name, subject, options));
  }

  /** What a metric is called in expressions, so that those of several images can be in one graph. */
  private idOf(name: string): string {
    return `${name}_${this.construct.node.addr.slice(-8)}`;
  }
}
