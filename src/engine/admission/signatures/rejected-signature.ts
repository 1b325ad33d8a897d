import type { HeldBy } from '../../../image/contract/mirror-result';

/**
 * How far a signature came, the first problem first. The reason of the signature that came furthest helps people most.
 *
 * - `malformed`: it cannot be read, or is of an unsupported kind
 * - `other-kind`: it is a statement that is not a signature, such as the report of a test
 * - `other-image`: it is for another digest or repository
 * - `other-signer`: it is not by the key of the rule, or has no certificate
 * - `not-valid`: the signature or its certificate is not valid
 * - `unknown-authority`: the trust root doesn't have its log or certificate authority
 * - `no-evidence`: it has too few log entries or timestamps
 * - `other-identity`: it is valid, and by another identity
 * - `downgrade`: it matches a rule, and is older than the signature of the image that is served
 */
export const STAGES = [
  'malformed', 'other-kind', 'other-image', 'other-signer', 'not-valid', 'unknown-authority', 'no-evidence', 'other-identity', 'downgrade',
] as const;

export type Stage = typeof STAGES[number];

/** Why a signature does not count. The message is a part of a sentence: `it is for the digest sha256:…`. */
export class RejectedSignature extends Error {
  constructor(readonly stage: Stage, message: string) {
    super(message);
    this.name = 'RejectedSignature';
  }

  /** Whether this reason helps people more than another one. */
  isMoreHelpful(other: RejectedSignature | undefined): boolean {
    return other === undefined || STAGES.indexOf(this.stage) > STAGES.indexOf(other.stage);
  }

  get heldBy(): HeldBy {
    switch (this.stage) {
      case 'other-kind':
        return 'unsigned';
      case 'unknown-authority':
        return 'trust-root-outdated';
      case 'downgrade':
        return 'downgrade';
      default:
        return 'invalid-signature';
    }
  }
}

/** Runs a task of a library on data from outside. Each error rejects the signature, also a TypeError. */
export function rejectErrors<T>(stage: Stage, problem: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof RejectedSignature) throw error;
    throw new RejectedSignature(stage, problem);
  }
}
