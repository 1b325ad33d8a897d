import type { FailureReason } from './result';

/** Options of a `MirrorError`. */
export interface MirrorErrorOptions {
  /** Whether the same request may succeed later. */
  readonly retryable?: boolean;
  /** How long the registry asked to wait before the next try. */
  readonly retryAfterSeconds?: number;
  /** What brought it about. */
  readonly cause?: unknown;
}

/** A failure in words for people, with the reason in a word for programs. Its message never holds a secret. */
export class MirrorError extends Error {
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;

  constructor(readonly reason: FailureReason, message: string, options: MirrorErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'MirrorError';
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
