import { Duration } from 'aws-cdk-lib';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/**
 * What an alarm of a mirror watches. Its description says what it means, and links the procedure for it.
 *
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md
 */
export enum MirrorAlarm {
  /** A run failed within the last hour, be it one that mirrors or one that customizes. */
  FAILED = 'Failed',

  /** Nothing succeeded for longer than it should take, or nothing has succeeded yet. */
  STALE = 'Stale',

  /** A tag that should name one image for ever named another upstream, within the last hour. */
  TAG_MOVED = 'TagMoved',

  /** A run failed because a registry limits the rate, within the last hour. */
  RATE_LIMITED = 'RateLimited',

  /** A schedule could not start a run for a day, and gave up. */
  NOT_STARTED = 'NotStarted',
}

/**
 * What a mirror tells a topic of.
 */
export interface MirrorNotifyOptions {
  /**
   * What is watched of the mirror as a whole.
   *
   * CloudWatch bills $0.10 a month for each metric that an alarm watches: `NOT_STARTED` watches two, and so does `FAILED` where an image is
   * customized. `STALE`, `TAG_MOVED` and `RATE_LIMITED` watch a metric of the mirror's own each, which is billed besides, up to $0.30 a month, for
   * the hours in which it has a value.
   *
   * @default - all of `MirrorAlarm`: $0.60 a month, and up to $0.90 for the three metrics
   */
  readonly alarms?: MirrorAlarm[];

  /**
   * The images that have alarms of their own, for `FAILED` and `STALE` where those are among `alarms`.
   *
   * CloudWatch bills $0.20 a month for both alarms of an image, and up to $0.60 for their two metrics: about a cent of that for an image that runs
   * once a day. It is twice as much where the image is customized. Beyond about forty images it bills the metrics of all images of the mirror.
   *
   * @default - none
   */
  readonly images?: IMirroredImage[];

  /**
   * How long nothing has to succeed before something is stale: whole hours, at most seven days.
   *
   * With a `cron` schedule it must be set, or `MirrorAlarm.STALE` left out of `alarms`; otherwise there is an error at synthesis.
   *
   * @default - three runs of a `rate` schedule and its time window, or as many runs as fit into seven days; with another schedule it must be set
   */
  readonly staleAfter?: Duration;
}
