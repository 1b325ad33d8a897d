/**
 * The list of images that a mirror publishes for other apps, as JSON in parameters. The mirror writes it, and `ImageMirror.fromLookup()` reads it.
 *
 * The head has the first images and the number of parts. A parameter has at most 4 KB, so a long list has several parts.
 */
import { InvalidReferenceError, parseImageReference } from './image-reference';
import { parseJson } from './parse-json';
import { parsePlatform } from './platform';
import { repositoryNameProblem } from './repository-name';
import { quote } from './sanitize';

/** The version of the format. A reader rejects other versions. */
export const PUBLISHED_VERSION = 1;

/** The start of the names of the parameters. */
const PARAMETER_FOLDER = '/cdk-ecr-mirror/';

/**
 * Parameter Store allows 4,096 characters in a standard parameter.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
const MAX_VALUE_LENGTH = 4_096;

/** The characters of a part without its images. The account and the Region may be pseudo parameters, so their length is not known. */
const RESERVED_LENGTH = 296;

/** The maximum number of parts that a reader accepts: about 100 images each. */
const MAX_PARTS = 200;

/** An image of a mirror, as other apps need to know it. All values are literal. */
export interface PublishedImage {
  /** The upstream image as `docker pull` accepts it; without a tag if a filter selects the tags. */
  readonly image: string;
  /** Whether a filter selects the tags. */
  readonly filtered?: boolean;
  /** The name of the repository, if it differs from the default. */
  readonly repository?: string;
  /** For a customized image: the name of the repository of the unchanged image, if it differs from the default. */
  readonly original?: string;
  /** The tag in Amazon ECR, if it differs from the default. */
  readonly tag?: string;
  /** The platforms, if the mirror has a subset of them, and for a customized image. */
  readonly platforms?: readonly string[];
  /** The platforms that the mirror keeps separate tags of, for AWS Lambda. */
  readonly platformTags?: readonly string[];
  /** For a customized image: the 12 hexadecimal digits at the end of its tags. */
  readonly custom?: string;
}

/** The published list of a mirror. */
export interface PublishedList {
  /** The account and Region of the mirror, so that a reader notices another mirror: `111122223333.eu-west-1`. */
  readonly registry: string;
  readonly prefix: string;
  /** A digest of all images, in each part. Parts of two deployments have different digests. */
  readonly digest: string;
  readonly images: readonly PublishedImage[];
}

/** The first part of a list, or the only one. */
export interface PublishedHead extends PublishedList {
  readonly parts: number;
}

/** The name of the parameter with a part. A repository prefix is in lower case, so no other mirror has this name. */
export function publishedParameterName(prefix: string, part: number = 1): string {
  return `${PARAMETER_FOLDER}${prefix}${part === 1 ? '' : `/Part${part}`}`;
}

/** The images in their order in the list, each list with the images of one part. */
export function splitIntoParts(images: readonly PublishedImage[]): PublishedImage[][] {
  const parts: PublishedImage[][] = [[]];
  let remaining = MAX_VALUE_LENGTH - RESERVED_LENGTH;
  const sorted = images.map((image) => ({ image, text: formatEntry(image) })).sort((one, other) => one.text < other.text ? -1 : 1);
  for (const { image, text } of sorted) {
    const last = parts[parts.length - 1];
    const length = last.length > 0 && isSameRepository(last[last.length - 1], image) ? tagOf(image)!.tag.length + 3 : text.length + GROUP_LENGTH;
    if (length > remaining && last.length > 0) {
      parts.push([]);
      remaining = MAX_VALUE_LENGTH - RESERVED_LENGTH - GROUP_LENGTH - text.length;
    } else {
      remaining -= length;
    }
    parts[parts.length - 1].push(image);
  }
  return parts;
}

/** The characters around an image and its tag in a group. */
const GROUP_LENGTH = 7;

/** Whether two images have only names, which differ in nothing but the tag. A list has their repository once. */
function isSameRepository(one: PublishedImage, other: PublishedImage): boolean {
  const name = tagOf(one)?.name;
  return name !== undefined && name === tagOf(other)?.name;
}

/** The name and the tag of an image that has only a name; `undefined` for other images. */
function tagOf(image: PublishedImage): { readonly name: string; readonly tag: string } | undefined {
  const [, name, tag] = isNameOnly(image) ? /^([^@]+):([^/:@]+)$/.exec(image.image) ?? [] : [];
  return tag === undefined ? undefined : { name, tag };
}

function isNameOnly(image: PublishedImage): boolean {
  return Object.values(image).filter((value) => value !== undefined).length === 1;
}

/** Formats all images as text. The digest of the list is made from this text. */
export function formatImages(images: readonly PublishedImage[]): string {
  const groups: PublishedImage[][] = [];
  for (const image of images) {
    const last = groups[groups.length - 1];
    if (last !== undefined && isSameRepository(last[0], image)) last.push(image);
    else groups.push([image]);
  }
  return `[${groups.map(formatGroup).join(',')}]`;
}

/** Several tags of a repository are a list: its name, and the tags. */
function formatGroup(group: readonly PublishedImage[]): string {
  return group.length === 1 ? formatEntry(group[0]) : JSON.stringify([tagOf(group[0])!.name, ...group.map((image) => tagOf(image)!.tag)]);
}

export function formatHead({ registry, prefix, digest, images, parts }: PublishedHead): string {
  return `${JSON.stringify({ version: PUBLISHED_VERSION, registry, prefix, digest, parts }).slice(0, -1)},"images":${formatImages(images)}}`;
}

/** A part after the first. */
export function formatPart(digest: string, part: number, images: readonly PublishedImage[]): string {
  return `${JSON.stringify({ version: PUBLISHED_VERSION, digest, part }).slice(0, -1)},"images":${formatImages(images)}}`;
}

/** An image with only a name is a string, because most images are, and a parameter is small. */
function formatEntry(image: PublishedImage): string {
  return JSON.stringify(isNameOnly(image) ? image.image : image);
}

/** @throws Error when the text is not a valid head of a list */
export function parseHead(text: string): PublishedHead {
  const { registry, prefix, digest, parts, images, ...others } = parseVersioned(text);
  requireOnly(others);
  const hasTexts = typeof registry === 'string' && typeof prefix === 'string' && isDigestText(digest);
  if (!hasTexts || !/^[0-9]{12}\.[a-z0-9-]{1,40}$/.test(registry) || repositoryNameProblem(prefix) !== undefined) {
    throw new Error('"registry", "prefix" or "digest" is not valid');
  }
  const isCount = Number.isSafeInteger(parts) && Number(parts) >= 1 && Number(parts) <= MAX_PARTS;
  if (!isCount) throw new Error(`"parts" must be a number from 1 to ${MAX_PARTS}`);
  return { registry, prefix, digest, parts: Number(parts), images: parseEntries(images) };
}

/**
 * Parses a part after the first.
 *
 * @throws Error when the text is not valid, or belongs to another head
 */
export function parsePart(text: string, { digest: expected }: PublishedHead, number: number): readonly PublishedImage[] {
  const { digest, part, images, ...others } = parseVersioned(text);
  requireOnly(others);
  if (digest !== expected || part !== number) throw new Error('the parts of the list are from different deployments');
  return parseEntries(images);
}

function parseVersioned(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not a JSON object');
  const { version, ...fields } = value as Record<string, unknown>;
  if (version === PUBLISHED_VERSION) return fields;
  throw new Error(`its version is ${quote(String(version))}, but this version of cdk-ecr-mirror reads version ${PUBLISHED_VERSION}; `
    + 'update cdk-ecr-mirror in both apps');
}

function parseEntries(entries: unknown): PublishedImage[] {
  if (!Array.isArray(entries)) throw new Error('"images" must be a list');
  return entries.flatMap((entry) => {
    if (Array.isArray(entry)) return entry.slice(1).map((tag) => parseEntry({ image: `${entry[0]}:${tag}` }));
    return parseEntry(typeof entry === 'string' ? { image: entry } : Object(entry));
  });
}

function parseEntry(entry: Record<string, unknown>): PublishedImage {
  const { image, filtered, repository, original, tag, platforms, platformTags, custom, ...others } = entry;
  requireOnly(others);
  if (typeof image !== 'string') throw new Error('an image has no name');
  const isValid = [
    isReference(image),
    filtered === undefined || filtered === true,
    [repository, original].every((name) => name === undefined || (typeof name === 'string' && repositoryNameProblem(name) === undefined)),
    tag === undefined || (typeof tag === 'string' && /^\w[\w.-]{0,127}$/.test(tag)),
    [platforms, platformTags].every((list) => list === undefined || isPlatforms(list)),
    custom === undefined || isDigestText(custom),
  ].every(Boolean);
  if (!isValid) throw new Error(`the image ${quote(image)} is not valid`);
  return { image, filtered, repository, original, tag, platforms, platformTags, custom } as PublishedImage;
}

function isReference(image: string): boolean {
  try {
    return parseImageReference(image) !== undefined;
  } catch (error) {
    if (error instanceof InvalidReferenceError) return false;
    throw error;
  }
}

function isPlatforms(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0 && list.every((text) => typeof text === 'string' && parsePlatform(text) !== undefined);
}

/** Whether a value is the start of a digest, as `shortDigest()` returns it. */
function isDigestText(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{12}$/.test(value);
}

function requireOnly(others: object): void {
  const [name] = Object.keys(others);
  if (name !== undefined) throw new Error(`it has the unknown field ${quote(name)}`);
}
