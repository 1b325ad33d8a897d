/**
 * A catalog: a list of images that lies outside of a template. Whoever may edit the list may write anything into it, so every entry is held
 * to a grammar. The published schema, `schemas/image-catalog-1.schema.json`, says the same about the form of a list.
 */

import { TAG_MOVED_POLICIES, TagMovedPolicy } from '../contract/environment';
import { isDigest, parseImageReference, quote, redactCredentials, repositoryIn } from '../image-reference';
import { parsePlatform } from '../platform';
import { escapeControlCharacters } from '../sanitize';
import { TagKindName } from '../tag-kind';
import { MAX_RANGE_LENGTH, MAX_SELECTED_TAGS, TagSelection, tagSelectionProblem } from '../tag-selection';

/** One image of a catalog, or the tags of a repository. */
export interface CatalogEntry {
  /** The upstream image, as `docker pull` takes it; with `tags` a repository, without a tag or digest. */
  readonly image: string;
  /** Which tags of the repository are mirrored. */
  readonly tags?: TagSelection;
  /** The platforms that are mirrored; all by default. */
  readonly platforms?: readonly string[];
  /** Who answers for the image; told with each of its results. */
  readonly owner?: string;
  /** The last day on which the image is mirrored, as `2027-03-31`. */
  readonly expires?: string;
  /** The only digest that the upstream tag may have. */
  readonly digest?: string;
  /** Whether the tag moves; judged by its form by default. */
  readonly tagKind?: TagKindName;
  /** What a run does when a fixed tag has moved. */
  readonly onTagMoved?: TagMovedPolicy;
  /** Whether signatures and other referrers come along; they do by default. */
  readonly referrers?: boolean;
}

/** The versions of the form of a list. */
export const CATALOG_VERSION = 1;

/** A list has so many entries at most. */
export const MAX_CATALOG_ENTRIES = 5_000;

/** What its parts are written with: the same as in the published schema. */
export const CATALOG_PATTERNS = {
  /** An image reference, as far as a pattern can tell. */
  image: new RegExp('^(?:(?:[A-Za-z0-9][A-Za-z0-9.-]*|\\[[A-Fa-f0-9:.]+\\])(?::[0-9]{1,5})?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*'
    + '(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[a-f0-9]{64})?$'),
  owner: /^[A-Za-z0-9](?:[A-Za-z0-9 ._@/+:-]{0,98}[A-Za-z0-9])?$/,
  expires: /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/,
  semver: new RegExp(`^[0-9A-Za-z.*<>=|^~+ -]{1,${MAX_RANGE_LENGTH}}$`),
} as const;

const LONGEST_IMAGE = 1_024;
const LONGEST_SHOWN = 200;
const MOST_PLATFORMS = 50;
const MOST_PATTERNS = 100;

/** The fields of an entry whose names are plurals. */
const PLURALS: readonly string[] = ['tags', 'platforms', 'referrers'];

const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

type Fields = Readonly<Record<string, unknown>>;

/** What must hold of each field; the word is the reason that it does not. */
const FIELDS: Readonly<Record<keyof CatalogEntry, (value: unknown) => string | undefined>> = {
  image: imageProblem,
  tags: (value) => isFields(value) ? tagsProblem(value) : 'they must be an object such as {"semver": ">=1.25 <2"} or {"patterns": ["1.27*"]}',
  platforms: platformsProblem,
  owner: ownerProblem,
  expires: (value) => isText(value, CATALOG_PATTERNS.expires) ? undefined : 'it must be a day such as "2027-03-31"',
  digest: (value) => typeof value === 'string' && isDigest(value) ? undefined : 'it must be "sha256:" and 64 lower-case hexadecimal digits',
  tagKind: (value) => TAG_KINDS.includes(value as TagKindName) ? undefined : `it must be one of ${TAG_KINDS.join(', ')}`,
  onTagMoved: (value) => TAG_MOVED_POLICIES.includes(value as TagMovedPolicy) ? undefined : `it must be one of ${TAG_MOVED_POLICIES.join(', ')}`,
  referrers: (value) => typeof value === 'boolean' ? undefined : 'they must be true or false',
};

/**
 * What is wrong with the form of an entry, in words; undefined when it is one.
 *
 * The published schema refuses exactly the same. What no schema can tell is the business of `readCatalogEntry()`.
 */
export function entryShapeProblem(value: unknown): string | undefined {
  if (typeof value === 'string') return named('image', value, imageProblem(value));
  if (!isFields(value)) return 'it must be an image such as "nginx:stable", or an object with the field image';
  const unknown = unknownFieldProblem(value, Object.keys(FIELDS));
  if (unknown !== undefined) return unknown;
  if (value.image === undefined) return 'it has no image; write for example "image": "nginx:stable"';
  for (const [name, field] of Object.entries(value)) {
    const problem = named(name, field, FIELDS[name as keyof CatalogEntry](field));
    if (problem !== undefined) return problem;
  }
  return value.tags !== undefined && value.digest !== undefined ? 'it has tags and a digest, and several tags have several digests; leave one of them out' : undefined;
}

/** What is wrong with a list around its entries, in words; undefined when nothing is. */
export function catalogShapeProblem(value: unknown): string | undefined {
  if (value === null) return 'it is empty; write for example {"images": ["nginx:stable"]}';
  if (Array.isArray(value)) return 'it is a list and no more; write "images:" on a line above it, or in JSON {"images": [...]} around it';
  if (!isFields(value)) return 'it must be an object with a list of images, for example {"images": ["nginx:stable"]}';
  const unknown = unknownFieldProblem(value, ['version', 'images'], ['$schema']);
  if (unknown !== undefined) return unknown;
  const { $schema, version, images } = value;
  if ($schema !== undefined && typeof $schema !== 'string') return 'its field $schema must be the address of the schema, as a text';
  if (version !== undefined && version !== CATALOG_VERSION) return `its version is ${shown(version)}, and this version of cdk-ecr-mirror reads ${CATALOG_VERSION}`;
  if (!Array.isArray(images)) return 'it has no list of images, for example {"images": ["nginx:stable"]}';
  if (images.length === 0) return 'its list of images is empty; to mirror nothing, disable the schedule';
  return images.length > MAX_CATALOG_ENTRIES ? `it has ${images.length} images, and ${MAX_CATALOG_ENTRIES} is the limit; divide it into several catalogs` : undefined;
}

/** The entry that a value of the right form is. */
export function toCatalogEntry(value: unknown): CatalogEntry {
  return typeof value === 'string' ? { image: value } : value as CatalogEntry;
}

function named(name: string, value: unknown, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `its ${name} ${PLURALS.includes(name) ? 'are' : 'is'} ${shown(value)}: ${problem}`;
}

/** A value as an error may show it; a password in front of an image is none of the log's business. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quote(redactCredentials(value));
  const text = JSON.stringify(value) ?? 'nothing';
  return escapeControlCharacters(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text);
}

function imageProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'it must be a text such as "nginx:stable"; put it in quotes';
  if (isImage(value)) return undefined;
  const name = repositoryIn(value);
  const lower = name.toLowerCase() + value.slice(name.length);
  if (lower !== value && isImage(lower)) return `a repository is in lower case; write ${quote(lower)}`;
  try {
    parseImageReference(value);
  } catch (error) {
    return String((error as Error).message).replace(/^invalid image reference .*?": /s, '');
  }
  return 'it must be an image such as "nginx:stable" or "quay.io/prometheus/prometheus:v2.53.0"';
}

function isImage(value: string): boolean {
  return value.length <= LONGEST_IMAGE && CATALOG_PATTERNS.image.test(value);
}

function ownerProblem(value: unknown): string | undefined {
  if (isText(value, CATALOG_PATTERNS.owner)) return undefined;
  const form = 'it must be 1 to 100 letters, digits, spaces and any of ". _ @ / + : -", for example "team-payments"';
  return typeof value === 'string' ? form : `${form}; put it in quotes`;
}

function platformsProblem(value: unknown): string | undefined {
  if (!isList(value, MOST_PLATFORMS) || !value.every((one) => typeof one === 'string' && parsePlatform(one) !== undefined)) {
    return `they must be a list of 1 to ${MOST_PLATFORMS} platforms, for example ["linux/amd64", "linux/arm64"]`;
  }
  return new Set(value).size < value.length ? 'they name a platform twice' : undefined;
}

function tagsProblem(value: Fields): string | undefined {
  const unknown = unknownFieldProblem(value, ['semver', 'variant', 'prereleases', 'latest', 'patterns', 'exclude']);
  if (unknown !== undefined) return unknown;
  const { semver, variant, prereleases, latest, patterns, exclude } = value;
  if (semver !== undefined && !isText(semver, CATALOG_PATTERNS.semver)) return 'its semver must be a range of versions such as ">=1.25 <2", of at most 200 characters; put it in quotes';
  if (variant !== undefined && typeof variant !== 'string') return 'its variant must be a text such as "alpine"; put it in quotes';
  if (prereleases !== undefined && typeof prereleases !== 'boolean') return 'its prereleases must be true or false';
  if (latest !== undefined && !(Number.isInteger(latest) && (latest as number) >= 1 && (latest as number) <= MAX_SELECTED_TAGS)) return `its latest must be a whole number from 1 to ${MAX_SELECTED_TAGS}`;
  for (const [name, list] of Object.entries({ patterns, exclude })) {
    if (list !== undefined && !(isList(list, MOST_PATTERNS) && list.every((one) => typeof one === 'string'))) return `its ${name} must be a list of 1 to ${MOST_PATTERNS} texts such as ["1.27*"]; put each in quotes`;
  }
  return tagSelectionProblem(value as TagSelection);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isList(value: unknown, most: number): value is unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= most;
}

/** Names that differ in more places are not the same name misspelled. */
const MOST_DIFFERENCES = 3;

/** How much of the longer of two names may differ. */
const LARGEST_PART = 0.5;

/**
 * What is wrong with the names of an object's fields, in words; undefined when nothing is.
 *
 * @param known the fields that there are
 * @param untold those that are not worth telling of
 */
export function unknownFieldProblem(value: object, known: readonly string[], untold: readonly string[] = []): string | undefined {
  const unknown = Object.keys(value).find((name) => !known.includes(name) && !untold.includes(name));
  if (unknown === undefined) return undefined;
  const near = nearest(unknown, known);
  const hint = near === undefined ? '' : ` (did you mean ${quote(near)}?)`;
  return `it has the unknown field ${quote(unknown)}${hint}; there are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
}

/** The name that somebody may have meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((other) => [distance(name.toLowerCase(), other.toLowerCase()) / Math.max(name.length, other.length), other] as const);
  const [[part, near]] = distances.sort(([one], [other]) => one - other);
  return part < LARGEST_PART ? near : undefined;
}

/** In how many places two names differ: characters that are too many, missing or others; infinitely many where it is not worth counting. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MOST_DIFFERENCES) return Infinity;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const above = row;
    row = [index + 1];
    for (let at = 0; at < other.length; at++) {
      row.push(Math.min(row[at] + 1, above[at + 1] + 1, above[at] + (character === other[at] ? 0 : 1)));
    }
  }
  const last = row[other.length];
  return last > MOST_DIFFERENCES ? Infinity : last;
}
