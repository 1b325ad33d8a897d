/**
 * The decision of a person about an image, as its build reports it: the last line of its log, and the detail of its event.
 *
 * A line has no field `outcome`, so metrics and queries of results do not count it.
 */
import type { AdmissionDecision, FailureReason } from './mirror-result';

/** The detail of an event, apart from its version. */
export interface DecisionDetail extends Omit<AdmissionDecision, 'decision'> {
  /** The upstream image with its tag: `docker.io/library/nginx:stable`. */
  readonly source: string;
  /** The repository in the mirror: `mirror/nginx`. */
  readonly repository: string;
  readonly tag: string;
  /** The digest of the upstream image. */
  readonly digest: string;
  /** The tags of the repository that serve a refused image. Absent when they are not known, and for a release. */
  readonly servedBy?: readonly string[];
}

/** A decision that was recorded. */
export interface RecordedDecision extends DecisionDetail {
  readonly decision: AdmissionDecision['decision'];
  /** A sentence for people: what follows, and what to do. */
  readonly message: string;
}

/** A decision that was not recorded. */
export interface FailedDecision {
  readonly decision: 'failed';
  /** The image as the variable has it; empty when it is not valid. */
  readonly source: string;
  readonly failure: FailureReason;
  readonly message: string;
}

/** The last line of the log. */
export type DecisionResult = RecordedDecision | FailedDecision;
