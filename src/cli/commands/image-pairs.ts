import { InvalidReferenceError, parseImageReference, quote } from '../../image/image-reference';
import { mirrorRepositoryName } from '../../image/repository-name';
import { readInputFile, UsageError } from '../usage-error';

/** A source image and its target, as the user wrote them. */
export interface ImagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * Reads the images of a command: `SOURCE TARGET`, or several sources and a target prefix that ends with "/".
 *
 * Under a prefix, each image gets the repository name that an `ImageMirror` would give it. A file adds one image for each line.
 *
 * @throws UsageError when an image has no target, or an argument is not valid
 */
export function readImagePairs(args: readonly string[], file: string | undefined): ImagePair[] {
  const prefix = args.at(-1)?.endsWith('/') ? args.at(-1) : undefined;
  if (prefix === undefined && file !== undefined && args.length > 0) {
    throw new UsageError('--from-file allows only one argument, a target prefix that ends with "/", for lines without a target');
  }
  const listed = file === undefined ? [] : readLines(file).map(({ line, number }) => parseLine(line, `line ${number} of ${file}`, prefix));
  const sources = prefix === undefined ? args : args.slice(0, -1);
  if (prefix === undefined && file === undefined) return [imagePair(args, undefined)];
  const pairs = [...sources.map((source) => imagePair([source], prefix)), ...listed];
  if (pairs.length === 0) throw new UsageError('there are no images to mirror; name an image, or add lines to the file');
  return pairs;
}

function imagePair(images: readonly string[], prefix: string | undefined): ImagePair {
  if (images.length === 2) return { source: images[0], target: images[1] };
  if (images.length === 1 && prefix !== undefined) return { source: images[0], target: targetUnder(prefix, images[0]) };
  if (images.length > 2) {
    throw new UsageError(`after several images, the last argument must be a target prefix that ends with "/", for example "${images.at(-1)}/"`);
  }
  throw new UsageError('name a source and a target, for example "nginx:stable localhost:5000/nginx"');
}

function parseLine(line: string, position: string, prefix: string | undefined): ImagePair {
  const images = line.split(/\s+/);
  if (images.length > 2) throw new UsageError(`${position} has ${images.length} words; write "SOURCE TARGET" or "SOURCE"`);
  if (images.length === 1 && prefix === undefined) {
    throw new UsageError(`${position} has no target; add one, or pass a target prefix that ends with "/" as argument`);
  }
  return imagePair(images, prefix);
}

/** The target under a prefix: the name that the construct gives, including the tag of a digest. */
function targetUnder(prefix: string, source: string): string {
  const [registry, ...repositoryPrefix] = prefix.slice(0, -1).split('/');
  try {
    return `${registry}/${mirrorRepositoryName(parseImageReference(source), repositoryPrefix.join('/'))}`;
  } catch (error) {
    if (error instanceof InvalidReferenceError) return `${prefix}?`; // the command reports the invalid source
    throw new UsageError(`${quote(source)} has no valid name under ${quote(prefix)}; set its target as "SOURCE TARGET" in a file`);
  }
}

/** Reads the lines of a file, or of standard input for "-". Empty lines and lines that start with "#" are skipped. */
function readLines(file: string): { line: string; number: number }[] {
  const lines = readInputFile(file).toString('utf8').split('\n').map((line, index) => ({ line: line.trim(), number: index + 1 }));
  return lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
}
