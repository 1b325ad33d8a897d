import { InvalidReferenceError, parseImageReference } from '../../image/image-reference';
import { mirrorRepositoryName } from '../../image/repository-name';
import { quote } from '../../image/sanitize';
import { readInputFile, UsageError } from '../usage-error';

/** A source image and its target, as the user wrote them. */
export interface ImagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * Reads the images of a command: `SOURCE TARGET`, or several sources and a target folder that ends with "/".
 *
 * In a folder, each image gets the repository name that an `ImageMirror` would give it. A file adds one image for each line.
 *
 * @throws UsageError when an image has no target, or an argument is not valid
 */
export function readImagePairs(args: readonly string[], file: string | undefined): ImagePair[] {
  const folder = args.at(-1)?.endsWith('/') ? args.at(-1) : undefined;
  if (folder === undefined && file !== undefined && args.length > 0) {
    throw new UsageError('with --from-file, the only argument is a target folder that ends with "/", for lines without a target');
  }
  const listed = file === undefined ? [] : readLines(file).map(({ line, number }) => parseLine(line, `line ${number} of ${file}`, folder));
  const sources = folder === undefined ? args : args.slice(0, -1);
  if (folder === undefined && file === undefined) return [imagePair(args, undefined)];
  const pairs = [...sources.map((source) => imagePair([source], folder)), ...listed];
  if (pairs.length === 0) throw new UsageError('there are no images to mirror; name an image, or add lines to the file');
  return pairs;
}

function imagePair(images: readonly string[], folder: string | undefined): ImagePair {
  if (images.length === 2) return { source: images[0], target: images[1] };
  if (images.length === 1 && folder !== undefined) return { source: images[0], target: targetIn(folder, images[0]) };
  if (images.length > 2) {
    throw new UsageError(`after several images, the last argument must be a target folder that ends with "/", for example "${images.at(-1)}/"`);
  }
  throw new UsageError('name a source and a target, for example "nginx:stable localhost:5000/nginx"');
}

function parseLine(line: string, position: string, folder: string | undefined): ImagePair {
  const parts = line.split(/\s+/);
  if (parts.length > 2) throw new UsageError(`${position} has ${parts.length} words; write "SOURCE TARGET" or "SOURCE"`);
  if (parts.length === 1 && folder === undefined) {
    throw new UsageError(`${position} has no target; add one, or pass a target folder that ends with "/" as argument`);
  }
  return imagePair(parts, folder);
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

/** Reads the lines of a file, or of standard input for "-". Empty lines and lines that start with "#" are skipped. */
function readLines(file: string): { line: string; number: number }[] {
  const lines = readInputFile(file).toString('utf8').split('\n').map((line, index) => ({ line: line.trim(), number: index + 1 }));
  return lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
}
