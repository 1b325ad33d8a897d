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

/** Whether an error is transient: the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  const { name = '', code = '', $metadata } = Object(error) as ErrorFields;
  const status = $metadata?.httpStatusCode ?? 0;
  return name === QUEUE_IS_FULL || THROTTLING.test(name) || name === 'TimeoutError' || NETWORK.test(code) || status === 429 || status >= 500;
}

/** Whether the account's quota of builds is 0. Waiting does not help then. */
export function hasZeroBuildQuota(error: unknown): boolean {
  const { name, message = '' } = Object(error) as ErrorFields;
  return name === QUEUE_IS_FULL && /more than 0 builds/i.test(message);
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
