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
  /** A bundle that is loaded on demand has its own copy of this class. By their names, errors of one copy are errors of the other. */
  static [Symbol.hasInstance](this: { readonly name: string }, value: unknown): boolean {
    let prototype = value instanceof Object ? Object.getPrototypeOf(value) : null;
    while (prototype !== null && prototype.constructor?.name !== this.name) prototype = Object.getPrototypeOf(prototype);
    return prototype !== null;
  }

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
