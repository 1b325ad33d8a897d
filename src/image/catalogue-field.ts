import { quote } from './image-reference';

/** Names that differ in more places are not the same name misspelt. */
const MOST_DIFFERENCES = 3;

/** How much of the longer of two names may differ. */
const LARGEST_PART = 0.5;

/**
 * What is wrong with the names of an object's fields, in words; undefined when nothing is.
 *
 * @param known the fields that there are
 * @param untold those that are not worth telling of
 */
export function unknownFieldProblem(value: object, known: readonly string[], untold: readonly string[] = []): string | undefined {
  const unknown = Object.keys(value).find((name) => !known.includes(name) && !untold.includes(name));
  if (unknown === undefined) return undefined;
  const near = nearest(unknown, known);
  const hint = near === undefined ? '' : ` (did you mean ${quote(near)}?)`;
  return `it has the unknown field ${quote(unknown)}${hint}; there are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
}

/** The name that somebody may have meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((other) => [distance(name.toLowerCase(), other.toLowerCase()) / Math.max(name.length, other.length), other] as const);
  const [[part, near]] = distances.sort(([one], [other]) => one - other);
  return part < LARGEST_PART ? near : undefined;
}

/** In how many places two names differ: characters that are too many, missing or others; infinitely many where it is not worth counting. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MOST_DIFFERENCES) return Infinity;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const above = row;
    row = [index + 1];
    for (let at = 0; at < other.length; at++) {
      row.push(Math.min(row[at] + 1, above[at + 1] + 1, above[at] + (character === other[at] ? 0 : 1)));
    }
  }
  const last = row[other.length];
  return last > MOST_DIFFERENCES ? Infinity : last;
}
