/** The signatures that an image may have. */

/** The fields of all rules. */
interface SignatureThresholds {
  /** The number of transparency logs that must have the signature. Absent for 1; for a public key, for 0. */
  readonly logs?: number;
  /** The number of timestamps of time-stamp authorities that the signature must have. Absent for 0. */
  readonly timestamps?: number;
}

/** A signature with a certificate for an identity. */
export interface KeylessRule extends SignatureThresholds {
  readonly kind: 'keyless';
  /** The exact OIDC issuer: `https://token.actions.githubusercontent.com`. */
  readonly issuer: string;
  /** The identity in the certificate. `*` stands for any characters except `/`; all other characters stand for themselves. */
  readonly identity: string;
}

/** A signature with a key. */
export interface PublicKeyRule extends SignatureThresholds {
  readonly kind: 'key';
  /** The public key in PEM format. */
  readonly pem: string;
}

/** The provenance of a build in GitHub Actions. */
export interface ProvenanceRule extends SignatureThresholds {
  readonly kind: 'provenance';
  readonly issuer: string;
  /** The source repository of the build: `owner/name`. */
  readonly repository: string;
  /** The workflow that signs, with its repository: `owner/name/.github/workflows/release.yml`. */
  readonly workflow: string;
  /** The Git reference of the source. `*` stands for any characters except `/`. */
  readonly ref: string;
  /** The numeric ID of the source repository, which a new repository of the same name does not have. */
  readonly repositoryId?: string;
  /** The numeric ID of the owner of the source repository. */
  readonly ownerId?: string;
}

/** A rule for signatures. */
export type SignatureRule = KeylessRule | PublicKeyRule | ProvenanceRule;

/** The most that a threshold can ask for. */
export const MAX_THRESHOLD = 3;

/**
 * The regular expression for a pattern of identities or Git references: anchored, and with all characters escaped except `*`, which stands for any
 * characters except `/`.
 */
export function patternExpression(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`);
}
