import { Duration } from 'aws-cdk-lib';
import { AdmissionMode, AdmissionOptions } from './admission-options';
import {
  AGE, CheckOptions, isMade, LayeredOptions, LOCK, lockDecides, modeOf, optionOf, requireAdmissionOptions, SCAN, SIGNATURES,
} from './admission-problems';
import { longestPauseHours, RunTimes, windowHours } from './run-interval';
import {
  AdmissionPolicy, CheckPolicy, DEFAULT_GAP_HOURS, LockPolicy, MAX_AGE_HOURS, MinimumAgePolicy, ScanPolicy, SignaturePolicy,
} from '../image/admission/admission-policy';
import { quote } from '../image/sanitize';
import { hasDummy } from '../synthesis/lookups';

/** An image to which a lock file applies. */
export interface LockedImage {
  /** The upstream image. Without a tag where a filter selects the tags. */
  readonly source: string;
  /** The tag in the mirror; `undefined` where a filter selects the tags. */
  readonly tag?: string;
}

/**
 * Resolves the checks of the new images of a mirror, of an image, or of a catalog.
 *
 * @param owner what has the options, for errors: `the mirror`
 * @param layers the options, with those of the mirror
 * @param image the image to which a lock file applies; without it, the result has no lock
 * @throws Error with all mistakes of the options
 */
export function declareAdmission(owner: string, layers: LayeredOptions, times: RunTimes, image?: LockedImage): AdmissionPolicy {
  requireAdmissionOptions(owner, layers, times);
  return {
    ...field('minimumAge', lockDecides(layers) ? undefined : agePolicy(layers, times)),
    ...field('signatures', signaturePolicies(layers)),
    ...field('scan', scanPolicy(layers)),
    ...field('lock', image && lockPolicy(layers, image)),
  };
}

/** The kinds of declarations with checks of new images. */
interface Checked {
  readonly admission?: AdmissionOptions;
}

/** The options of an image or a catalog, with those of its mirror. */
export function layersOf(own: Checked, ofMirror: Checked): LayeredOptions {
  return { own: own.admission ?? {}, ofMirror: ofMirror.admission ?? {} };
}

/** The checks of the new images of an image, and why its lock file cannot decide about it. */
export interface ImageAdmission {
  readonly admission: AdmissionPolicy;
  readonly lockProblem?: string;
}

/**
 * Resolves the checks of an image.
 *
 * @throws Error with all mistakes of the options
 */
export function declareImageAdmission(image: LockedImage, layers: LayeredOptions, times: RunTimes): ImageAdmission {
  return { admission: declareAdmission(quote(image.source), layers, times, image), lockProblem: missingLockProblem(layers, image) };
}

function missingLockProblem(layers: LayeredOptions, image: LockedImage): string | undefined {
  // The first pass of a lookup does not know the image.
  if (!isMade(layers, LOCK) || hasDummy(image.source)) return undefined;
  const digests = lockedDigests(layers, image);
  if (Object.keys(digests).length > 0) return undefined;
  return `the lock file has no digest for ${quote(image.source)}${image.tag === undefined ? ' with a tag filter' : ''}, so the mirror would hold it; `
    + `add it with cdk-ecr-mirror lock --update ${image.source}, or turn the check off for this image with lockMode: AdmissionMode.OFF`;
}

/** A policy without its lock, as the variable of a run has it. The variable `LOCK` has the lock. */
export function formatChecks({ lock: _, ...checks }: AdmissionPolicy): string {
  return JSON.stringify(checks);
}

function agePolicy(layers: LayeredOptions, times: RunTimes): MinimumAgePolicy | undefined {
  if (!isMade(layers, AGE)) return undefined;
  return {
    ...modeField(layers, AGE),
    hours: hoursIn(optionOf(layers, 'minimumAge')!),
    maximumGapHours: gapHours(optionOf(layers, 'maximumGap'), times),
    ...field('serveSuperseded', optionOf(layers, 'serveSuperseded') || undefined),
    ...field('holdFirstCopies', optionOf(layers, 'holdFirstCopies') || undefined),
  };
}

/**
 * The time between two runs after which an age starts again: half an interval more than usual, but at most two intervals where the time window
 * allows it. An image that is hidden from one run then starts its age again. So does an image after a run that starts late, which is safe.
 */
function gapHours(chosen: Duration | undefined, { schedule, scheduled, timeWindow }: RunTimes): number {
  if (chosen !== undefined) return hoursIn(chosen);
  const interval = scheduled ? longestPauseHours(schedule) : undefined;
  if (interval === undefined) return DEFAULT_GAP_HOURS;
  const late = windowHours(timeWindow);
  return Math.min(MAX_AGE_HOURS, Math.ceil(Math.min(interval * 1.5 + late, Math.max(interval * 2, interval + late))));
}

function hoursIn(duration: Duration): number {
  return duration.toHours({ integral: false });
}

function signaturePolicies(layers: LayeredOptions): SignaturePolicy[] | undefined {
  if (!isMade(layers, SIGNATURES)) return undefined;
  return [{ ...modeField(layers, SIGNATURES), anyOf: optionOf(layers, 'signatures')!.map((signature) => signature._render()) }];
}

/** The reasons of exceptions are for readers of the app. Variables have a maximum length. */
function scanPolicy(layers: LayeredOptions): ScanPolicy | undefined {
  if (!isMade(layers, SCAN)) return undefined;
  const exceptions = optionOf(layers, 'findingExceptions')?.map(({ expires, vulnerability }) => ({ id: vulnerability, expires })) ?? [];
  return {
    ...modeField(layers, SCAN),
    maximumSeverity: optionOf(layers, 'maximumSeverity')!,
    ...exceptions.length === 0 ? {} : { exceptions },
  };
}

function lockPolicy(layers: LayeredOptions, image: LockedImage): LockPolicy | undefined {
  return isMade(layers, LOCK) ? { ...modeField(layers, LOCK), digests: lockedDigests(layers, image) } : undefined;
}

/** The digests of an image in the lock file. A lock file can have more tags of an image than a single one needs. */
function lockedDigests(layers: LayeredOptions, { source, tag }: LockedImage): LockPolicy['digests'] {
  const digests = optionOf(layers, 'lockFile')!._digests(source) ?? {};
  if (tag === undefined) return digests;
  return Object.hasOwn(digests, tag) ? { [tag]: digests[tag] } : {};
}

function modeField(layers: LayeredOptions, check: CheckOptions): CheckPolicy {
  return modeOf(layers, check) === AdmissionMode.AUDIT ? { mode: 'AUDIT' } : {};
}

function field<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : { [name]: value } as { readonly [name in K]?: V };
}
