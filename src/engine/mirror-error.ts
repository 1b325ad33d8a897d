import type { FailureReason } from './result';

/** Options of a `MirrorError`. */
export interface MirrorErrorOptions {
  /** Whether the same request may succeed later. */
  readonly retryable?: boolean;
  /** The pause that the registry asks for before the next attempt. */
  readonly retryAfterSeconds?: number;
  /** Whether the registry asks for fewer requests. */
  readonly overloaded?: boolean;
  /** The HTTP status of the registry's response. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** An expected failure: a message for people, and a reason for programs. The message never contains a secret. */
export class MirrorError extends Error {
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly overloaded: boolean;
  readonly status?: number;

  constructor(readonly reason: FailureReason, message: string, options: MirrorErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'MirrorError';
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.overloaded = options.overloaded ?? false;
    this.status = options.status;
  }
}
