import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { MirrorAlarmOptions, StaleAlarmOptions } from './alarm-options';
import { Monitoring } from './monitoring';
import { METRIC_NAME, EVENT_DETAIL_TYPE } from '../image/contract/events-and-metrics';

/**
 * The event rules, metrics and alarms of an `ImageMirror` as a whole and of each `MirroredImage`.
 *
 * **Events.** Builds send one event for each result to the mirror's event bus. The rules of a mirror match the events of that mirror only; the rules
 * of an image match the events of that image only. With a tag filter, the rules of an image match all tags that are copied from its upstream
 * repository to its repository. For a customized image, they also match the events of the customized image; the detail of these events has
 * `builtFrom`.
 *
 * **Metrics.** Metric filters count the results in the log of the builds. The metric filter of a metric is defined in the mirror's stack by the first
 * call of its method, and counts from its deployment on. The metrics of an image have the dimensions `Repository` and `Tag`. With a tag filter, they
 * have the dimension `Repository` only. For a customized image, metric math adds the results of its builds. Metrics are therefore of the type
 * `IMetric`: to define an alarm of your own, use `new cloudwatch.Alarm()`. The metrics of CodeBuild are those of `mirror.project`, and the metrics of
 * EventBridge Scheduler those of `mirror.scheduleGroup`.
 *
 * CloudWatch bills $0.30 a month for each metric, for the hours in which it has a value: about one cent for an image that runs once a day. It bills
 * only the images with a metric in the app; a customized image has up to twice as many metrics. When the app uses a metric of more than about 40
 * images, the metric filter counts **all images of the mirror**. CloudWatch then bills one metric for each image that has results.
 *
 * **Alarms.** The description of an alarm says what is wrong and links the procedure in the runbook. CloudWatch bills $0.10 a month for each metric
 * that an alarm watches, and the metric itself: up to $0.40 for an alarm. An alarm of a customized image watches two metrics, up to $0.80; except
 * `alarmTagMoved()`, which watches one. `alarmFailed()` of a mirror watches free metrics of CodeBuild: $0.10, or $0.20 with customized images.
 *
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/events.md
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md
 */
export abstract class MonitoredConstruct extends Construct {
  /**
   * Defines an EventBridge rule for the event `Image Mirrored`: a new image is in the mirror. Use it to rebuild what depends on the image.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * declare const downstream: codebuild.Project;
   * mirror.image('nginx:stable').onImageMirrored('Rebuild', { target: new targets.CodeBuildProject(downstream) });
   * ```
   *
   * @throws Error when the mirror's event bus is in another account or Region, or when `eventPattern` has a field that the rule sets itself
   */
  public onImageMirrored(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._observed().rule(id, EVENT_DETAIL_TYPE.MIRRORED, options);
  }

  /**
   * Defines an EventBridge rule for the event `Image Unchanged`: upstream and the mirror have the same image. Most runs end with this event.
   *
   * @throws Error when the mirror's event bus is in another account or Region, or when `eventPattern` has a field that the rule sets itself
   */
  public onImageUnchanged(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._observed().rule(id, EVENT_DETAIL_TYPE.UNCHANGED, options);
  }

  /**
   * Defines an EventBridge rule for the event `Upstream Tag Moved`: a fixed tag names a different image upstream than in the mirror.
   *
   * Each run sends this event until the difference is resolved, with any value of `onTagMoved`.
   *
   * @throws Error when the mirror's event bus is in another account or Region, or when `eventPattern` has a field that the rule sets itself
   */
  public onTagMoved(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._observed().rule(id, EVENT_DETAIL_TYPE.TAG_MOVED, options);
  }

  /**
   * Defines an EventBridge rule for the event `Image Mirror Failed`: an image in the mirror is not up to date because a run failed.
   *
   * A build that ends too early sends no event, for example when CodeBuild has no capacity. For such builds, use `alarmFailed()` of the mirror.
   *
   * @throws Error when the mirror's event bus is in another account or Region, or when `eventPattern` has a field that the rule sets itself
   */
  public onMirrorFailed(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this._observed().rule(id, EVENT_DETAIL_TYPE.FAILED, options);
  }

  /**
   * The number of new images in the mirror. A customized image counts too, when it is built for all its platforms.
   *
   * The default is the sum over 5 minutes.
   */
  public metricCopied(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.COPIED, options);
  }

  /**
   * The number of images that a run found unchanged.
   *
   * The default is the sum over 5 minutes.
   */
  public metricUnchanged(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.UNCHANGED, options);
  }

  /**
   * The number of fixed tags that name a different image upstream than in the mirror.
   *
   * The default is the sum over 5 minutes.
   */
  public metricTagMoved(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.TAG_MOVED, options);
  }

  /**
   * The number of images that failed. Fixed tags that moved are not included; see `metricTagMoved()`.
   *
   * The default is the sum over 5 minutes.
   */
  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.FAILED, options);
  }

  /**
   * The number of images that failed because a registry limits the rate (HTTP status 429).
   *
   * The default is the sum over 5 minutes.
   */
  public metricRateLimited(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.RATE_LIMITED, options);
  }

  /**
   * The number of images that are up to date in the mirror after a run: new or unchanged images.
   *
   * A customized image counts when its result is up to date too: after a run that finds it unchanged, or after its own build.
   *
   * The default is the sum over 5 minutes.
   */
  public metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.SUCCEEDED, options);
  }

  /**
   * The number of bytes of image layers that were uploaded to the mirror.
   *
   * The default is the sum over 5 minutes.
   */
  public metricBytes(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.BYTES_COPIED, options);
  }

  /**
   * The duration of an image's run in seconds, without the start of the build.
   *
   * The default is the average over 5 minutes.
   */
  public metricSeconds(options?: cloudwatch.MetricOptions): cloudwatch.IMetric {
    return this._observed().metric(METRIC_NAME.SECONDS, options);
  }

  /**
   * The number of seconds since the last success, for graphs: metric math over `metricSucceeded()`. It has no value before the first success in the
   * graph's time range.
   *
   * Alarms cannot use this expression, because it does not see a success before its time range; use `alarmStale()`.
   */
  public metricSecondsSinceSuccess(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression {
    return this._observed().secondsSinceSuccess(options);
  }

  /**
   * Defines a CloudWatch alarm that goes off when a run failed within the last hour. While the alarm is on, further failures send no notification.
   *
   * The alarm of a mirror counts the builds that CodeBuild reports as failed, both builds that mirror and builds that customize. According to AWS,
   * `FailedBuilds` are builds that failed "because of client error or a timeout"; `alarmStale()` covers all other reasons. The alarm of an image
   * counts the failures of the image and of its customized image.
   */
  public alarmFailed(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._observed().alarmFailed(this, id, options);
  }

  /**
   * Defines a CloudWatch alarm that goes off when there was no success for a long time. The alarm of a mirror goes off when no image succeeded; the
   * alarm of an image goes off when that image did not, or when its customized image was not up to date.
   *
   * The alarm knows only successes that were counted: **it is on until the first run succeeds**. Where a deployment waits for first copies, the alarm
   * is created after them and does not go off: after those of the image, or those of all images in the mirror's own stack. The alarm does go off
   * after a deployment that waits for no copies:
   *
   * - with `OnDeploy.START` or `OnDeploy.OFF`;
   * - when the mirror has only catalogs, or only images in other stacks;
   * - when the alarm is added to a mirror that is already deployed.
   *
   * @throws Error when `staleAfter` is not a whole number of hours from 1 hour to 7 days; at synthesis when it is missing and has no default
   */
  public alarmStale(id: string, options: StaleAlarmOptions = {}): cloudwatch.Alarm {
    return this._observed().alarmStale(this, id, options);
  }

  /**
   * Defines a CloudWatch alarm that goes off when a fixed tag names a different image upstream than in the mirror. It looks at the runs of the last
   * hour, and goes off after each run until the difference is resolved.
   */
  public alarmTagMoved(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._observed().alarmTagMoved(this, id, options);
  }

  /**
   * Defines a CloudWatch alarm that goes off when a run failed within the last hour because a registry limits the rate (HTTP status 429).
   */
  public alarmRateLimited(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this._observed().alarmRateLimited(this, id, options);
  }

  /** @internal */
  public abstract _observed(): Monitoring;
}
