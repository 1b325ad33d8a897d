import { sanitizeLine } from '../image/sanitize';

/** A build that CodeBuild did not start. The message is written for users. */
export class StartBuildError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StartBuildError';
  }
}

/** The fields of an error of the AWS SDK, or of Node's network modules, that identify it. */
interface ErrorFields {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const MAX_MESSAGE_LENGTH = 300;

/** The name of CodeBuild's error for a full queue. */
const QUEUE_IS_FULL = 'AccountLimitExceededException';

const THROTTLING = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i;
const NETWORK = /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/;

/** CodeBuild's messages for a full queue: "Cannot have more than 1 builds in queue for the account", formerly "... 20 active builds ...". */
const MAX_BUILDS = /cannot have more than ([0-9]+) (?:builds|active builds)/i;

/**
 * The remedy for a full queue. The queue of an account takes five builds for each build that can run at a time.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
 */
export const QUOTA_ADVICE = 'raise the quota "Concurrently running builds for Linux/Small environment" of AWS CodeBuild in Service Quotas, '
  + 'or the quota with the environment type and the size of the project';

/** Whether an error is transient: the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  const { name = '', $metadata } = Object(error) as ErrorFields;
  const status = $metadata?.httpStatusCode ?? 0;
  return isQuotaError(error) || THROTTLING.test(name) || isNetworkError(error) || status === 429 || status >= 500;
}

/** Whether CodeBuild rejects a build because the queue of the account is full. */
export function isQuotaError(error: unknown): boolean {
  return (Object(error) as ErrorFields).name === QUEUE_IS_FULL || buildQuota(error) !== undefined;
}

/** The number of builds that the account can have, if an error contains it. A quota of 0 never has room, and waiting does not help. */
export function buildQuota(error: unknown): number | undefined {
  const [, builds] = MAX_BUILDS.exec((Object(error) as ErrorFields).message ?? '') ?? [];
  return builds === undefined ? undefined : Number(builds);
}

/** Whether a request failed because a host did not respond, or could not be reached. */
export function isNetworkError(error: unknown): boolean {
  const { name = '', code = '' } = Object(error) as ErrorFields;
  return name === 'TimeoutError' || NETWORK.test(code);
}

/** Whether a service reports that a resource does not exist. */
export function isNotFound(error: unknown): boolean {
  return (Object(error) as ErrorFields).name === 'ResourceNotFoundException';
}

/** Writes the name and the message of an error of a service in one line. */
export function formatAwsError(error: unknown): string {
  const { name, code, message } = Object(error) as ErrorFields;
  const kind = name === undefined || name === 'Error' ? code : name;
  return sanitizeLine([kind, message].filter(Boolean).join(': ') || String(error), MAX_MESSAGE_LENGTH);
}

/** The time and the random numbers that starting and following builds depend on. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits for a number of milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  /** A random number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: () => Math.random(),
};
