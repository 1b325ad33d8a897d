import { Duration } from 'aws-cdk-lib';

/** How long each part of mirroring in a deployment may take. */
export interface DeployTimes {
  /** How long to try to start builds. */
  readonly start: Duration;
  /** How long to wait for builds that were started. */
  readonly wait: Duration;
  /** Both together, and a reserve to say what went wrong. */
  readonly total: Duration;
}

/** A full queue empties in minutes, or not at all. */
const START_MINUTES = 8;

/** How long a build that was started may be queued. */
const QUEUE_MINUTES = 10;

const RESERVE_MINUTES = 2;

/**
 * CloudFormation waits so long for a custom resource, and then knows no reason.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
 */
const LONGEST_MINUTES = 60;

/** The times of a mirror whose builds may take so long: what they need, and no more than CloudFormation gives. */
export function deployTimes(longestBuild: Duration): DeployTimes {
  const total = Math.min(LONGEST_MINUTES, START_MINUTES + QUEUE_MINUTES + Math.ceil(longestBuild.toMinutes({ integral: false })) + RESERVE_MINUTES);
  return { start: Duration.minutes(START_MINUTES), wait: Duration.minutes(total - START_MINUTES - RESERVE_MINUTES), total: Duration.minutes(total) };
}
