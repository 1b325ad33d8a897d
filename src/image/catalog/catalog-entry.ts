/**
 * Catalogs: lists of images outside of templates. A catalog is untrusted input, so each of its entries must match a grammar.
 * The published schema `schemas/image-catalog-1.schema.json` defines the same form.
 */

import { ATTESTATION_POLICIES, AttestationPolicy, TAG_MOVED_POLICIES, TagMovedPolicy } from '../contract/environment';
import { didYouMean } from '../did-you-mean';
import { DIGEST_FORMAT, isDigest, MAX_REFERENCE_LENGTH, MAX_TAG_LENGTH, parseImageReference, withLowercaseRepository } from '../image-reference';
import { parsePlatform } from '../platform';
import { keptImagesProblem } from '../retention';
import { MAX_QUOTED_LENGTH, quote, redactCredentials, sanitizeForLog } from '../sanitize';
import { TagKindName } from '../tag-kind';
import { MAX_RANGE_LENGTH, MAX_SELECTED_TAGS, TagSelection, tagSelectionProblem } from '../tag-selection';

/** A catalog entry: an image, or the selected tags of a repository. */
export interface CatalogEntry {
  /** The upstream image in any spelling; with `tags` a repository, without a tag or digest. */
  readonly image: string;
  /** The tags of the repository to mirror. */
  readonly tags?: TagSelection;
  /** The platforms to mirror; by default those of the catalog, as far as upstream has them. */
  readonly platforms?: readonly string[];
  /** Whether to mirror all platforms, although the catalog has a list of platforms; false by default. */
  readonly allPlatforms?: boolean;
  /** The owner of the image, which each result of the image contains. */
  readonly owner?: string;
  /** The last day on which the image is mirrored, in UTC: `2027-03-31`. */
  readonly expires?: string;
  /** The digest that the upstream tag must have. */
  readonly digest?: string;
  /** The kind of the tag; by default derived from its form. */
  readonly tagKind?: TagKindName;
  /** The policy when a fixed tag has moved upstream; `FAIL` by default. */
  readonly onTagMoved?: TagMovedPolicy;
  /** Whether to copy signatures and other referrers; by default as the catalog says. */
  readonly referrers?: boolean;
  /** Whether to look for referrers of an unchanged image that were published later; true by default. */
  readonly lateReferrers?: boolean;
  /** The policy for the attestations of an index; `KEEP_IF_ACCEPTED` by default. */
  readonly attestations?: AttestationPolicy;
  /** The number of previous images that a floating tag keeps; by default as for the other images of the mirror. */
  readonly keepPrevious?: number;
  /** With `tags`: the number of the newest versions that stay in the mirror; all by default. */
  readonly keepVersions?: number;
}

/** An image of a catalog, or the selected tags of a repository, with the facts that a construct needs at synthesis. */
export interface CatalogImage {
  /** The host of its registry. */
  readonly registry: string;
  /** The upstream repository with its registry. All images of a repository are in the same shard. */
  readonly upstream: string;
  /** The upstream image in canonical spelling; without a tag when a tag filter selects the tags. */
  readonly source: string;
  /** The number of mirrored tags; undefined when it is not known. */
  readonly tags?: number;
  /** The number of mirrored platforms, if its entry has platforms of its own. */
  readonly platforms?: number;
  /** Whether all its platforms are mirrored, although the catalog has a list of platforms. */
  readonly allPlatforms?: boolean;
}

/** The images of a catalog, or its problems. */
export interface CatalogImages {
  readonly images: readonly CatalogImage[];
  /** The problems, each with its position in the catalog; empty when the catalog is valid. */
  readonly problems: readonly string[];
}

/** The exports of the bundled catalog parser, which constructs load at synthesis. */
export interface CatalogParser {
  readonly catalogImages: (text: string, repositoryPrefix: string) => CatalogImages;
}

/** The version of the catalog schema. */
const CATALOG_VERSION = 1;

/** The maximum number of entries in a catalog. */
export const MAX_CATALOG_ENTRIES = 5_000;

/** The patterns of fields, which are the same in the published schema. */
export const CATALOG_PATTERNS = {
  /** An image reference. `parseImageReference()` checks what a pattern cannot. */
  image: new RegExp('^(?:(?:[A-Za-z0-9][A-Za-z0-9.-]*|\\[[A-Fa-f0-9:.]+\\])(?::[0-9]{1,5})?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*'
    + `(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,${MAX_TAG_LENGTH - 1}})?(?:@sha256:[a-f0-9]{64})?$`),
  owner: /^[A-Za-z0-9](?:[A-Za-z0-9 ._@/+:-]{0,98}[A-Za-z0-9])?$/,
  expires: /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/,
  semver: new RegExp(`^[0-9A-Za-z.*<>=|^~+ -]{1,${MAX_RANGE_LENGTH}}$`),
} as const;

const MAX_PLATFORMS = 50;
const MAX_PATTERNS = 100;

/** The fields with a plural name. */
const PLURALS: readonly string[] = ['tags', 'platforms', 'allPlatforms', 'referrers', 'lateReferrers', 'attestations'];

const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

type Fields = Readonly<Record<string, unknown>>;

const SINGLE_TAG = 'for a single tag, write it in the image, for example "nginx:1.27.0"';

/** Remedies for fields that people expect, and that do not exist. */
const OTHER_FIELDS: Readonly<Record<string, string>> = {
  tag: SINGLE_TAG,
  version: SINGLE_TAG,
  target: 'a catalog has no targets; the mirror derives them',
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
  const unknown = splitImageProblem(value) ?? unknownFieldProblem(value, Object.keys(FIELDS));
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

/** The problem with a catalog apart from its entries, as text; undefined when it is valid. */
export function catalogShapeProblem(value: unknown): string | undefined {
  if (value === null) return 'it is empty; add images, for example {"images": ["nginx:stable"]}';
  if (Array.isArray(value)) {
    return 'the top level must be an object with "images:"; put "images:" above the list, or in JSON {"images": [...]} around it';
  }
  if (!isFields(value)) return 'the top level must be an object with "images:", for example {"images": ["nginx:stable"]}';
  const unknown = unknownFieldProblem(value, ['version', 'images'], ['$schema']);
  if (unknown !== undefined) return unknown;
  const { $schema, version, images } = value;
  if ($schema !== undefined && typeof $schema !== 'string') return 'its $schema must be the URL of the schema, as a string';
  if (version !== undefined && version !== CATALOG_VERSION) {
    return `its version is ${formatValue(version)}, and this version of cdk-ecr-mirror supports only ${CATALOG_VERSION}`;
  }
  if (!Array.isArray(images)) return imagesProblem(images);
  if (images.length === 0) return 'images is empty; add images, or disable the schedule';
  if (images.length <= MAX_CATALOG_ENTRIES) return undefined;
  return `it has ${images.length} images, and ${MAX_CATALOG_ENTRIES} is the maximum; divide it into several catalogs`;
}

/** The problem with `images` that are not a list. The text says how the value was read. */
function imagesProblem(images: unknown): string {
  const form = 'write each image in a line that starts with "- ", or in JSON {"images": ["nginx:stable"]}';
  if (images === undefined) return `it has no list of images; add "images:", and below it ${form}`;
  if (images === null) return `its images have no value; below "images:", ${form}`;
  if (typeof images === 'string' && images.startsWith('-')) return `its images are the text ${formatValue(images)}; write a space after each "-"`;
  return `its images are ${isFields(images) ? `an object, ${formatValue(images)}` : formatValue(images)}, and not a list; ${form}`;
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

/** A value of valid form as an entry. */
export function toCatalogEntry(value: unknown): CatalogEntry {
  return typeof value === 'string' ? { image: value } : value as CatalogEntry;
}

function fieldProblem(name: string, value: unknown, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `its ${name} ${PLURALS.includes(name) ? 'are' : 'is'} ${formatValue(value)}: ${problem}`;
}

/** A value as an error shows it, without the credentials that an image may contain. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return quote(redactCredentials(value));
  return sanitizeForLog(JSON.stringify(value) ?? 'nothing', MAX_QUOTED_LENGTH);
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

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isList(value: unknown, maxLength: number): value is unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= maxLength;
}

/**
 * The problem with an unknown field of an object, as text; undefined when all fields are valid.
 *
 * @param known the valid fields
 * @param unlisted valid fields that the text does not list
 */
function unknownFieldProblem(value: object, known: readonly string[], unlisted: readonly string[] = []): string | undefined {
  const unknown = Object.keys(value).find((name) => !known.includes(name) && !unlisted.includes(name));
  if (unknown === undefined) return undefined;
  const joined = known.find((name) => unknown.startsWith(`${name}:`));
  if (joined !== undefined) {
    return `it has the field ${quote(unknown)}; write a space after the colon: ${quote(unknown.replace(':', ': '))}`;
  }
  const suggestion = didYouMean(unknown, known);
  const hint = otherFieldHint(unknown, known, value) ?? (suggestion === undefined ? '' : ` (did you mean ${quote(suggestion)}?)`);
  return `it has the unknown field ${quote(unknown)}${hint}; valid fields are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
}

/** The remedy for a field of an entry that people expect; undefined for other fields. */
function otherFieldHint(unknown: string, known: readonly string[], value: object): string | undefined {
  if (!known.includes('image')) return undefined;
  if (IMAGE_NAMES.includes(unknown) && !Object.hasOwn(value, 'image')) return ' (name the image in the field "image")';
  return Object.hasOwn(OTHER_FIELDS, unknown) ? ` (${OTHER_FIELDS[unknown]})` : undefined;
}

const MILLISECONDS_PER_DAY = 86_400_000;

/** Whether a text of the form `2027-03-31` is a day in the calendar. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && formatDay(time) === text;
}

/** The day of a time in milliseconds since the epoch, as a catalog spells it: `2027-03-31`, in UTC. */
export function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The number of days from one day to another; negative when the other day is earlier. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(day) - Date.parse(today)) / MILLISECONDS_PER_DAY);
}
