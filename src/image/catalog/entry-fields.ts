/** The fields of objects in catalogs: their types, their names, and how errors show their values. */
import { didYouMean } from '../did-you-mean';
import { MAX_QUOTED_LENGTH, quote, redactCredentials, sanitizeForLog } from '../sanitize';

/** An object with any fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a text that matches a pattern. */
export function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** Whether a value is a list of 1 to `maxLength` items. */
export function isList(value: unknown, maxLength: number): value is unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= maxLength;
}

/** The fields that an object can have apart from its known fields. */
interface OtherFields {
  /** Valid fields that a text does not list. */
  readonly unlisted?: readonly string[];
  /** The remedy for an unknown field that people expect. */
  readonly hint?: (name: string) => string | undefined;
}

/**
 * The problem with an unknown field of an object, as text; undefined when all fields are valid.
 *
 * @param known the valid fields
 */
export function unknownFieldProblem(value: object, known: readonly string[], { hint, unlisted = [] }: OtherFields = {}): string | undefined {
  const unknown = Object.keys(value).find((name) => !known.includes(name) && !unlisted.includes(name));
  if (unknown === undefined) return undefined;
  const joined = known.find((name) => unknown.startsWith(`${name}:`));
  if (joined !== undefined) {
    return `it has the field ${quote(unknown)}; write a space after the colon: ${quote(unknown.replace(':', ': '))}`;
  }
  const suggestion = didYouMean(unknown, known);
  const advice = hint?.(unknown) ?? (suggestion === undefined ? undefined : `did you mean ${quote(suggestion)}?`);
  const valid = known.length === 1 ? `the valid field is ${known[0]}` : `valid fields are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
  return `it has the unknown field ${quote(unknown)}${advice === undefined ? '' : ` (${advice})`}; ${valid}`;
}

/** A value as an error shows it, without the credentials that an image may contain. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return quote(redactCredentials(value));
  return sanitizeForLog(JSON.stringify(value) ?? 'nothing', MAX_QUOTED_LENGTH);
}
