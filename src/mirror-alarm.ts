/**
 * What an alarm of a mirror watches. Its description says what it means, and links the procedure for it.
 *
 * @see https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/runbook.md
 */
export enum MirrorAlarm {
  /** A run failed within the last hour, be it one that mirrors or one that customises. */
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
