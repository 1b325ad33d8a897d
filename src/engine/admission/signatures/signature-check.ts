import type { SignaturePolicy } from '../../../image/admission/admission-policy';
import type { CopyContext } from '../../copy/copy-context';
import type { Candidate, Verdict } from '../check';

/** What the check of signatures needs. */
export interface SignatureCheckOptions {
  readonly policy: SignaturePolicy;
  readonly candidate: Candidate;
  /** Requests to upstream go to `context.source`, and those for what the mirror serves to `context.target`. */
  readonly context: CopyContext;
  /** The path of a JSON file with a list of trust roots; undefined for the engine's own. */
  readonly trustRootFile?: string;
}

/** Checks whether an image has a signature that matches one of the rules. */
export async function checkSignature(_options: SignatureCheckOptions): Promise<Verdict> {
  throw new Error('not built yet');
}
