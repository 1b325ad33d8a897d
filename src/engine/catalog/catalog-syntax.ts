import { isMap, isScalar, isSeq, LineCounter, Node, parseDocument, YAMLMap } from 'yaml';
import { tokenProblem } from './yaml-tokens';
import { MAX_CATALOG_ENTRIES } from '../../image/catalog/catalog-entry';
import { ListedEntry } from '../../image/catalog/catalog-list';
import { catalogShapeProblem } from '../../image/catalog/catalog-shape';
import { quote, redactCredentials, sanitizeForLog } from '../../image/sanitize';

/** The size limit of a catalog: enough for 5,000 images, and any text of this size is parsed within seconds. */
export const MAX_CATALOG_BYTES = 512 * 1024;

const NO_COMMENTS = 'a list of names cannot have comments; use a YAML document, with "images:" on the first line and "- " before each name';

/**
 * Parses a catalog: a YAML or JSON document, or image names separated by commas or line breaks, as in a parameter of type `StringList`.
 *
 * @returns the entries in their order, which are not validated yet
 * @throws CatalogSyntaxError when the text is not a valid catalog
 */
export function parseCatalog(text: string): ListedEntry[] {
  if (Buffer.byteLength(text) > MAX_CATALOG_BYTES) {
    throw new CatalogSyntaxError(`it has more than ${MAX_CATALOG_BYTES} bytes; divide it into several catalogs`);
  }
  if (!isDocument(text)) return parseNames(text);
  if (!isDocument(withoutComments(text))) throw new CatalogSyntaxError(NO_COMMENTS);
  const document = parseYaml(text);
  const problem = catalogShapeProblem(document.toPlain('images'));
  if (problem !== undefined) throw new CatalogSyntaxError(problem);
  return document.field('images')!.elements()!.map(toListedEntry);
}

/** Whether a text is a document. A name doesn't start with a bracket, a quote, `-` or `#`, and has no white space after a colon. */
function isDocument(text: string): boolean {
  return /^[\s\uFEFF]*(?:[{[#"-]|$)|:(?:\s|$)/.test(text);
}

function parseNames(text: string): ListedEntry[] {
  const names = text.split('\n').flatMap(splitLine).map((name) => name.trim()).filter((name) => name !== '');
  if (names.length === 0) throw new CatalogSyntaxError('it has no images; write for example "nginx:stable,redis:7.2.5"');
  if (names.length > MAX_CATALOG_ENTRIES) {
    throw new CatalogSyntaxError(`it has ${names.length} images, and ${MAX_CATALOG_ENTRIES} is the limit; divide it into several catalogs`);
  }
  return names.map((value, index) => ({ position: `entry ${index + 1}`, value, ...value.startsWith('#') ? { problem: NO_COMMENTS } : {} }));
}

/** Splits a line into names. A comment is a single part, so that the error about it appears once. */
function splitLine(line: string): string[] {
  const comment = line.search(/(?<![^\s,])#/);
  return comment === -1 ? line.split(',') : [...line.slice(0, comment).split(','), line.slice(comment)];
}

function withoutComments(text: string): string {
  return text.replace(/^[ \t\uFEFF]*#.*$/gm, '');
}

function toListedEntry(element: YamlValue): ListedEntry {
  const position = `line ${element.line}`;
  try {
    return { position, value: element.toPlain() };
  } catch (error) {
    if (!(error instanceof CatalogSyntaxError)) throw error;
    return { position, value: undefined, problem: error.message };
  }
}

/** A text is not a valid catalog. The message has the line. */
export class CatalogSyntaxError extends Error {}

/**
 * Parses YAML 1.2 or JSON without aliases, tags and several documents, so that the text means what it looks like.
 *
 * @throws CatalogSyntaxError with the line
 */
function parseYaml(text: string): YamlValue {
  const problem = tokenProblem(text);
  if (problem !== undefined) throw new CatalogSyntaxError(withSpaceHint(problem, text));
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: false, // toPlain() finds duplicate keys: the library compares each key with all others, which takes minutes for hostile text
    prettyErrors: false,
    logLevel: 'error',
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const [, remedy] = REMEDIES.find(([message]) => message.test(error.message)) ?? [];
    throw new CatalogSyntaxError(withSpaceHint(`line ${lines.linePos(error.pos[0]).line}: ${remedy ?? sanitizeForLog(error.message)}`, text));
  }
  return new YamlValue(document.contents, lines);
}

/** The remedies for errors of the `yaml` library that have none. */
const REMEDIES: readonly (readonly [message: RegExp, remedy: string])[] = [
  [/^Tabs are not allowed/, 'the line is indented with a tab; indent it with spaces'],
  [/^Missing closing/, 'a quote is not closed; add the closing quote'],
  [/^Comments must be separated/, 'write a space before "#" to start a comment'],
  [/reserved character/, 'a value that starts with "@" or "`" must be in quotes'],
  [/^(?:Implicit keys|A block sequence may not|All (?:mapping|sequence) items|Nested mappings|Unexpected block-seq)/,
    'the line does not continue what is above it; indent entries of a list, and fields of an entry, by the same number of spaces'],
];

/** A field without a space after its colon. YAML reads a text and no field, and often reports the next line. */
const JOINED_FIELD = new RegExp('^\\s*(?:-\\s+)?(?:images?|tags|platforms|allPlatforms|owner|expires|digest|tagKind|onTagMoved|onUpstreamGone'
  + '|admission|minimumAge|maximumSeverity|signatures|(?:lateR|r)eferrers|attestations|keepPrevious|keepVersions|version):[^\\s/]');

/** Adds to a problem that a field in its line, or in the line before, has no space after its colon. */
function withSpaceHint(problem: string, text: string): string {
  const number = Number(/^line ([0-9]+)/.exec(problem)?.[1]);
  const lines = text.split('\n');
  const joined = [number - 1, number].find((one) => JOINED_FIELD.test(lines[one - 1] ?? ''));
  if (joined === undefined) return problem;
  const line = quote(redactCredentials(lines[joined - 1].trim()));
  return `line ${joined}: ${line} has no space after the colon; write for example "image: nginx:stable"`;
}

/** A YAML value with its line. */
class YamlValue {
  constructor(private readonly node: Node | null, private readonly lines: LineCounter) {}

  /** The line on which the value starts. */
  get line(): number {
    return this.lines.linePos(this.node?.range?.[0] ?? 0).line;
  }

  /** Returns a field of an object. Undefined when the value is not an object, or doesn't have the field. */
  field(name: string): YamlValue | undefined {
    if (!isMap(this.node)) return undefined;
    const pair = this.node.items.find(({ key }) => isScalar(key) && key.value === name);
    return pair && new YamlValue(pair.value as Node | null, this.lines);
  }

  /** Returns the elements of a list. Undefined when the value is not a list. */
  elements(): YamlValue[] | undefined {
    return isSeq(this.node) ? this.node.items.map((item) => new YamlValue(item as Node | null, this.lines)) : undefined;
  }

  /**
   * Converts the value to strings, numbers, booleans, null, arrays, and objects without a prototype.
   *
   * @param skippedField a field with a list: its elements become undefined, because the caller reads them one by one
   * @throws CatalogSyntaxError when a field is defined twice
   */
  toPlain(skippedField?: string): unknown {
    if (isMap(this.node)) return this.toObject(this.node, skippedField);
    if (isSeq(this.node)) return this.elements()!.map((element) => element.toPlain());
    return isScalar(this.node) ? this.node.value : null;
  }

  private toObject({ items }: YAMLMap, skippedField?: string): object {
    const fields = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of items) {
      const name = String(isScalar(key) ? key.value : key);
      const child = new YamlValue(value as Node | null, this.lines);
      if (Object.hasOwn(fields, name)) throw new CatalogSyntaxError(`the field ${quote(name)} is defined twice; remove one of them`);
      fields[name] = name === skippedField && isSeq(value) ? [...value.items].fill(undefined) : child.toPlain();
    }
    return fields;
  }
}
