import { Duration } from 'aws-cdk-lib';

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
