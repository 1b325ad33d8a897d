import type { HeldCopy } from './held-copy';
import { MirrorError } from '../mirror-error';
import type { MirrorResult } from '../result';

/** The fields of a result about the checks. */
export type AdmissionResult = Pick<MirrorResult,
  'heldBy' | 'eligibleAt' | 'heldSince' | 'heldHours' | 'starved' | 'wouldBeHeldBy' | 'decision' | 'checks'>;

/** The judgment of a new image. */
export type Judgment = AdmittedJudgment | HeldJudgment;

export interface AdmittedJudgment {
  readonly admitted: true;
  /** The digest of the upstream image to serve. */
  readonly digest: string;
  /** The copy in quarantine that was scanned; undefined without a scan. */
  readonly heldCopy?: ScannedCopy;
  readonly result: AdmissionResult;
}

export interface HeldJudgment {
  readonly admitted: false;
  /** The reasons that hold the image, for people. */
  readonly message: string;
  readonly result: AdmissionResult;
}

/** A copy in quarantine, with its digest there. */
export interface ScannedCopy {
  readonly copy: HeldCopy;
  readonly digest: string;
}

/** The images of a tag: upstream's, and that of the mirror. */
export interface ImagesOfTag {
  /** The digest that upstream serves under the tag. */
  readonly upstream: string;
  /** The upstream digest that the mirror serves; undefined when it serves none. */
  readonly served?: string;
}

/** The judgment is out of date: something changed while the image was judged or copied. */
export class StaleJudgmentError extends MirrorError {
  constructor() {
    super('registry-error', 'upstream, the mirror, or a decision about the image changed while it was checked; the next run checks again');
  }
}
