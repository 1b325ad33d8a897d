import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Monitoring } from './monitoring';
import { IMonitored, MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { EVENT_DETAIL_TYPE, METRIC_NAME } from '../image/contract/events-and-metrics';

/**
 * The base class of `ImageMirror` and `MirroredImage`: their event rules, metrics, and alarms. `IMonitored` describes them in detail.
 */
export abstract class MonitoredConstruct extends Construct implements IMonitored {
  /** Defines a rule for the event `Image Mirrored`. */
  public onImageMirrored(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.MIRRORED, options);
  }

  /** Defines a rule for the event `Image Unchanged`. */
  public onImageUnchanged(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.UNCHANGED, options);
  }

  /** Defines a rule for the event `Upstream Tag Moved`. */
  public onTagMoved(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.TAG_MOVED, options);
  }

  /** Defines a rule for the event `Image Mirror Failed`. */
  public onMirrorFailed(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.FAILED, options);
  }

  /** How many images were new. */
  public metricCopied(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.COPIED, options);
  }

  /** How many images were the same as before. */
  public metricUnchanged(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.UNCHANGED, options);
  }

  /** How many fixed tags named another image upstream than in the mirror. */
  public metricTagMoved(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.TAG_MOVED, options);
  }

  /** How many images could not be brought up to date. */
  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.FAILED, options);
  }

  /** How many images could not be brought up to date because a registry limits the rate. */
  public metricRateLimited(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.RATE_LIMITED, options);
  }

  /** How many images the mirror held as it should after a run, be they new or unchanged. */
  public metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.SUCCEEDED, options);
  }

  /** How many bytes of layers were sent to the mirror. */
  public metricBytes(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.BYTES_COPIED, options);
  }

  /** How many seconds an image took, the start of its build not included. */
  public metricSeconds(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.SECONDS, options);
  }

  /** How many seconds ago the last success was, for graphs. */
  public metricSecondsSinceSuccess(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this._monitoring().secondsSinceSuccess(options);
  }

  /** Defines an alarm that rings when a run failed within the last hour. */
  public alarmFailed(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmFailed(this, id, options);
  }

  /** Defines an alarm that rings when nothing succeeded for long. */
  public alarmStale(id: string, options: StaleAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmStale(this, id, options);
  }

  /** Defines an alarm that rings when a fixed tag named another image upstream than in the mirror within the last hour. */
  public alarmTagMoved(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmTagMoved(this, id, options);
  }

  /** Defines an alarm that rings when a run failed within the last hour because a registry limits the rate. */
  public alarmRateLimited(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmRateLimited(this, id, options);
  }

  /** @internal */
  public abstract _monitoring(): Monitoring;
}
