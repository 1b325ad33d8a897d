import { isMap, isScalar, isSeq, LineCounter, Node, parseDocument, YAMLMap } from 'yaml';
import { tokenProblem } from './list-tokens';
import { catalogShapeProblem, MAX_CATALOG_ENTRIES } from '../../image/catalog/catalog';
import { ListedEntry } from '../../image/catalog/catalog-list';
import { quote, sanitizeForLog } from '../../image/sanitize';

/** A catalog has so many bytes at most: room for thousands of images, and parsed in seconds whatever is in it. */
export const LARGEST_CATALOG = 512 * 1024;

const NO_COMMENTS = 'a list of names takes no comments; write a document in YAML, with "images:" on the first line and "- " before each name';

/**
 * Reads a catalog: a document in YAML or JSON, or images with commas or line ends between them, as in a parameter of type `StringList`.
 *
 * @returns its entries in their order, each of which is still to be judged
 * @throws ListSyntaxError when it is no catalog at all
 */
export function parseCatalog(text: string): ListedEntry[] {
  if (Buffer.byteLength(text) > LARGEST_CATALOG) throw new ListSyntaxError(`it has more than ${LARGEST_CATALOG} bytes; divide it into several catalogs`);
  if (!isDocument(text)) return readList(text);
  if (!isDocument(withoutComments(text))) throw new ListSyntaxError(NO_COMMENTS);
  const document = readYaml(text);
  const problem = catalogShapeProblem(document.plain('images'));
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
  if (parts.length > MAX_CATALOG_ENTRIES) throw new ListSyntaxError(`it has ${parts.length} images, and ${MAX_CATALOG_ENTRIES} is the limit; divide it into several catalogs`);
  return parts.map((value, index) => ({ position: `entry ${index + 1}`, value, ...value.startsWith('#') ? { problem: NO_COMMENTS } : {} }));
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
  const position = `line ${element.line}`;
  try {
    return { position, value: element.plain() };
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    return { position, value: undefined, problem: error.message };
  }
}

/** Why a text is no list at all, in words that name the line. */
export class ListSyntaxError extends Error {}

/**
 * Reads a text in YAML 1.2 or JSON, without references, types or several documents, so that it is what it looks like.
 *
 * @throws ListSyntaxError naming the line
 */
export function readYaml(text: string): YamlValue {
  const problem = tokenProblem(text);
  if (problem !== undefined) throw new ListSyntaxError(problem);
  const lines = new LineCounter();
  // Keys that are there twice are found below: the library compares each with all others.
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', merge: false, stringKeys: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw new ListSyntaxError(`line ${lines.linePos(error.pos[0]).line}: ${sanitizeForLog(error.message)}`);
  return new YamlValue(document.contents, lines);
}

/** A part of what was read: a value with the line that it starts on. */
export class YamlValue {
  constructor(private readonly node: Node | null, private readonly lines: LineCounter) {}

  /** The line that it starts on. */
  get line(): number {
    return this.lines.linePos(this.node?.range?.[0] ?? 0).line;
  }

  /** The field of an object; undefined where there is no such field. */
  field(name: string): YamlValue | undefined {
    if (!isMap(this.node)) return undefined;
    const pair = this.node.items.find(({ key }) => isScalar(key) && key.value === name);
    return pair && new YamlValue(pair.value as Node | null, this.lines);
  }

  /** The elements of a list; undefined when it is none. */
  elements(): YamlValue[] | undefined {
    return isSeq(this.node) ? this.node.items.map((item) => new YamlValue(item as Node | null, this.lines)) : undefined;
  }

  /**
   * What it is in JavaScript: texts, numbers, booleans, null, lists, and objects without a prototype.
   *
   * @param leave the field that is left as an empty list, for it is read by itself
   * @throws ListSyntaxError when a field is there twice
   */
  plain(leave?: string): unknown {
    if (isMap(this.node)) return this.object(this.node, leave);
    if (isSeq(this.node)) return this.elements()!.map((element) => element.plain());
    return isScalar(this.node) ? this.node.value : null;
  }

  private object({ items }: YAMLMap, leave?: string): object {
    const fields = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of items) {
      const name = String(isScalar(key) ? key.value : key);
      const child = new YamlValue(value as Node | null, this.lines);
      if (Object.hasOwn(fields, name)) throw new ListSyntaxError(`the field ${quote(name)} is there twice`);
      fields[name] = name === leave && isSeq(value) ? [...value.items].fill(undefined) : child.plain();
    }
    return fields;
  }
}
