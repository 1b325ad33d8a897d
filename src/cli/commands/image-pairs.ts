import { formatImageReference, ImageReference, InvalidReferenceError, parseImageReference, parseRegistryHost } from '../../image/image-reference';
import { mirrorRepositoryName, mirrorTag } from '../../image/repository-name';
import { quote, redactCredentials } from '../../image/sanitize';
import { decodeText, inputName, readInputFile, UsageError } from '../usage-error';

/** A source image and its target, as the user wrote them. */
export interface ImagePair {
  readonly source: string;
  readonly target: string;
}

/** A parsed pair. Without a tag, the target has the tag of the source. */
export interface ParsedPair {
  readonly source: ImageReference;
  readonly target: ImageReference & { readonly tag: string };
}

/** A pair in a line of a file. */
interface ListedPair extends ImagePair {
  readonly number: number;
}

/** A line of a file, without its comment. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * Reads the images of a command: `SOURCE TARGET`, or several sources and a target folder that ends with "/".
 *
 * In a folder, each image gets the repository name that an `ImageMirror` would give it. A file adds one image for each line.
 *
 * @throws UsageError when an image has no target, or an argument is not valid; it has all invalid lines of the file
 */
export function readImagePairs(args: readonly string[], file: string | undefined): ImagePair[] {
  const folder = args.at(-1)?.endsWith('/') ? args.at(-1) : undefined;
  if (folder === undefined && file !== undefined && args.length > 0) {
    throw new UsageError('with --from-file, the only argument is a target folder that ends with "/", for lines without a target');
  }
  if (folder !== undefined) requireRegistry(folder);
  const listed = file === undefined ? [] : readFile(file, folder);
  const sources = folder === undefined ? args : args.slice(0, -1);
  if (folder === undefined && file === undefined) return [argumentPair(args)];
  const pairs = [...sources.map((source) => ({ source, target: targetIn(folder!, source) })), ...listed];
  if (pairs.length === 0) throw new UsageError('there are no images to mirror; name an image, or add lines to the file');
  return pairs;
}

/**
 * Parses a pair.
 *
 * @throws InvalidReferenceError when the source or the target is not valid
 */
export function parsePair({ source: sourceText, target: targetText }: ImagePair): ParsedPair {
  const source = parseImageReference(sourceText);
  const target = parseImageReference(targetText);
  if (target.digest !== undefined) throw new InvalidReferenceError(targetText, 'a target cannot have a digest; use a tag');
  const tag = /:[^/\]]*$/.test(targetText) ? target.tag! : mirrorTag(source);
  return { source, target: { ...target, tag } };
}

function argumentPair(images: readonly string[]): ImagePair {
  const [source, target, ...others] = images;
  if (others.length > 0) {
    throw new UsageError(`after several images, the last argument must be a target folder that ends with "/", for example "${images.at(-1)}/"`);
  }
  if (target === undefined) throw new UsageError('name a source and a target, for example "nginx:stable localhost:5000/nginx"');
  requireRegistry(target);
  return { source, target };
}

/** Requires that a target names its registry. Docker would read it as an image on Docker Hub, and users rarely want to push there. */
function requireRegistry(target: string): void {
  const problem = registryProblem(target);
  if (problem !== undefined) throw new UsageError(problem);
}

function registryProblem(target: string): string | undefined {
  const slash = target.indexOf('/');
  if (slash > 0 && parseRegistryHost(target.slice(0, slash)) !== undefined) return undefined;
  // An invalid host, for example with a wrong port, has a better message as a reference.
  if (slash > 0 && /[.:]/.test(target.slice(0, slash))) return undefined;
  const example = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/${target.replace(/^\/+/, '')}`;
  return `the target ${quote(redactCredentials(target))} has no registry, so it would be on Docker Hub; `
    + `start it with the host of your registry, for example ${quote(redactCredentials(example))}`;
}

/** The target in a folder: the repository name that an `ImageMirror` gives the source. */
function targetIn(folder: string, source: string): string {
  const [registry, ...prefix] = folder.slice(0, -1).split('/');
  try {
    return `${registry}/${mirrorRepositoryName(parseImageReference(source), prefix.join('/'))}`;
  } catch (error) {
    if (error instanceof InvalidReferenceError) return `${folder}?`; // the command reports the invalid source
    throw new UsageError(`${quote(source)} has no valid name in ${quote(folder)}; set its target as "SOURCE TARGET" in a file`);
  }
}

function readFile(file: string, folder: string | undefined): ImagePair[] {
  const problems: [number: number, problem: string][] = [];
  const pairs: ListedPair[] = [];
  for (const line of readLines(file)) {
    const pair = parseLine(line, folder);
    if (typeof pair === 'string') problems.push([line.number, pair]);
    else pairs.push(pair);
  }
  problems.push(...conflictProblems(pairs));
  const details = problems.sort(([first], [second]) => first - second).map(([number, problem]) => `line ${number}: ${problem}`);
  if (details.length === 1) throw new UsageError(`${quote(inputName(file))}, ${details[0]}`);
  if (details.length > 1) {
    throw new UsageError(`${details.length} lines of ${quote(inputName(file))} are not valid, so no image was copied:`, details);
  }
  return pairs.map(({ source, target }) => ({ source, target }));
}

/** Reads the lines of a file, or of standard input for "-". A comment starts with "#" at the start of a line or after white space. */
export function readLines(file: string): Line[] {
  const lines = decodeText(readInputFile(file)).split(/\r\n|\n|\r/);
  return lines.map((line, index) => ({ number: index + 1, text: line.replace(/(?:^|\s)#.*$/s, '').trim() })).filter(({ text }) => text !== '');
}

/** Parses a line. Returns the problem as text when it is not valid. */
function parseLine({ number, text }: Line, folder: string | undefined): ListedPair | string {
  const formProblem = lineProblem(text);
  if (formProblem !== undefined) return formProblem;
  const [source, place = folder] = text.split(/\s+/);
  if (place === undefined) return 'it has no target; add one, or pass a target folder that ends with "/" as argument';
  try {
    const problem = registryProblem(place);
    if (problem !== undefined) return problem;
    parseImageReference(source);
    const target = place.endsWith('/') ? targetIn(place, source) : place;
    parsePair({ source, target });
    return { number, source, target };
  } catch (error) {
    if (error instanceof InvalidReferenceError || error instanceof UsageError) return error.message;
    throw error;
  }
}

const FORM = 'write "SOURCE TARGET" or "SOURCE"';

/** The problem of a line that only looks like a source and a target; undefined for other lines. */
export function lineProblem(text: string): string | undefined {
  const words = text.split(/\s+/);
  const shown = quote(redactCredentials(text));
  if (/^(?:[-*] |-$|---|[{}\]]|\[(?![0-9A-Fa-f:]+\])|(?:images|version)\s*:)/.test(text)) {
    return `it looks like YAML or JSON, ${shown}; pass a catalog with --catalog, or ${FORM}`;
  }
  if (/["'`\u2018-\u201f]/.test(text)) return `it has quotes, ${shown}; remove them`;
  if (/[-=~]>|[\u2190-\u21ff\u27f5-\u27ff]|(?<!\?\S*)=/.test(text) || words.slice(1).some((word) => /^(?:[>:|]+|to|as)$/i.test(word))) {
    return `it has a sign between source and target, ${shown}; separate them only with a space`;
  }
  if (/[,;]/.test(text)) return `it has a comma or a semicolon, ${shown}; write each image in a line, and ${FORM} with a space`;
  if (text.includes('#')) return `it has a "#" inside a word, ${shown}; write a space before "#" to start a comment`;
  return words.length > 2 ? `it has ${words.length} words, ${shown}; ${FORM}` : undefined;
}

/** The problems of lines that copy different images to one target. */
function conflictProblems(pairs: readonly ListedPair[]): [number: number, problem: string][] {
  const byTarget = new Map<string, { readonly source: string; readonly number: number }>();
  return pairs.flatMap((pair): [number, string][] => {
    const parsed = parsePair(pair);
    const [source, target] = [formatImageReference(parsed.source), formatImageReference(parsed.target)];
    const first = byTarget.get(target);
    if (first === undefined) byTarget.set(target, { source, number: pair.number });
    if (first === undefined || first.source === source) return [];
    return [[pair.number, `${source} has the same target as ${first.source} in line ${first.number}, ${target}; give each image its own target`]];
  });
}
