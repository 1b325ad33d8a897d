import { ListSyntaxError, readYaml, YamlValue } from './yaml-value';
import { catalogueFormProblem, MOST_CATALOGUE_ENTRIES } from '../../image/catalogue';
import { ListedEntry } from '../../image/catalogue-list';

/** A catalogue has so many bytes at most: room for thousands of images, and parsed in seconds whatever is in it. */
export const LARGEST_CATALOGUE = 512 * 1024;

const NO_COMMENTS = 'a list of names takes no comments; write a document in YAML, with "images:" on the first line and "- " before each name';

/**
 * Reads a catalogue: a document in YAML or JSON, or images with commas or line ends between them, as in a parameter of type `StringList`.
 *
 * @returns its entries in their order, each of which is still to be judged
 * @throws ListSyntaxError when it is no catalogue at all
 */
export function parseCatalogue(text: string): ListedEntry[] {
  if (Buffer.byteLength(text) > LARGEST_CATALOGUE) throw new ListSyntaxError(`it has more than ${LARGEST_CATALOGUE} bytes; divide it into several catalogues`);
  if (!isDocument(text)) return readList(text);
  if (!isDocument(withoutComments(text))) throw new ListSyntaxError(NO_COMMENTS);
  const document = readYaml(text);
  const problem = catalogueFormProblem(document.plain('images'));
  if (problem !== undefined) throw new ListSyntaxError(problem);
  return document.field('images')!.elements()!.map(readElement);
}

/** No image has a brace at its start, or white space behind a colon. */
function isDocument(text: string): boolean {
  return /^[\s\uFEFF]*(?:[{[#"-]|$)|:(?:\s|$)/.test(text);
}

function readList(text: string): ListedEntry[] {
  const parts = text.split('\n').flatMap(partsOf).map((part) => part.trim()).filter((part) => part !== '');
  if (parts.length === 0) throw new ListSyntaxError('it names no image; write for example "nginx:stable,redis:7.2.5"');
  if (parts.length > MOST_CATALOGUE_ENTRIES) throw new ListSyntaxError(`it has ${parts.length} images, and ${MOST_CATALOGUE_ENTRIES} is the limit; divide it into several catalogues`);
  return parts.map((value, index) => ({ place: `entry ${index + 1}`, value, ...value.startsWith('#') ? { problem: NO_COMMENTS } : {} }));
}

/** The names of a line; what would be a comment in a document is one part, whatever is in it. */
function partsOf(line: string): string[] {
  const comment = line.search(/(?<![^\s,])#/);
  return comment === -1 ? line.split(',') : [...line.slice(0, comment).split(','), line.slice(comment)];
}

function withoutComments(text: string): string {
  return text.replace(/^[ \t\uFEFF]*#.*$/gm, '');
}

function readElement(element: YamlValue): ListedEntry {
  const place = `line ${element.line}`;
  try {
    return { place, value: element.plain() };
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    return { place, value: undefined, problem: error.message };
  }
}
