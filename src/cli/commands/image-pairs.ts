import { readFileSync } from 'node:fs';
import { InvalidReferenceError, parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { mirrorRepositoryName } from '../../image/repository-name';
import { UsageError } from '../usage-error';

/** An image as it was written, and where it belongs. */
export interface ImagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * Reads the images of a command: `SOURCE TARGET`, or any number of sources and a place that ends with "/",
 * in which each gets the name that an `ImageMirror` would give it; with a file of them, one on each line.
 *
 * @throws UsageError when it cannot be told what belongs where
 */
export function readImagePairs(words: readonly string[], file: string | undefined): ImagePair[] {
  const place = words.at(-1)?.endsWith('/') ? words.at(-1) : undefined;
  if (place === undefined && file !== undefined && words.length > 0) {
    throw new UsageError('with --from-file, the only argument is a place that ends with "/", for lines without a target');
  }
  const listed = file === undefined ? [] : readLines(file).map(({ line, number }) => pairOfLine(line, `line ${number} of ${file}`, place));
  const sources = place === undefined ? words : words.slice(0, -1);
  if (place === undefined && file === undefined) return [pairOf(words, undefined)];
  const pairs = [...sources.map((source) => pairOf([source], place)), ...listed];
  if (pairs.length === 0) throw new UsageError('there is no image to mirror; name one, or fill the file');
  return pairs;
}

function pairOf(words: readonly string[], place: string | undefined): ImagePair {
  if (words.length === 2) return { source: words[0], target: words[1] };
  if (words.length === 1 && place !== undefined) return { source: words[0], target: targetIn(place, words[0]) };
  if (words.length > 2) throw new UsageError(`of several images, the last argument is a place that ends with "/", for example "${words.at(-1)}/"`);
  throw new UsageError('name a source and a target, for example "nginx:stable localhost:5000/nginx"');
}

function pairOfLine(line: string, where: string, place: string | undefined): ImagePair {
  const words = line.split(/\s+/);
  if (words.length > 2) throw new UsageError(`${where} has ${words.length} words; it is SOURCE TARGET, or SOURCE alone`);
  if (words.length === 1 && place === undefined) throw new UsageError(`${where} names no target; write one, or give a place that ends with "/" as argument`);
  return pairOf(words, place);
}

/** The name that the construct would give: a digest's tag included. */
function targetIn(place: string, source: string): string {
  const [registry, ...prefix] = place.slice(0, -1).split('/');
  try {
    return `${registry}/${mirrorRepositoryName(parseImageReference(source), prefix.join('/'))}`;
  } catch (error) {
    if (error instanceof InvalidReferenceError) return `${place}?`; // told when the image itself is read
    throw new UsageError(`${quote(source)} can have no name in ${quote(place)}; give it a target of its own, as SOURCE TARGET in a file`);
  }
}

/** The lines of a file, or of standard input for "-"; empty ones and those that begin with "#" are passed over. */
function readLines(file: string): { line: string; number: number }[] {
  try {
    const lines = readFileSync(file === '-' ? 0 : file, 'utf8').split('\n').map((line, index) => ({ line: line.trim(), number: index + 1 }));
    return lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new UsageError(`cannot read ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
