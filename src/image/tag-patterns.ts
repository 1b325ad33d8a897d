/**
 * Patterns of tags, as text. Characters of tags stand for themselves; these symbols cannot be in a tag:
 *
 * - `*` any characters, as in an exclusion filter of Amazon ECR
 * - `#` one or more digits
 * - `%` one hexadecimal digit
 */

/** The symbols of patterns that are not exclusion filters. */
const SYMBOL = /[*#%]/;

/** The tag of a moved image with `OnTagMoved.SUFFIX` ends with a dash and these digits. */
const DIGEST_DIGITS = 12;

/** The pattern of the tags that `OnTagMoved.SUFFIX` derives from a tag or a pattern. */
export function suffixedTagPattern(pattern: string): string {
  return `${pattern}-${'%'.repeat(DIGEST_DIGITS)}`;
}

/** The patterns of full versions: `1.27.0` and `v1.27.0`, with the text that follows the version. */
export function versionPatterns(ending: string): string[] {
  return ['', 'v'].map((start) => `${start}#.#.#${ending}`);
}

/** Whether the text is a tag, without symbols. */
export function isSingleTag(pattern: string): boolean {
  return !SYMBOL.test(pattern);
}

/** The characters before the first symbol. */
export function literalStart(pattern: string): string {
  return pattern.split(SYMBOL)[0];
}

/** The characters after the last symbol. */
export function literalEnd(pattern: string): string {
  return pattern.split(SYMBOL).pop()!;
}

/** Whether a wildcard pattern matches all tags that another pattern matches. A symbol of the other pattern must be in place of a wildcard. */
export function coversPattern(wildcards: string, pattern: string): boolean {
  const [first, ...others] = wildcards.split('*');
  if (others.length === 0) return wildcards === pattern;
  const last = others.pop()!;
  if (!pattern.startsWith(first) || !pattern.endsWith(last) || pattern.length < first.length + last.length) return false;
  let rest = pattern.slice(first.length, pattern.length - last.length);
  for (const piece of others) {
    const found = rest.indexOf(piece);
    if (found === -1) return false;
    rest = rest.slice(found + piece.length);
  }
  return true;
}

/** A part of a pattern: one character of a set, or any number of characters of the set. */
interface PatternPart {
  readonly characters: string;
  readonly repeats: boolean;
}

const DIGITS = '0123456789';
const TAG_CHARACTERS = `${DIGITS}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-`;

function partsOf(pattern: string): PatternPart[] {
  return [...pattern].flatMap((character) => {
    switch (character) {
      case '*': return [{ characters: TAG_CHARACTERS, repeats: true }];
      case '#': return [{ characters: DIGITS, repeats: false }, { characters: DIGITS, repeats: true }];
      case '%': return [{ characters: `${DIGITS}abcdef`, repeats: false }];
      default: return [{ characters: character, repeats: false }];
    }
  });
}

/** Whether there can be a tag that matches both patterns. */
export function patternsOverlap(one: string, other: string): boolean {
  const [left, right] = [partsOf(one), partsOf(other)];
  const visited = new Set<number>();
  const meets = (i: number, j: number): boolean => {
    const state = i * (right.length + 1) + j;
    if (visited.has(state)) return false;
    visited.add(state);
    if (i === left.length && j === right.length) return true;
    const [a, b]: (PatternPart | undefined)[] = [left[i], right[j]];
    if (a?.repeats && meets(i + 1, j)) return true;
    if (b?.repeats && meets(i, j + 1)) return true;
    if (a === undefined || b === undefined || !sharesCharacter(a, b)) return false;
    return meets(a.repeats ? i : i + 1, b.repeats ? j : j + 1);
  };
  return meets(0, 0);
}

function sharesCharacter(a: PatternPart, b: PatternPart): boolean {
  const [short, long] = a.characters.length < b.characters.length ? [a, b] : [b, a];
  return [...short.characters].some((character) => long.characters.includes(character));
}
