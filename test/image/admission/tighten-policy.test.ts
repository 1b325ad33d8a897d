/** Two policies together: an image that passes the result passes each of them. */
import * as fc from 'fast-check';
import {
  AdmissionPolicy, enforcePolicy, ExceptedFinding, hasChecks, isWorse, LockPolicy, MinimumAgePolicy, ScanPolicy, SEVERITIES, SignaturePolicy,
  tightenPolicy,
} from '../../../src/image/admission/admission-policy';
import { SignatureRule } from '../../../src/image/admission/signature-rule';
import { randomCases } from '../../support/random-cases';

const CVES = ['CVE-2024-1', 'CVE-2024-2', 'CVE-2024-3'];
const DAYS = ['2027-01-01', '2027-02-01', '2027-03-01'];
const TAGS = ['stable', '1.27', '__proto__', 'constructor'];
const DIGESTS = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
const RULES: readonly SignatureRule[] = ['one', 'other', 'third'].map((identity) => ({ kind: 'keyless', issuer: 'https://accounts.google.com', identity }));

/** A new image, as the checks see it. The times of its markers, in hours before now. */
interface Image {
  readonly seen: readonly number[];
  readonly isSuperseded: boolean;
  readonly isFirstCopy: boolean;
  readonly signedBy: readonly SignatureRule[];
  readonly findings: readonly { readonly id: string; readonly severity: string }[];
  readonly tag: string;
  readonly digest: string;
  readonly today: string;
}

const image: fc.Arbitrary<Image> = fc.record({
  seen: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 6 }),
  isSuperseded: fc.boolean(),
  isFirstCopy: fc.boolean(),
  signedBy: fc.subarray([...RULES]),
  findings: fc.array(fc.record({ id: fc.constantFrom(...CVES), severity: fc.constantFrom(...SEVERITIES, 'UNDEFINED', 'NEW') }), { maxLength: 3 }),
  tag: fc.constantFrom(...TAGS),
  digest: fc.constantFrom(...DIGESTS),
  today: fc.constantFrom(...DAYS),
});

const mode = fc.constantFrom('ENFORCE' as const, 'AUDIT' as const);
const hours = fc.integer({ min: 1, max: 12 });
const optional = { requiredKeys: [] as [] };
const minimumAge: fc.Arbitrary<MinimumAgePolicy> = fc.record(
  { mode, hours, maximumGapHours: hours, serveSuperseded: fc.boolean(), holdFirstCopies: fc.boolean() }, { requiredKeys: ['hours', 'maximumGapHours'] });
const exception: fc.Arbitrary<ExceptedFinding> = fc.record({ id: fc.constantFrom(...CVES), expires: fc.constantFrom(...DAYS) });
const scan: fc.Arbitrary<ScanPolicy> = fc.record(
  { mode, maximumSeverity: fc.constantFrom(...SEVERITIES), exceptions: fc.array(exception, { maxLength: 3 }) }, { requiredKeys: ['maximumSeverity'] });
const signature: fc.Arbitrary<SignaturePolicy> = fc.record({ mode, anyOf: fc.subarray([...RULES], { minLength: 1 }) }, { requiredKeys: ['anyOf'] });
const digests = fc.array(fc.tuple(fc.constantFrom(...TAGS), fc.constantFrom(...DIGESTS)), { maxLength: 4 }).map(Object.fromEntries);
const lock: fc.Arbitrary<LockPolicy> = fc.record({ mode, digests }, { requiredKeys: ['digests'] });
const policy: fc.Arbitrary<AdmissionPolicy> = fc.record({ minimumAge, scan, lock, signatures: fc.array(signature, { maxLength: 3 }) }, optional);

/** The age counts from the first marker of a chain without a gap. */
function ageOf({ seen }: Image, maximumGapHours: number): number {
  let age = 0;
  for (const time of [...seen].sort((one, other) => one - other)) {
    if (time - age > maximumGapHours) break;
    age = time;
  }
  return age;
}

/** The checks that hold an image, each with its mode: a plain reading of what a policy says. */
function failures(checks: AdmissionPolicy, candidate: Image): string[] {
  const { lock: locked, minimumAge: age, scan: scanned, signatures = [] } = checks;
  const isExcepted = (id: string) => (scanned?.exceptions ?? []).some((one) => one.id === id && one.expires >= candidate.today);
  const isYoung = age !== undefined && (!candidate.isFirstCopy || age.holdFirstCopies === true)
    && (ageOf(candidate, age.maximumGapHours) < age.hours || (candidate.isSuperseded && age.serveSuperseded !== true));
  const hasFinding = scanned !== undefined
    && candidate.findings.some(({ id, severity }) => isWorse(severity, scanned.maximumSeverity) && !isExcepted(id));
  const isUnlocked = locked !== undefined && Object.getOwnPropertyDescriptor(locked.digests, candidate.tag)?.value !== candidate.digest;
  return [
    ...isYoung ? [`age ${age.mode ?? 'ENFORCE'}`] : [],
    ...hasFinding ? [`scan ${scanned.mode ?? 'ENFORCE'}`] : [],
    ...isUnlocked ? [`lock ${locked.mode ?? 'ENFORCE'}`] : [],
    ...signatures.filter(({ anyOf }) => !candidate.signedBy.some((signed) => anyOf.some((rule) => JSON.stringify(rule) === JSON.stringify(signed))))
      .map((one) => `signature ${one.mode ?? 'ENFORCE'}`),
  ];
}

const check = (property: fc.IProperty<[AdmissionPolicy, AdmissionPolicy, Image]>) => fc.assert(property, { numRuns: randomCases(1_500) });

test('an image that a policy holds is held by the tightened policy too, whichever of the two it is', () => {
  check(fc.property(policy, policy, image, (floor, entry, candidate) => {
    const held = failures(tightenPolicy(floor, entry), candidate);
    for (const failure of [...failures(floor, candidate), ...failures(entry, candidate)]) {
      const enforced = failure.replace('AUDIT', 'ENFORCE');
      // A check that only reports may become one that holds, and never the other way round.
      expect(held.includes(failure) || held.includes(enforced)).toBe(true);
    }
  }));
});

test('the tightened policy has a check exactly if one of the two has one', () => {
  fc.assert(fc.property(policy, policy, (floor, entry) => {
    const both = tightenPolicy(floor, entry);
    expect(hasChecks(both)).toBe(hasChecks(floor) || hasChecks(entry));
    for (const name of ['minimumAge', 'scan', 'lock'] as const) expect(name in both).toBe((floor[name] ?? entry[name]) !== undefined);
  }), { numRuns: randomCases(1_500) });
});

test('the order of two policies changes no decision', () => {
  check(fc.property(policy, policy, image, (floor, entry, candidate) => {
    expect(failures(tightenPolicy(floor, entry), candidate).sort()).toEqual(failures(tightenPolicy(entry, floor), candidate).sort());
  }));
});

test('an entry without checks changes no decision', () => {
  check(fc.property(policy, fc.constant({}), image, (floor, entry, candidate) => {
    expect(new Set(failures(tightenPolicy(floor, entry), candidate))).toEqual(new Set(failures(floor, candidate)));
  }));
});

test('tightening again with the same entry changes no decision', () => {
  check(fc.property(policy, policy, image, (floor, entry, candidate) => {
    const once = tightenPolicy(floor, entry);
    expect(new Set(failures(tightenPolicy(once, entry), candidate))).toEqual(new Set(failures(once, candidate)));
  }));
});

test('an enforced policy holds whatever the policy holds or reports, and reports nothing', () => {
  check(fc.property(policy, fc.constant({}), image, (checks, _, candidate) => {
    const all = failures(checks, candidate).map((failure) => failure.replace('AUDIT', 'ENFORCE'));
    expect(failures(enforcePolicy(checks), candidate)).toEqual(all);
  }));
});

test('the same rules are verified once', () => {
  const signatures = [{ anyOf: RULES }];
  expect(tightenPolicy({ signatures }, { signatures: [{ mode: 'ENFORCE', anyOf: [...RULES] }] })).toEqual({ signatures });
});

test('two locks with different digests for a tag serve neither of them', () => {
  const lockOf = (stable: string) => ({ lock: { digests: { stable, edge: DIGESTS[2] } } });
  const both = tightenPolicy(lockOf(DIGESTS[0]), lockOf(DIGESTS[1]));
  expect(both).toEqual({ lock: { digests: { edge: DIGESTS[2] } } });
});
