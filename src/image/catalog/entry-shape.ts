/** The form of an entry of a catalog. The published schema rejects exactly the same entries. */
import { CATALOG_PATTERNS, CatalogEntry } from './catalog-entry';
import { admissionProblem } from './entry-admission';
import { Fields, formatValue, isFields, isList, isText, unknownFieldProblem } from './entry-fields';
import {
  ATTESTATION_POLICIES, AttestationPolicy, TAG_MOVED_POLICIES, TagMovedPolicy, UPSTREAM_GONE_POLICIES, UpstreamGonePolicy,
} from '../contract/environment';
import { didYouMean } from '../did-you-mean';
import { DIGEST_FORMAT, isDigest, MAX_REFERENCE_LENGTH, parseImageReference, withLowercaseRepository } from '../image-reference';
import { parsePlatform } from '../platform';
import { keptImagesProblem } from '../retention';
import { quote } from '../sanitize';
import type { TagKindName } from '../tag-kind';
import { MAX_RANGE_LENGTH, MAX_SELECTED_TAGS, TagSelection, tagSelectionProblem } from '../tag-selection';

const MAX_PLATFORMS = 50;
const MAX_PATTERNS = 100;

/** The fields with a plural name. */
const PLURALS: readonly string[] = ['tags', 'platforms', 'allPlatforms', 'referrers', 'lateReferrers', 'attestations'];

const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

const SINGLE_TAG = 'for a single tag, write it in the image, for example "nginx:1.27.0"';

/** Remedies for fields that people expect, and that do not exist. */
const OTHER_FIELDS: Readonly<Record<string, string>> = {
  tag: SINGLE_TAG,
  version: SINGLE_TAG,
  target: 'a catalog has no targets; the mirror derives them',
  minimumAge: 'write it in the field "admission"',
  maximumSeverity: 'write it in the field "admission"',
  signatures: 'write them in the field "admission"',
  lock: 'write the only valid digest in the field "digest"',
};

/** Names that people expect for the field `image`. */
const IMAGE_NAMES: readonly string[] = ['name', 'repository', 'repo', 'source', 'src', 'uri', 'url'];

/** For each field, a function that returns the problem with its value. */
const FIELDS: Readonly<Record<keyof CatalogEntry, (value: unknown) => string | undefined>> = {
  image: imageProblem,
  tags: (value) => {
    return isFields(value) ? tagsProblem(value) : `they must be an object such as {"semver": ">=1.25 <2"} or {"patterns": ["1.27*"]}; ${SINGLE_TAG}`;
  },
  platforms: platformsProblem,
  allPlatforms: (value) => typeof value === 'boolean' ? undefined : 'they must be true or false, without quotes',
  owner: ownerProblem,
  expires: (value) => isText(value, CATALOG_PATTERNS.expires) ? undefined : 'it must be a date such as "2027-03-31"',
  digest: (value) => typeof value === 'string' && isDigest(value) ? undefined : `it must be ${DIGEST_FORMAT}`,
  tagKind: (value) => TAG_KINDS.includes(value as TagKindName) ? undefined : `it must be one of ${TAG_KINDS.join(', ')}`,
  onTagMoved: (value) => TAG_MOVED_POLICIES.includes(value as TagMovedPolicy) ? undefined : `it must be one of ${TAG_MOVED_POLICIES.join(', ')}`,
  onUpstreamGone: (value) => {
    return UPSTREAM_GONE_POLICIES.includes(value as UpstreamGonePolicy) ? undefined : `it must be one of ${UPSTREAM_GONE_POLICIES.join(', ')}`;
  },
  admission: admissionProblem,
  referrers: (value) => typeof value === 'boolean' ? undefined : 'they must be true or false, without quotes',
  lateReferrers: (value) => typeof value === 'boolean' ? undefined : 'they must be true or false, without quotes',
  attestations: (value) => {
    return ATTESTATION_POLICIES.includes(value as AttestationPolicy) ? undefined : `they must be one of ${ATTESTATION_POLICIES.join(', ')}`;
  },
  keepPrevious: (value) => keptImagesProblem(value, 0),
  keepVersions: (value) => keptImagesProblem(value, 1),
};

/**
 * The problem with the form of an entry, as text; undefined when the form is valid.
 *
 * The published schema rejects exactly the same entries. `readEntries()` checks what a schema cannot.
 */
export function entryShapeProblem(value: unknown): string | undefined {
  if (typeof value === 'string') return fieldProblem('image', value, imageProblem(value));
  if (value === null) return 'it is empty; write an image after the "-", or remove the "-"';
  if (!isFields(value)) return `it is ${formatValue(value)}: it must be an image such as "nginx:stable", or an object with the field "image"`;
  const unknown = splitImageProblem(value) ?? unknownFieldProblem(value, Object.keys(FIELDS), { hint: (name) => otherFieldHint(name, value) });
  if (unknown !== undefined) return unknown;
  if (value.image === undefined) return 'it has no image; add one, for example "image": "nginx:stable"';
  for (const [name, field] of Object.entries(value)) {
    const problem = fieldProblem(name, field, FIELDS[name as keyof CatalogEntry](field));
    if (problem !== undefined) return problem;
  }
  if (value.allPlatforms === true && value.platforms !== undefined) return 'it has both platforms and allPlatforms; remove one of the two';
  if (value.tags === undefined || value.digest === undefined) return undefined;
  return 'it has both tags and digest, but different tags have different digests; remove one of the two';
}

/** The problem with an image that YAML read as a key and a value, because of a space after its colon; undefined for other objects. */
function splitImageProblem(value: Fields): string | undefined {
  const [[name, rest] = [], ...others] = Object.entries(value);
  if (name === undefined || others.length > 0 || name.startsWith('image:') || IMAGE_NAMES.includes(name)) return undefined;
  if ([FIELDS, OTHER_FIELDS].some((known) => Object.hasOwn(known, name))) return undefined;
  if (!isImage(name) || didYouMean(name, Object.keys(FIELDS)) !== undefined) return undefined;
  if (rest === null) return `it is the field ${quote(name)} without a value; remove the colon at the end`;
  if (isFields(rest)) return `it is the field ${quote(name)}; write "image: ${name}", and its settings in the same object`;
  const remedy = 'write an image without a space after the colon, for example "nginx:1.27.0"';
  return `it is the field ${quote(name)} with the value ${formatValue(rest)}; ${remedy}`;
}

/** The checks of an entry are not shown: a private key can be among them. */
function fieldProblem(name: string, value: unknown, problem: string | undefined): string | undefined {
  if (name === 'admission') return problem && `its admission is not valid: ${problem}`;
  return problem === undefined ? undefined : `its ${name} ${PLURALS.includes(name) ? 'are' : 'is'} ${formatValue(value)}: ${problem}`;
}

function imageProblem(value: unknown): string | undefined {
  if (value === null) return 'it has no value; write an image such as "nginx:stable" after the colon';
  if (typeof value !== 'string') return 'it must be a string such as "nginx:stable"; put it in quotes';
  if (isImage(value)) return undefined;
  if (/[\s,]/.test(value.trim())) return 'it must be a single image; write each image as an entry of its own, without other words';
  if (value.includes('#')) return 'it must be an image such as "nginx:stable"; write a space before "#" to start a comment';
  const lowercase = withLowercaseRepository(value);
  if (lowercase !== value && isImage(lowercase)) return `repository names must be lowercase; use ${quote(lowercase)}`;
  try {
    parseImageReference(value);
  } catch (error) {
    return String((error as Error).message).replace(/^invalid image reference .*?": /s, '');
  }
  return 'it must be an image such as "nginx:stable" or "quay.io/prometheus/prometheus:v2.53.0"';
}

function isImage(value: string): boolean {
  return value.length <= MAX_REFERENCE_LENGTH && CATALOG_PATTERNS.image.test(value);
}

function ownerProblem(value: unknown): string | undefined {
  if (isText(value, CATALOG_PATTERNS.owner)) return undefined;
  const form = 'it must be 1 to 100 letters, digits, spaces or any of ". _ @ / + : -", for example "team-payments"';
  return typeof value === 'string' ? form : `${form}; put it in quotes`;
}

function platformsProblem(value: unknown): string | undefined {
  if (!isList(value, MAX_PLATFORMS) || !value.every((item) => typeof item === 'string' && parsePlatform(item) !== undefined)) {
    return `they must be a list of 1 to ${MAX_PLATFORMS} platforms, for example ["linux/amd64", "linux/arm64"]`;
  }
  return new Set(value).size < value.length ? 'they have a duplicate; remove it' : undefined;
}

function tagsProblem(value: Fields): string | undefined {
  const unknown = unknownFieldProblem(value, ['semver', 'variant', 'prereleases', 'latest', 'patterns', 'order', 'exclude']);
  if (unknown !== undefined) return unknown;
  const { semver, variant, prereleases, latest, patterns, exclude } = value;
  if (semver !== undefined && !isText(semver, CATALOG_PATTERNS.semver)) {
    return `its semver must be a range of versions such as ">=1.25 <2", of at most ${MAX_RANGE_LENGTH} characters; put it in quotes`;
  }
  if (variant !== undefined && typeof variant !== 'string') return 'its variant must be a string such as "alpine"; put it in quotes';
  if (prereleases !== undefined && typeof prereleases !== 'boolean') return 'its prereleases must be true or false';
  if (latest !== undefined && !(Number.isInteger(latest) && (latest as number) >= 1 && (latest as number) <= MAX_SELECTED_TAGS)) {
    return `its latest must be a whole number from 1 to ${MAX_SELECTED_TAGS}`;
  }
  for (const [name, list] of Object.entries({ patterns, exclude })) {
    if (list === undefined || (isList(list, MAX_PATTERNS) && list.every((item) => typeof item === 'string'))) continue;
    return `its ${name} must be a list of 1 to ${MAX_PATTERNS} strings such as ["1.27*"]; put each in quotes`;
  }
  return tagSelectionProblem(value as TagSelection);
}

/** The remedy for a field of an entry that people expect; undefined for other fields. */
function otherFieldHint(unknown: string, entry: Fields): string | undefined {
  if (IMAGE_NAMES.includes(unknown) && !Object.hasOwn(entry, 'image')) return 'name the image in the field "image"';
  return Object.hasOwn(OTHER_FIELDS, unknown) ? OTHER_FIELDS[unknown] : undefined;
}
