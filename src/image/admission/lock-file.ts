/**
 * The lock file: the only digests that tags of a mirror may serve. The command line writes it, people review it, and constructs read it.
 *
 * Only `digest` decides. The other fields are what the command read when it locked the image, and help reviewers. Each image is one line, and the
 * lines are in alphabetical order, so a change of an image is a change of one line.
 */
import { DIGEST_FORMAT, formatImageReference, InvalidReferenceError, isDigest, parseImageReference } from '../image-reference';
import { jsonAmbiguity, parseJson } from '../parse-json';
import { parsePlatform } from '../platform';
import { quote } from '../sanitize';

/** The version of the format. A reader rejects other versions. */
export const LOCK_FILE_VERSION = 1;

/** The usual name of a lock file. */
export const DEFAULT_LOCK_FILE = 'images.lock.json';

/** The maximum number of images in a lock file. */
export const MAX_LOCKED_IMAGES = 5_000;

/** The maximum length of a lock file, in characters. */
export const MAX_LOCK_FILE_LENGTH = 4 * 1024 * 1024;

/** The maximum number of platforms of an image in a lock file. */
export const MAX_LOCKED_PLATFORMS = 100;

/** A locked image. */
export interface LockEntry {
  /** The only digest that the tag may serve: that of upstream, before any selection of platforms. */
  readonly digest: string;
  /** The platforms of the image, for reviewers. */
  readonly platforms?: readonly string[];
  /** The compressed size in bytes for `linux/amd64`, or else for the first platform, for reviewers. */
  readonly size?: number;
  /** The build time in the configuration of the image, for reviewers. The author of an image can write any time. */
  readonly created?: string;
}

/** Locked images by their references with a tag, in canonical spelling: `docker.io/library/nginx:stable`. */
export type LockedImages = ReadonlyMap<string, LockEntry>;

/** An error about a lock file that is not valid. */
export class InvalidLockFileError extends Error {
  /** @param problems what is wrong, each with the remedy */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'InvalidLockFileError';
  }
}

/** Formats a lock file. Equal images give equal text. */
export function formatLockFile(images: LockedImages): string {
  const sorted = [...images].sort(([one], [other]) => one < other ? -1 : 1);
  const lines = sorted.map(([image, locked]) => `    ${JSON.stringify(image)}: ${formatEntry(locked)}`);
  const body = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `{\n  "version": ${LOCK_FILE_VERSION},\n  "images": ${body}\n}\n`;
}

function formatEntry({ created, digest, platforms, size }: LockEntry): string {
  const fields = Object.entries({ digest, platforms, size, created }).filter(([, value]) => value !== undefined);
  return `{ ${fields.map(([name, value]) => `${JSON.stringify(name)}: ${formatValue(value)}`).join(', ')} }`;
}

function formatValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : JSON.stringify(value);
}

/**
 * Parses a lock file.
 *
 * @throws InvalidLockFileError with all problems of the file
 */
export function parseLockFile(text: string): LockedImages {
  if (text.length > MAX_LOCK_FILE_LENGTH) throw new InvalidLockFileError([`it is longer than ${MAX_LOCK_FILE_LENGTH} characters; lock fewer images`]);
  const content = text.replace(/^\uFEFF/, '');
  const value = parseJson(content);
  if (!isObject(value)) throw new InvalidLockFileError([NO_OBJECT]);
  const ambiguity = jsonAmbiguity(content, { names: KNOWN_NAMES, integers: ['version', 'size'] });
  if (ambiguity !== undefined) throw new InvalidLockFileError([`it ${ambiguity}; correct it, or write the file again with "cdk-ecr-mirror lock"`]);
  const { images, version, ...unknown } = value;
  if (version !== LOCK_FILE_VERSION) throw new InvalidLockFileError([versionProblem(version)]);
  const problems = Object.keys(unknown).map((name) => unknownField('it', name, ['version', 'images']));
  if (!isObject(images)) throw new InvalidLockFileError([...problems, 'its "images" must be an object with a locked image in each field']);
  const entries = Object.entries(images);
  if (entries.length > MAX_LOCKED_IMAGES) problems.push(`it has ${entries.length} images, and ${MAX_LOCKED_IMAGES} is the limit; use several files`);
  else problems.push(...entries.flatMap(([image, locked]) => entryProblems(image, locked)));
  if (problems.length > 0) throw new InvalidLockFileError(problems);
  return new Map(entries as [string, LockEntry][]);
}

const NO_OBJECT = 'it is not a JSON object; resolve the conflicts of a merge, or write the file again with "cdk-ecr-mirror lock"';

const ENTRY_FIELDS = ['digest', 'platforms', 'size', 'created'];
const KNOWN_NAMES = ['version', 'images', ...ENTRY_FIELDS];

function versionProblem(version: unknown): string {
  if (Number.isSafeInteger(version) && (version as number) > LOCK_FILE_VERSION) {
    return `it has version ${version}, and this version of cdk-ecr-mirror reads version ${LOCK_FILE_VERSION}; update cdk-ecr-mirror`;
  }
  return `its "version" must be ${LOCK_FILE_VERSION}, the version of the format`;
}

function unknownField(where: string, name: string, known: readonly string[]): string {
  return `${where} has the unknown field ${quote(name)}; use only ${known.map((field) => `"${field}"`).join(', ')}`;
}

/** The problems of the field of an image, as texts. */
function entryProblems(image: string, locked: unknown): string[] {
  const where = quote(image);
  const problems = referenceProblems(image);
  if (!isObject(locked)) return [...problems, `${where} must be an object, for example { "digest": "sha256:…" }`];
  const { created, digest, platforms, size, ...unknown } = locked;
  if (digest === undefined) problems.push(`${where} has no "digest"; write ${DIGEST_FORMAT}`);
  else if (typeof digest !== 'string' || !isDigest(digest)) problems.push(`${where}: ${shown(digest)} is not a valid digest; write ${DIGEST_FORMAT}`);
  if (platforms !== undefined && !isPlatformList(platforms)) problems.push(`${where}: "platforms" must be a list such as ["linux/amd64"]`);
  if (size !== undefined && !(Number.isSafeInteger(size) && (size as number) >= 0)) problems.push(`${where}: "size" must be a number of bytes`);
  if (created !== undefined && !isLockedTime(created)) problems.push(`${where}: "created" must be a time such as "2027-03-31T12:00:00Z"`);
  return [...problems, ...Object.keys(unknown).map((name) => unknownField(where, name, ENTRY_FIELDS))];
}

/** The problem of the reference of a locked image, as a list; empty when it is valid. */
function referenceProblems(image: string): string[] {
  try {
    const { digest, tag, ...reference } = parseImageReference(image);
    if (digest !== undefined) return [`${quote(image)} must not have a digest; write the digest in "digest", and keep the tag`];
    const canonical = formatImageReference({ ...reference, tag });
    return canonical === image ? [] : [`${quote(image)} is not in its full spelling; write ${quote(canonical)}`];
  } catch (error) {
    if (error instanceof InvalidReferenceError) return [error.message];
    throw error;
  }
}

function isPlatformList(value: unknown): boolean {
  const isPlatform = (item: unknown) => typeof item === 'string' && parsePlatform(item) !== undefined;
  return Array.isArray(value) && value.length <= MAX_LOCKED_PLATFORMS && value.every(isPlatform);
}

/** Whether a value is a time as a lock file has it: `2027-03-31T12:00:00Z`. */
export function isLockedTime(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quote(value) : 'a value that is not a string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
