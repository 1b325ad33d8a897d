import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Monitoring } from './monitoring';
import { HeldAlarmOptions, IMonitored, MirrorAlarmOptions, StaleAlarmOptions } from '../declarations/monitored';
import { EVENT_DETAIL_TYPE, METRIC_NAME } from '../image/contract/events-and-metrics';

/**
 * The base class of `ImageMirror` and `MirroredImage`, with their event rules, metrics, and alarms. `IMonitored` describes them in detail.
 */
export abstract class MonitoredConstruct extends Construct implements IMonitored {
  /** Defines an EventBridge rule for the event `Image Mirrored`. */
  public onImageMirrored(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.MIRRORED, options);
  }

  /** Defines an EventBridge rule for the event `Image Unchanged`. */
  public onImageUnchanged(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.UNCHANGED, options);
  }

  /** Defines an EventBridge rule for the event `Image Held`. */
  public onImageHeld(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.HELD, options);
  }

  /** Defines an EventBridge rule for the event `Upstream Image Gone`. */
  public onUpstreamImageGone(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.UPSTREAM_GONE, options);
  }

  /** Defines an EventBridge rule for the event `Upstream Tag Moved`. */
  public onTagMoved(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.TAG_MOVED, options);
  }

  /** Defines an EventBridge rule for the event `Image Mirror Failed`. */
  public onMirrorFailed(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._monitoring().rule(id, EVENT_DETAIL_TYPE.FAILED, options);
  }

  /** The number of new images in the mirror. */
  public metricCopied(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.COPIED, options);
  }

  /** The number of images that a run found unchanged. */
  public metricUnchanged(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.UNCHANGED, options);
  }

  /** The number of new images that a run held, because they do not pass a check. */
  public metricHeld(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.HELD, options);
  }

  /** The number of hours for which the mirror has held new images of a tag without a break. */
  public metricHeldHours(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.HELD_HOURS, options);
  }

  /** The number of images that upstream no longer has, and that the mirror keeps. */
  public metricUpstreamGone(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.UPSTREAM_GONE, options);
  }

  /** The number of fixed tags that name a different image upstream than in the mirror. */
  public metricTagMoved(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.TAG_MOVED, options);
  }

  /** The number of images that failed. */
  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.FAILED, options);
  }

  /** The number of images that failed because a registry limits the rate (HTTP status 429). */
  public metricRateLimited(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.RATE_LIMITED, options);
  }

  /** The number of images that are up to date in the mirror after a run. */
  public metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.SUCCEEDED, options);
  }

  /** The number of bytes of image layers that were uploaded to the mirror. */
  public metricBytes(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.BYTES_COPIED, options);
  }

  /** The duration of an image's run in seconds, without the start of the build. */
  public metricSeconds(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._monitoring().metric(METRIC_NAME.SECONDS, options);
  }

  /** The number of seconds since the last success, for graphs. */
  public metricSecondsSinceSuccess(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this._monitoring().secondsSinceSuccess(options);
  }

  /** Defines a CloudWatch alarm that goes off when a run failed within the last hour. */
  public alarmFailed(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmFailed(this, id, options);
  }

  /** Defines a CloudWatch alarm that goes off when there was no success for a long time. */
  public alarmStale(id: string, options: StaleAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmStale(this, id, options);
  }

  /** Defines a CloudWatch alarm that goes off when the mirror holds new images of a tag for too long. */
  public alarmHeld(id: string, options: HeldAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmHeld(this, id, options);
  }

  /** Defines a CloudWatch alarm that goes off when a fixed tag names a different image upstream than in the mirror. */
  public alarmTagMoved(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmTagMoved(this, id, options);
  }

  /** Defines a CloudWatch alarm that goes off when a run failed within the last hour because a registry limits the rate (HTTP status 429). */
  public alarmRateLimited(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._monitoring().alarmRateLimited(this, id, options);
  }

  /** @internal */
  public abstract _monitoring(): Monitoring;
}
