import { sanitizeLine } from '../image/sanitize';

/** What went wrong with builds, in words for whoever wanted them. */
export class BuildsError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'BuildsError';
  }
}

/** The fields of an error of the AWS SDK, or of Node's network, that tell what it is. */
interface ServiceFailure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const LONGEST_MESSAGE = 300;

/** The name of CodeBuild's error for a queue that is full. */
const QUEUE_IS_FULL = 'AccountLimitExceededException';

const THROTTLING = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i;
const NETWORK = /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/;

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  const { name = '', code = '', $metadata } = Object(error) as ServiceFailure;
  const status = $metadata?.httpStatusCode ?? 0;
  return name === QUEUE_IS_FULL || THROTTLING.test(name) || name === 'TimeoutError' || NETWORK.test(code) || status === 429 || status >= 500;
}

/** Whether an account may not run any build, which no waiting changes. */
export function hasZeroBuildQuota(error: unknown): boolean {
  const { name, message = '' } = Object(error) as ServiceFailure;
  return name === QUEUE_IS_FULL && /more than 0 builds/i.test(message);
}

/** Whether a service says that something does not exist. */
export function isNotFound(error: unknown): boolean {
  return (Object(error) as ServiceFailure).name === 'ResourceNotFoundException';
}

/** What a service said, in one line. */
export function formatAwsError(error: unknown): string {
  const { name, code, message } = Object(error) as ServiceFailure;
  const kind = name === undefined || name === 'Error' ? code : name;
  return sanitizeLine([kind, message].filter(Boolean).join(': ') || String(error), LONGEST_MESSAGE);
}

/** Time and chance, as far as builds are started and followed by them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  /** A number from 0 to 1, the latter excluded. */
  random(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: () => Math.random(),
};
