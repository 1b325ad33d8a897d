import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { IConstruct } from 'constructs';

/**
 * How an alarm is defined.
 */
export interface MirrorAlarmOptions {
  /**
   * The name of the alarm.
   *
   * @default - CloudFormation chooses one
   */
  readonly alarmName?: string;
}

/**
 * How an alarm for what is stale is defined.
 */
export interface StaleAlarmOptions extends MirrorAlarmOptions {
  /**
   * How long nothing has to succeed before the alarm rings: whole hours, at most seven days, which is as far as an alarm of CloudWatch looks back.
   *
   * With a `cron` schedule it must be set; otherwise there is an error at synthesis.
   *
   * @default - three runs of a `rate` schedule and its time window, or as many runs as fit into seven days; with another schedule it must be set
   */
  readonly staleAfter?: Duration;
}

/**
 * What can be watched of an `ImageMirror` as a whole, and of each `MirroredImage`: events, metrics and alarms.
 *
 * **Events** are put on the mirror's event bus, one for each result. The rules below are on that bus, and take the events of this mirror alone,
 * or of this image. Where a filter selects the image's tags, they take those of all tags that come from its upstream repository to its repository;
 * where it is customized, also those of the customized image, whose detail has `builtFrom`.
 *
 * **Metrics** are counted in the log of the builds. The metric filter for one is defined in the mirror's stack when it is first asked for, so a
 * mirror that nobody watches has none, and counts from then on. Those of an image are told apart by the dimensions `Repository` and `Tag`;
 * where a filter selects the image's tags, they are those of its whole repository. Where the image is customized, what its builds tell besides is
 * added with metric math, and so a metric is an `IMetric` here: for an alarm of your own, write `new cloudwatch.Alarm()`. CodeBuild's own metrics
 * are those of `mirror.project`, EventBridge Scheduler's those of `mirror.scheduleGroup`.
 *
 * CloudWatch bills each metric, $0.30 a month, for the hours in which it has a value: about a cent for an image that runs once a day. Of single
 * images it bills those that are asked for, and of one that is customized up to twice as many. Where a metric is asked for of more than about
 * forty images, its filter counts **all images of the mirror**, and CloudWatch bills one for each of them that has results.
 *
 * **Alarms** have a description that says what it means when they ring, and links the procedure for it. CloudWatch bills $0.10 a month for each
 * metric that they watch, and the metric besides: up to $0.40 for an alarm. One of an image that is customized watches two, up to $0.80; only
 * `alarmTagMoved()` does not. `alarmFailed()` of a mirror watches metrics of CodeBuild, which are free: $0.10, and $0.20 where an image is
 * customized.
 *
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/events.md
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md
 */
export interface IMonitored extends IConstruct {
  /**
   * Defines a rule for the event `Image Mirrored`: the mirror holds a new image, which is the time to build what is made from it.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * declare const downstream: codebuild.Project;
   * mirror.image('nginx:stable').onImageMirrored('Rebuild', { target: new targets.CodeBuildProject(downstream) });
   * ```
   *
   * @throws Error when the mirror's event bus is in another account or Region, and when the pattern has fields that the rule sets itself
   */
  onImageMirrored(id: string, options?: events.OnEventOptions): events.Rule;

  /**
   * Defines a rule for the event `Image Unchanged`: upstream and mirror hold the same image. It is what most runs end with.
   *
   * @throws Error when the mirror's event bus is in another account or Region, and when the pattern has fields that the rule sets itself
   */
  onImageUnchanged(id: string, options?: events.OnEventOptions): events.Rule;

  /**
   * Defines a rule for the event `Upstream Tag Moved`: a fixed tag names another image upstream than in the mirror.
   *
   * It comes with each run until that is settled, whatever `onTagMoved` makes of it.
   *
   * @throws Error when the mirror's event bus is in another account or Region, and when the pattern has fields that the rule sets itself
   */
  onTagMoved(id: string, options?: events.OnEventOptions): events.Rule;

  /**
   * Defines a rule for the event `Image Mirror Failed`: the mirror could not be brought up to date.
   *
   * A build that ends before it can put an event puts none, for example when it gets no machine; see `alarmFailed()` of the mirror.
   *
   * @throws Error when the mirror's event bus is in another account or Region, and when the pattern has fields that the rule sets itself
   */
  onMirrorFailed(id: string, options?: events.OnEventOptions): events.Rule;

  /**
   * How many images were new: the sum, by default over five minutes. A customized image counts besides, when it is there for all its platforms.
   */
  metricCopied(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many images were the same as before: the sum, by default over five minutes.
   */
  metricUnchanged(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many fixed tags named another image upstream than in the mirror: the sum, by default over five minutes.
   */
  metricTagMoved(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many images could not be brought up to date: the sum, by default over five minutes.
   *
   * Fixed tags that moved are not among them, see `metricTagMoved()`.
   */
  metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many images could not be brought up to date because a registry limits the rate: the sum, by default over five minutes.
   */
  metricRateLimited(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many images the mirror held as it should after a run, be they new or unchanged: the sum, by default over five minutes.
   *
   * An image that is customized counts when its customized image is up to date too: after the run that finds it so, or after its own build.
   */
  metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many bytes of layers were sent to the mirror: the sum, by default over five minutes.
   */
  metricBytes(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many seconds an image took, the start of its build not included: the average, by default over five minutes.
   */
  metricSeconds(options?: cloudwatch.MetricOptions): cloudwatch.IMetric;

  /**
   * How many seconds ago the last success was, for graphs: metric math over `metricSucceeded()`, without a value before the first that is looked at.
   *
   * No alarm can watch it, for it knows no success before the time that it looks at; use `alarmStale()`.
   */
  metricSecondsSinceSuccess(options?: cloudwatch.MathExpressionOptions): cloudwatch.MathExpression;

  /**
   * Defines an alarm that rings when a run failed within the last hour. What fails while it rings is not told anew.
   *
   * For a mirror it rings when CodeBuild counts a build as failed, be it one that mirrors or one that customizes: AWS says of `FailedBuilds` that
   * they failed "because of client error or a timeout". `alarmStale()` is the net for what else may keep a build from its work. For an image it
   * rings when the image's result is a failure, or that of the customized image.
   */
  alarmFailed(id: string, options?: MirrorAlarmOptions): cloudwatch.Alarm;

  /**
   * Defines an alarm that rings when nothing succeeded for long: of a mirror when no image did, of an image when that did not, or its customized
   * image was not up to date.
   *
   * It knows successes that were counted, and nothing before: **it rings until the first run has succeeded**. It is defined after the first copies
   * of the images in the mirror's own stack, or of the image, where a deployment waits for those, and then does not ring. It does after a
   * deployment that waits for none: with `OnDeploy.START` or `OFF`, of a mirror that has only catalogs, or only images in other stacks, and when
   * it is added to what is deployed already.
   *
   * @throws Error when `staleAfter` is no whole number of hours up to seven days; and at synthesis when it must be set and is not
   */
  alarmStale(id: string, options?: StaleAlarmOptions): cloudwatch.Alarm;

  /**
   * Defines an alarm that rings when a fixed tag named another image upstream than in the mirror within the last hour: after each run until that is
   * settled.
   */
  alarmTagMoved(id: string, options?: MirrorAlarmOptions): cloudwatch.Alarm;

  /**
   * Defines an alarm that rings when a run failed within the last hour because a registry limits the rate.
   */
  alarmRateLimited(id: string, options?: MirrorAlarmOptions): cloudwatch.Alarm;
}
