import type { AdmissionPolicy, CheckPolicy } from '../../image/admission/admission-policy';
import type { MirrorResult } from '../../image/contract/mirror-result';

/**
 * The names of the checks of an image: `age`, `signature`, `scan`, and `lock`, with `(audit)` for a check in audit mode. Empty for an image without
 * checks.
 */
export function checkNames({ lock, minimumAge, scan, signatures = [] }: AdmissionPolicy = {}): string[] {
  const named: readonly (readonly [string, CheckPolicy | undefined])[] = [
    ['age', minimumAge], ...signatures.map((policy) => ['signature', policy] as const), ['scan', scan], ['lock', lock],
  ];
  return [...new Set(named.flatMap(([name, policy]) => policy === undefined ? [] : [policy.mode === 'AUDIT' ? `${name} (audit)` : name]))];
}

/** The outcome of an image, with what holds it, until when, and what would hold it: `held by minimum-age until 2027-03-31 12:00 UTC`. */
export function outcomeText({ dryRun, eligibleAt, heldBy = [], outcome, wouldBeHeldBy = [] }: MirrorResult): string {
  const audit = wouldBeHeldBy.length === 0 ? '' : ` (audit: ${wouldBeHeldBy.join(', ')})`;
  if (outcome !== 'held') return `${dryRun && outcome === 'copied' ? 'would copy' : outcome}${audit}`;
  const checks = heldBy.length === 0 ? '' : ` by ${heldBy.join(', ')}`;
  const until = eligibleAt === undefined ? '' : ` until ${eligibleAt.slice(0, 16).replace('T', ' ')} UTC`;
  return `held${checks}${until}${audit}`;
}
