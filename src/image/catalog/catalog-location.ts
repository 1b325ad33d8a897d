import { formatImageReference, ImageReference, quote } from '../image-reference';
import { CUSTOM_REPOSITORIES, DEFAULT_REPOSITORY_PREFIX, mirrorRepositoryName } from '../repository-name';
import { tagKind, TagKindName } from '../tag-kind';

/**
 * Where a catalog lies, as the construct writes it into a schedule's input and the engine reads it.
 */

/** A parameter of the Systems Manager Parameter Store, or an object in Amazon S3. */
export type CatalogLocation = { readonly parameter: string } | { readonly bucket: string; readonly key: string };

const PARAMETER = /^\/?[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The characters of a key that mean the same in every URL; no part of it is `.` or `..`. */
const KEY = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+)*$/;

const LONGEST_NAME = 1_011;
const LONGEST_KEY = 1_024;

/** A location as it is written into a variable: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
export function formatCatalogLocation(location: CatalogLocation): string {
  return 'parameter' in location ? `ssm:${location.parameter}` : `s3://${location.bucket}/${location.key}`;
}

/** Parses a location; undefined when it is none. */
export function parseCatalogLocation(text: string): CatalogLocation | undefined {
  if (text.startsWith('ssm:')) {
    const parameter = text.slice('ssm:'.length);
    return isParameterName(parameter) ? { parameter } : undefined;
  }
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
  return bucket !== undefined && BUCKET.test(bucket) && isObjectKey(key) ? { bucket, key } : undefined;
}

/** Whether a text is the name of a parameter. */
export function isParameterName(text: string): boolean {
  return text.length <= LONGEST_NAME && PARAMETER.test(text);
}

/** Whether a text is the key of an object that a catalog can be. */
export function isObjectKey(text: string): boolean {
  return text.length <= LONGEST_KEY && KEY.test(text);
}

/**
 * Days as a catalog writes them: `2027-03-31`, in UTC.
 */

const MILLISECONDS_IN_A_DAY = 86_400_000;

/** Whether a text of the right form is a day that the calendar has. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && dayOf(time) === text;
}

/** The day of a time in milliseconds since the epoch. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** How many days there are from one day to another; negative when the other was before. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(day) - Date.parse(today)) / MILLISECONDS_IN_A_DAY);
}

/**
 * The images of a catalog as far as they matter to a template: the contract between the construct, which reads a file at synthesis,
 * and the bundled parser, which it reads it with.
 */

/** An image of a catalog, or a selection of tags. */
export interface CatalogImage {
  /** The host of its registry. */
  readonly registry: string;
  /** The upstream repository with its registry: what decides which build mirrors it. */
  readonly upstream: string;
  /** The upstream image in its canonical spelling; without a tag where tags are selected. */
  readonly source: string;
  /** How many tags are mirrored; undefined where nobody knows. */
  readonly tags?: number;
  /** How many platforms are mirrored; undefined for all. */
  readonly platforms?: number;
}

/** The images of a catalog, or why it is none. */
export interface CatalogImages {
  readonly images: readonly CatalogImage[];
  /** What is wrong with it, each with its place, in words; empty when nothing is. */
  readonly problems: readonly string[];
}

/** What the bundled parser exports. */
export interface CatalogParser {
  readonly catalogImages: (text: string, repositoryPrefix: string) => CatalogImages;
}

/**
 * The repositories of a catalog's images. Nobody knows them when a template is written, so Amazon ECR creates each when it is first pushed to,
 * as a repository creation template says. A template makes all tags immutable or none, so that tags that float have repositories of their own.
 */

/** What is left to an image that no catalog can have. */
const REMEDY = 'mirror it with addImage() and a repositoryName';

/** What the names of repositories start with that hold tags that float. */
export function floatingRepositoryPrefix(prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  return prefix === '' ? 'floating' : `${prefix}-floating`;
}

/** The kind of a tag of a catalog, listed or selected: what its entry says, or else by its form, so that its repository follows from its name. */
export function catalogTagKind(tag: string, said?: TagKindName): TagKindName {
  return said ?? tagKind(tag);
}

/**
 * The repository for a tag of an upstream image: `mirror/nginx` for `1.27.0`, `mirror-floating/nginx` for `stable`.
 *
 * @throws Error when Amazon ECR allows no such name, and when it would be among the repositories of customized images
 */
export function catalogRepositoryName(image: ImageReference, kind: TagKindName, prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  const start = kind === 'fixed' ? prefix : floatingRepositoryPrefix(prefix);
  const name = mirrorRepositoryName(image, start, REMEDY);
  if (name.startsWith(start === '' ? `${CUSTOM_REPOSITORIES}/` : `${start}/${CUSTOM_REPOSITORIES}/`)) {
    throw new Error(`${quote(formatImageReference(image))} would be mirrored as ${quote(name)}, and "${CUSTOM_REPOSITORIES}/" is for customized images; ${REMEDY}`);
  }
  return name;
}
