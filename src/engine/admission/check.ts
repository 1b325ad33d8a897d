import type { HeldBy } from '../../image/contract/mirror-result';
import type { ImageReference } from '../../image/image-reference';

/** The upstream image that a check judges. */
export interface Candidate {
  /** The upstream image with its tag. */
  readonly source: ImageReference;
  readonly target: ImageReference & { readonly tag: string };
  /** The digest of the upstream image, before any selection of platforms. */
  readonly digest: string;
  /** The upstream digest that the tag of the mirror serves now; undefined when it serves none. */
  readonly served?: string;
  /** Whether nothing may be written. */
  readonly dryRun: boolean;
}

/** The judgment of one check. */
export type Verdict = PassedVerdict | FailedVerdict;

export interface PassedVerdict {
  readonly passed: true;
  /** The finding of the check, for people: `signed by https://github.com/…, verified for 2027-03-31T12:00:00Z`. */
  readonly note?: string;
}

export interface FailedVerdict {
  readonly passed: false;
  readonly heldBy: HeldBy;
  /** A part of a sentence for people, with the remedy: `it has no signature by …; wait until upstream signs it`. */
  readonly message: string;
  /** The time from which the check can pass, in milliseconds since the epoch. */
  readonly eligibleAt?: number;
}
