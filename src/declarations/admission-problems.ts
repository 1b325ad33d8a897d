import { Duration, Token } from 'aws-cdk-lib';
import { AdmissionMode, AdmissionOptions, FindingException, FindingSeverity } from './admission-options';
import { longestPauseHours, RunTimes, windowHours } from './run-interval';
import { MAX_AGE_HOURS } from '../image/admission/admission-policy';
import { MAX_RULES } from '../image/admission/signature-rule';
import { EXPIRES_FORM, isLastDay } from '../image/ownership';
import { quote } from '../image/sanitize';
import { describeValue, FLAG, listOf, objectWith, requireShape, Shape, valueOf } from '../synthesis/shapes';

/** A check, by the names of its options. */
export interface CheckOptions {
  /** The option that turns the check on. */
  readonly check: 'minimumAge' | 'signatures' | 'maximumSeverity' | 'lockFile';
  readonly mode: 'minimumAgeMode' | 'signatureMode' | 'scanMode' | 'lockMode';
  /** The other options of the check. */
  readonly details: readonly (keyof AdmissionOptions)[];
}

/** The check of the age. */
export const AGE: CheckOptions = { check: 'minimumAge', mode: 'minimumAgeMode', details: ['maximumGap', 'serveSuperseded', 'holdFirstCopies'] };
/** The check of signatures. */
export const SIGNATURES: CheckOptions = { check: 'signatures', mode: 'signatureMode', details: [] };
/** The check of findings. */
export const SCAN: CheckOptions = { check: 'maximumSeverity', mode: 'scanMode', details: ['findingExceptions'] };
/** The check of the lock file. */
export const LOCK: CheckOptions = { check: 'lockFile', mode: 'lockMode', details: [] };

const CHECKS = [AGE, SIGNATURES, SCAN, LOCK];

const MODE = valueOf('AdmissionMode', AdmissionMode);
const DURATION = objectWith('toHours', 'Duration.days(7)');

const SHAPES: { readonly [option in keyof AdmissionOptions]-?: Shape } = {
  mode: MODE,
  minimumAge: DURATION,
  minimumAgeMode: MODE,
  maximumGap: DURATION,
  serveSuperseded: FLAG,
  holdFirstCopies: FLAG,
  signatures: listOf(objectWith('_render', 'ImageSignature.publicKey(pem)'), 'ImageSignature.publicKey(pem)'),
  signatureMode: MODE,
  maximumSeverity: valueOf('FindingSeverity', FindingSeverity),
  findingExceptions: listOf(
    { ...objectWith('vulnerability', '{ vulnerability: "CVE-2024-3094", reason: "not reachable", expires: "2027-03-31" }'), wanted: 'an object' },
    '{ vulnerability: "CVE-2024-3094", reason: "not reachable", expires: "2027-03-31" }',
  ),
  scanMode: MODE,
  lockFile: objectWith('_digests', 'ImageLock.fromFile("images.lock.json")'),
  lockMode: MODE,
};

/** The options of an image, or of a mirror, with those that they replace. */
export interface LayeredOptions {
  readonly own: AdmissionOptions;
  /** The options of the mirror; `undefined` for the options of a mirror itself. */
  readonly ofMirror?: AdmissionOptions;
}

/** The value of an option: the own one, or that of the mirror. */
export function optionOf<K extends keyof AdmissionOptions>({ own, ofMirror }: LayeredOptions, name: K): AdmissionOptions[K] {
  return own[name] ?? ofMirror?.[name] ?? undefined;
}

/** The mode of a check. The mode of an image replaces all modes of the mirror. */
export function modeOf({ own, ofMirror }: LayeredOptions, { mode }: CheckOptions): AdmissionMode {
  return own[mode] ?? own.mode ?? ofMirror?.[mode] ?? ofMirror?.mode ?? AdmissionMode.ENFORCE;
}

/** Whether a check is made. */
export function isMade(options: LayeredOptions, check: CheckOptions): boolean {
  return optionOf(options, check.check) !== undefined && modeOf(options, check) !== AdmissionMode.OFF;
}

/** Whether the lock file decides when an image is served, so that its age does not count. */
export function lockDecides(options: LayeredOptions): boolean {
  return isMade(options, LOCK) && modeOf(options, LOCK) === AdmissionMode.ENFORCE;
}

/**
 * Requires that the options of a mirror, of an image, or of a catalog are valid.
 *
 * @param owner what has the options, for errors: `the mirror`
 * @throws Error with all mistakes
 */
export function requireAdmissionOptions(owner: string, options: LayeredOptions, times: RunTimes): void {
  const problems = shapeProblems(options.own);
  if (problems.length === 0) problems.push(...valueProblems(options, times), ...effectProblems(options), ...contradictions(options));
  const subject = `the admission options of ${owner}`;
  if (problems.length === 1) throw new Error(`${subject}: ${problems[0]}`);
  if (problems.length > 1) throw new Error([`${subject} have ${problems.length} mistakes:`, ...problems].join('\n  - '));
}

function shapeProblems(own: unknown): string[] {
  if (Object(own) !== own || Array.isArray(own)) {
    return [`admission must be an object, but it is ${describeValue(own)}; write for example { minimumAge: Duration.days(7) }`];
  }
  return Object.entries(SHAPES).flatMap(([name, shape]) => {
    const value = (own as { readonly [name: string]: unknown })[name] ?? undefined;
    return value === undefined ? [] : problemOf(() => requireShape(name, value, shape));
  });
}

function problemOf(check: () => void): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function valueProblems(options: LayeredOptions, times: RunTimes): string[] {
  const { findingExceptions, maximumGap, minimumAge, signatures } = options.own;
  return [
    ...hoursProblem('minimumAge', minimumAge),
    ...hoursProblem('maximumGap', maximumGap),
    ...isMade(options, AGE) ? gapProblem(optionOf(options, 'maximumGap'), times) : [],
    ...(signatures?.length ?? 0) > MAX_RULES ? [`signatures has ${signatures!.length} signatures, but at most ${MAX_RULES} are allowed; `
      + 'use a pattern for the identity, or set signatures for the images that need them'] : [],
    ...signatures?.length === 0 ? ['signatures is empty; add a signature, or turn the check off with signatureMode: AdmissionMode.OFF'] : [],
    ...exceptionProblems(findingExceptions ?? []),
  ];
}

function hoursProblem(name: string, duration: Duration | undefined): string[] {
  const value = duration ?? undefined;
  if (value === undefined) return [];
  if (value.isUnresolved()) return [`${name} must be known at synthesis, but it is a token; write for example Duration.days(7)`];
  const hours = value.toHours({ integral: false });
  if (Number.isInteger(hours) && hours >= 1 && hours <= MAX_AGE_HOURS) return [];
  const remedy = name === 'minimumAge' ? 'Duration.days(7), or use a lock file to decide about each image' : 'Duration.days(2)';
  return [`${name} ${quote(value.toHumanString() || '0 hours')} must be a whole number of hours from 1 hour to ${MAX_AGE_HOURS / 24} days; `
    + `use for example ${remedy}`];
}

/** The age of an image never grows if the longest time between two runs is shorter than the time between runs. */
function gapProblem(maximumGap: Duration | undefined, { schedule, scheduled, timeWindow }: RunTimes): string[] {
  const interval = scheduled ? longestPauseHours(schedule) : undefined;
  if (interval === undefined || maximumGap?.isUnresolved()) return [];
  const hours = Math.ceil(interval + windowHours(timeWindow));
  if (maximumGap !== undefined && maximumGap.toHours({ integral: false }) < hours) {
    return [`maximumGap ${quote(maximumGap.toHumanString())} is shorter than the ${hours} hours between two runs, so no image becomes old enough; `
      + `use at least Duration.hours(${hours}), or a schedule with more runs`];
  }
  if (hours <= MAX_AGE_HOURS) return [];
  return [`the schedule ${quote(schedule.expressionString)} has runs that are more than ${MAX_AGE_HOURS / 24} days apart, `
    + 'so no image becomes old enough; use a schedule with more runs'];
}

/** The ID of a vulnerability: `CVE-2024-3094`, `GHSA-xxxx-xxxx-xxxx`, `ALAS2-2024-2512`. */
const VULNERABILITY = /^[A-Za-z][A-Za-z0-9]*(?:[-:._][A-Za-z0-9]+)+$/;
const MAX_ID_LENGTH = 64;
const MAX_REASON_LENGTH = 500;

function exceptionProblems(exceptions: readonly FindingException[]): string[] {
  const ids = exceptions.map(({ vulnerability }) => vulnerability);
  const repeated = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
  return [
    ...exceptions.flatMap(exceptionProblem),
    ...repeated.map((id) => `findingExceptions has ${quote(String(id))} twice; remove one of them`),
  ];
}

function exceptionProblem({ expires, reason, vulnerability }: FindingException): string[] {
  const name = `the exception for ${isText(vulnerability) ? quote(vulnerability) : describeValue(vulnerability)}`;
  const isId = isText(vulnerability) && vulnerability.length <= MAX_ID_LENGTH && VULNERABILITY.test(vulnerability);
  const isReason = isText(reason) && reason.trim() !== '' && reason.length <= MAX_REASON_LENGTH;
  return [
    ...isId ? [] : [`${name} is not for a valid ID of a vulnerability; use for example "CVE-2024-3094"`],
    ...isReason ? [] : [`${name} must have a reason of 1 to ${MAX_REASON_LENGTH} characters; `
      + 'write why the finding does not matter here, for example reason: "the vulnerable function is not used"'],
    ...isText(expires) && isLastDay(expires) ? [] : [`expires of ${name} must be ${EXPIRES_FORM}, but it is ${describeValue(expires)}`],
  ];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !Token.isUnresolved(value);
}

/** The own options that change nothing. */
function effectProblems(options: LayeredOptions): string[] {
  const { ofMirror, own } = options;
  const isSet = (name: keyof AdmissionOptions) => (own[name] ?? false) !== false;
  const ofChecks = CHECKS.flatMap((check) => {
    const reason = reasonWithoutEffect(options, check);
    const names = reason === undefined ? [] : [check.mode, ...check.details].filter((name) => isSet(name) && own[name] !== AdmissionMode.OFF);
    return names.map((name) => `${name} has no effect, because ${reason}; remove ${name}`);
  });
  const isModeUseless = isSet('mode') && ofMirror !== undefined && CHECKS.every(({ check }) => optionOf(options, check) === undefined);
  return [
    ...ofChecks,
    ...isModeUseless ? ['mode has no effect, because neither the image nor its mirror has a check; add a check, or remove mode'] : [],
    ...offProblems(options),
  ];
}

function reasonWithoutEffect(options: LayeredOptions, check: CheckOptions): string | undefined {
  if (optionOf(options, check.check) === undefined) return `${check.check} is not set`;
  if (modeOf(options, check) === AdmissionMode.OFF) return 'the check is off';
  return check === AGE && lockDecides(options) && options.own.minimumAge === undefined ? 'the lock file decides when an image is served' : undefined;
}

/** Checks that are set and switched off by the same object, and modes that switch nothing off. */
function offProblems(options: LayeredOptions): string[] {
  const { own, ofMirror } = options;
  const off = CHECKS.filter((check) => modeOf(options, check) === AdmissionMode.OFF);
  const contradictory = off.filter(({ check }) => own[check] !== undefined && own[check] !== null);
  const useless = CHECKS.filter(({ check, mode }) => own[mode] === AdmissionMode.OFF && optionOf({ own, ofMirror }, check) === undefined);
  return [
    ...contradictory.map(({ check, mode }) => {
      const name = own[mode] === undefined ? 'mode' : mode;
      return `${check} is set, but ${name} is OFF, so new images are not checked; remove ${check}, or use AdmissionMode.AUDIT`;
    }),
    ...useless.map(({ check, mode }) => `${mode} is OFF, but ${check} is not set, so there is nothing to turn off; remove ${mode}`),
    ...ofMirror === undefined && own.mode === AdmissionMode.OFF && contradictory.length === 0
      ? ['mode is OFF for the whole mirror, which has no checks then; remove mode'] : [],
  ];
}

function contradictions(options: LayeredOptions): string[] {
  const { own } = options;
  const hasOwnAge = (own.minimumAge ?? undefined) !== undefined && isMade(options, AGE);
  if (!hasOwnAge || !lockDecides(options)) return [];
  const where = (own.lockFile ?? undefined) === undefined ? 'the lock of the mirror' : 'lockFile';
  return [`minimumAge has no effect, because ${where} decides when an image is served; remove minimumAge, or set lockMode: AdmissionMode.OFF`
    + `${where === 'lockFile' ? ' or AUDIT' : ''}`];
}
