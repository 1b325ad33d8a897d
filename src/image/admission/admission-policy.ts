/**
 * The checks that a new image must pass before a tag serves it. Constructs write them into the variables of builds, and the engine reads them.
 */
import type { SignatureRule } from './signature-rule';

/** The effect of a check: `ENFORCE` holds an image that fails it, and `AUDIT` only reports what it would hold. */
export type AdmissionModeName = 'ENFORCE' | 'AUDIT';

/** The severities of findings, the least severe first. */
export const SEVERITIES = ['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;

/** The severity of a finding of Amazon ECR, apart from `UNDEFINED`. */
export type Severity = typeof SEVERITIES[number];

/** The fields of all checks. */
export interface CheckPolicy {
  /** Absent for `ENFORCE`. */
  readonly mode?: AdmissionModeName;
}

/** The age that a new image must have, counted from when the mirror first saw its digest under its tag. */
export interface MinimumAgePolicy extends CheckPolicy {
  readonly hours: number;
  /** The longest time between two runs that saw the digest. After a longer gap, the age starts again. */
  readonly maximumGapHours: number;
  /** Whether a digest that upstream has already replaced can be served when it is old enough. */
  readonly serveSuperseded?: boolean;
  /** Whether also the first copy of an image is held. */
  readonly holdFirstCopies?: boolean;
}

/** The signatures that an image must have: one that matches one of the rules. */
export interface SignaturePolicy extends CheckPolicy {
  readonly anyOf: readonly SignatureRule[];
}

/** A finding that does not hold an image until a day. */
export interface ExceptedFinding {
  /** The ID of the vulnerability: `CVE-2024-3094`. */
  readonly id: string;
  /** The last day of the exception, in UTC: `2027-03-31`. */
  readonly expires: string;
}

/** The findings that an image may have. */
export interface ScanPolicy extends CheckPolicy {
  /** The worst severity that an image may have. */
  readonly maximumSeverity: Severity;
  readonly exceptions?: readonly ExceptedFinding[];
}

/** The only digests that tags may serve. */
export interface LockPolicy extends CheckPolicy {
  /** The digests of the upstream image, by the tag in the mirror. A tag that is not listed is held. */
  readonly digests: Readonly<Record<string, string>>;
}

/** The checks of an image. An absent check is not made. */
export interface AdmissionPolicy {
  readonly minimumAge?: MinimumAgePolicy;
  /** Each of them must pass. */
  readonly signatures?: readonly SignaturePolicy[];
  readonly scan?: ScanPolicy;
  readonly lock?: LockPolicy;
}

/** Whether a policy has a check. */
export function hasChecks({ lock, minimumAge, scan, signatures = [] }: AdmissionPolicy): boolean {
  return lock !== undefined || minimumAge !== undefined || scan !== undefined || signatures.length > 0;
}

/** Whether a severity is worse than the worst that an image may have. An unknown severity is worse than all others. */
export function isWorse(severity: string, maximum: Severity): boolean {
  if (severity === 'UNDEFINED' || severity === 'UNTRIAGED') return false;
  const rank = SEVERITIES.indexOf(severity as Severity);
  return rank === -1 || rank > SEVERITIES.indexOf(maximum);
}

/** The longest age in hours: 60 days. */
export const MAX_AGE_HOURS = 60 * 24;

/** The longest time between two runs, in hours, where the times of runs are not known: a week, and one day for a run that starts late. */
export const DEFAULT_GAP_HOURS = 8 * 24;

/** The digest that a lock has for a tag. */
export function lockedDigest({ digests }: LockPolicy, tag: string): string | undefined {
  return Object.hasOwn(digests, tag) ? digests[tag] : undefined;
}

/**
 * The policy of which the checks of two policies hold. An image that passes it passes each of them: no check is lost, and none is weaker.
 *
 * A check in both policies becomes one check with the stricter value of each field. So it can be stricter than either of them.
 */
export function tightenPolicy(floor: AdmissionPolicy, entry: AdmissionPolicy): AdmissionPolicy {
  const signatures = withoutDuplicates([...floor.signatures ?? [], ...entry.signatures ?? []]);
  return {
    ...optional('minimumAge', tighter(floor.minimumAge, entry.minimumAge, tighterAge)),
    ...signatures.length === 0 ? {} : { signatures },
    ...optional('scan', tighter(floor.scan, entry.scan, tighterScan)),
    ...optional('lock', tighter(floor.lock, entry.lock, tighterLock)),
  };
}

/** The same policy with all checks enforced. */
export function enforcePolicy({ lock, minimumAge, scan, signatures }: AdmissionPolicy): AdmissionPolicy {
  return {
    ...optional('minimumAge', minimumAge && enforced(minimumAge)),
    ...optional('signatures', signatures?.map(enforced)),
    ...optional('scan', scan && enforced(scan)),
    ...optional('lock', lock && enforced(lock)),
  };
}

function enforced<T extends CheckPolicy>({ mode: _mode, ...check }: T): Omit<T, 'mode'> {
  return check;
}

function tighter<T extends CheckPolicy>(floor: T | undefined, entry: T | undefined, combine: (floor: T, entry: T) => T): T | undefined {
  if (floor === undefined || entry === undefined) return floor ?? entry;
  return { ...mode(floor, entry), ...combine(floor, entry) };
}

function tighterAge(floor: MinimumAgePolicy, entry: MinimumAgePolicy): MinimumAgePolicy {
  return {
    hours: Math.max(floor.hours, entry.hours),
    maximumGapHours: Math.min(floor.maximumGapHours, entry.maximumGapHours),
    ...floor.serveSuperseded && entry.serveSuperseded ? { serveSuperseded: true } : {},
    ...floor.holdFirstCopies || entry.holdFirstCopies ? { holdFirstCopies: true } : {},
  };
}

/** An exception must be in both policies, and ends on the earlier day. */
function tighterScan(floor: ScanPolicy, entry: ScanPolicy): ScanPolicy {
  const [maximumSeverity] = [floor.maximumSeverity, entry.maximumSeverity].sort((one, other) => SEVERITIES.indexOf(one) - SEVERITIES.indexOf(other));
  const exceptions = (floor.exceptions ?? []).flatMap(({ expires, id }) => {
    const days = (entry.exceptions ?? []).filter((exception) => exception.id === id).map((exception) => exception.expires);
    const last = days.sort().at(-1);
    return last === undefined ? [] : [{ id, expires: last < expires ? last : expires }];
  });
  return { maximumSeverity, ...exceptions.length === 0 ? {} : { exceptions } };
}

/** A tag may serve a digest only if both locks have it. A tag that is not listed is held. */
function tighterLock(floor: LockPolicy, entry: LockPolicy): LockPolicy {
  const same = Object.entries(floor.digests).filter(([tag, digest]) => lockedDigest(entry, tag) === digest);
  return { digests: Object.fromEntries(same) };
}

/** Verifying signatures twice by the same rules costs time, and the result is the same. */
function withoutDuplicates(policies: readonly SignaturePolicy[]): SignaturePolicy[] {
  const keys = policies.map(({ anyOf, mode: effect = 'ENFORCE' }) => JSON.stringify([effect, anyOf]));
  return policies.filter((_, index) => keys.indexOf(keys[index]) === index);
}

/** A check that both policies only audit is audited. */
function mode(floor: CheckPolicy, entry: CheckPolicy): CheckPolicy {
  return floor.mode === 'AUDIT' && entry.mode === 'AUDIT' ? { mode: 'AUDIT' } : {};
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : { [name]: value } as { readonly [name in K]?: V };
}
