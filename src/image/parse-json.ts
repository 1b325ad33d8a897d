/** JSON text from outside: parsed without exceptions, and checked for what two programs would read differently. */
import { quote } from './sanitize';

/** Parses JSON text from outside; undefined when it is not valid. The value can be of any type, so use `Object(...)` to read its fields. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The maximum depth of nested lists and objects. A manifest of an image has five levels. */
const MAX_DEPTH = 100;

/** The maximum number of fields of one object. Go programs accept more, and no registry stores such a manifest. */
const MAX_FIELDS = 10_000;

/** Objects with keys that the author of an image chooses. Go programs don't ignore the case of these keys. */
const MAPS: readonly string[] = ['annotations', 'labels'];

/** The fields that a reader knows. */
export interface JsonFields {
  /** The names of all fields, in their only valid spelling. */
  readonly names: readonly string[];
  /** The names of fields with an integer. */
  readonly integers?: readonly string[];
}

/**
 * The problem with JSON text that programs would read differently, as text; undefined when there is none.
 *
 * `JSON.parse()` keeps the last of two fields with one name. Go programs ignore the case of names, so they read `Manifests` as `manifests`, and they
 * refuse `1e3` as an integer. The scanner does not recurse, and does not check that the text is valid JSON.
 *
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 */
export function jsonAmbiguity(text: string, fields: JsonFields): string | undefined {
  const scanner = new FieldScanner(text, fields);
  for (let index = 0; index < text.length && scanner.problem === undefined;) index = scanner.scan(index);
  return scanner.problem;
}

/** A list, or an object with the names of its fields. */
interface OpenCollection {
  readonly names?: Set<string>;
  readonly isMap: boolean;
}

class FieldScanner {
  problem?: string;
  private readonly open: OpenCollection[] = [];
  /** The known names by their folded spelling. */
  private readonly known: ReadonlyMap<string, string>;
  /** The name of the field with the next value; empty in a list. */
  private field = '';

  constructor(private readonly text: string, private readonly fields: JsonFields) {
    this.known = new Map(fields.names.map((name) => [foldCase(name), name]));
  }

  /** Reads the token at a position, and returns the position after it. */
  scan(start: number): number {
    const character = this.text[start];
    if (character === '"') return this.scanString(start);
    if (character === '{' || character === '[') this.openCollection(character === '{');
    if (character === '}' || character === ']') this.open.pop();
    return start + 1;
  }

  private openCollection(isObject: boolean): void {
    this.open.push({ names: isObject ? new Set() : undefined, isMap: isObject && MAPS.includes(foldCase(this.field)) });
    this.field = '';
    if (this.open.length > MAX_DEPTH) this.problem = `has more than ${MAX_DEPTH} nested levels`;
  }

  private scanString(start: number): number {
    const end = endOfString(this.text, start);
    const [colon] = matchAt(/[ \t\r\n]*:/y, this.text, end);
    if (colon === undefined) return end;
    this.readName(this.text.slice(start, end), end + colon.length);
    return end + colon.length;
  }

  private readName(literal: string, valueStart: number): void {
    const name = literal.includes('\\') ? String(parseJson(literal)).replace(/\p{Cs}/gu, '\uFFFD') : literal.slice(1, -1);
    const { names = new Set<string>(), isMap = false } = this.open.at(-1) ?? {};
    const known = isMap ? undefined : this.known.get(foldCase(name));
    if (names.has(name)) this.problem = `has the field ${quote(name)} twice in one object, and programs read different ones`;
    else if (known !== undefined && known !== name) this.problem = `has the field ${quote(name)}, which only some programs read as ${quote(known)}`;
    else if (names.size === MAX_FIELDS) this.problem = `has an object with more than ${MAX_FIELDS} fields`;
    else if (known !== undefined && this.fields.integers?.includes(known)) this.requireInteger(known, valueStart);
    names.add(name);
    this.field = name;
  }

  private requireInteger(name: string, start: number): void {
    const [, number] = matchAt(/[ \t\r\n]*(-?[0-9][0-9.eE+-]{0,40})/y, this.text, start);
    if (number !== undefined && /[.eE]/.test(number)) this.problem = `has ${number} as ${quote(name)}, which must be an integer without an exponent`;
  }
}

/** The position after the string that starts at a position. The search is linear, and needs no stack. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function matchAt(pattern: RegExp, text: string, position: number): readonly (string | undefined)[] {
  pattern.lastIndex = position;
  return pattern.exec(text) ?? [];
}

/** A name as Go compares it: `ſ` (U+017F) equals `s`, and the Kelvin sign (U+212A) equals `k`. */
function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}
