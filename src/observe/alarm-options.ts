import { Duration } from 'aws-cdk-lib';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/**
 * The Amazon CloudWatch alarms of a mirror. The description of each alarm says what is wrong and links the procedure in the runbook.
 *
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md
 */
export enum MirrorAlarm {
  /** A run that mirrors or customizes an image failed within the last hour. */
  FAILED = 'Failed',

  /** No run succeeded for longer than expected, or no run has succeeded yet. */
  STALE = 'Stale',

  /** A run found within the last hour that a fixed tag names a different image upstream than in the mirror. */
  TAG_MOVED = 'TagMoved',

  /** A run failed within the last hour because a registry limits the rate (HTTP status 429). */
  RATE_LIMITED = 'RateLimited',

  /** EventBridge Scheduler could not start a run for a day. */
  NOT_STARTED = 'NotStarted',

  /** A run found within the last hour that the mirror holds new images of a tag for longer than expected, because they do not pass a check. */
  HELD = 'Held',
}

/**
 * Options of `ImageMirror.notify()`.
 */
export interface MirrorNotifyOptions {
  /**
   * The alarms for the mirror as a whole.
   *
   * CloudWatch bills $0.10 a month for each metric that an alarm watches. `NOT_STARTED` watches two metrics, and `FAILED` watches two metrics if the
   * mirror has customized images. `STALE`, `TAG_MOVED`, `RATE_LIMITED`, and `HELD` each watch a custom metric. CloudWatch bills up to $0.30 a month
   * more for each custom metric, for the hours in which it has a value.
   *
   * The default does not depend on the images and catalogs. When only these have `admission`, list `HELD` explicitly.
   *
   * @default - all except `HELD`: $0.60 a month, and up to $0.90 for the three custom metrics; if the mirror has `admission`, all of `MirrorAlarm`:
   * $0.70 a month, and up to $1.20 for the four custom metrics
   */
  readonly alarms?: MirrorAlarm[];

  /**
   * The images that also get their own alarms: `FAILED` and `STALE`, if these are in `alarms`.
   *
   * CloudWatch bills $0.20 a month for the two alarms of an image, and up to $0.60 for their two metrics: about one cent for the metrics of an image
   * that runs once a day. A customized image costs twice as much. With more than about 40 images, CloudWatch bills the metrics of all images of the
   * mirror.
   *
   * @default - none
   */
  readonly images?: IMirroredImage[];

  /**
   * The time without a success after which the `STALE` alarms go off: whole hours, from 1 hour to 7 days.
   *
   * With a `cron` schedule, set this property or remove `MirrorAlarm.STALE` from `alarms`; otherwise synthesis fails.
   *
   * @default - with a `rate` schedule: three runs and the time window, or as many runs as fit into 7 days; no default with other schedules
   */
  readonly staleAfter?: Duration;

  /**
   * The time for which the mirror holds new images of a tag before the `HELD` alarm goes off: whole hours, from 1 hour to 28 days.
   *
   * Set it to more than the longest `minimumAge` of the images. Otherwise the alarm also goes off for images that wait for their age. With an age
   * of 28 days or more, leave out the alarm.
   *
   * @default Duration.days(7)
   */
  readonly heldAfter?: Duration;
}
