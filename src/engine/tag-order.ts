/**
 * The order of tags that are not semantic versions. Registries list tags in different orders, so an order can only follow from the tags.
 *
 * Tags have at most 128 characters, and each function reads a tag once.
 */
import type { TagOrderName } from '../image/tag-selection';

/** A version, and its words and numbers from left to right, without leading zeros. */
interface Version {
  readonly text: string;
  readonly parts: readonly string[];
  readonly tags: string[];
}

/** Words of versions that come before the release. */
const PRERELEASE_WORDS: ReadonlySet<string> = new Set([
  'alpha', 'beta', 'canary', 'cr', 'dev', 'ea', 'm', 'milestone', 'nightly', 'pre', 'preview', 'rc', 'snapshot', 'unstable',
]);

/** The kinds of text that a tag has at one place, the oldest first: `1.2-rc1`, `1.2`, `1.2-alpine`, and `1.2.1`. */
enum Place { PRERELEASE, END, WORD, NUMBER }

/**
 * The versions in tags, newest first. Tags that differ only in a leading `v` are one version.
 *
 * All tags are in the result. Equal tags have the same place in each run, in whichever order the registry lists them.
 */
export function inOrder(tags: readonly string[], order: TagOrderName): string[][] {
  const versions = new Map<string, Version>();
  for (const tag of [...tags].sort()) {
    const text = tag.replace(/^[vV](?=[0-9])/, '');
    const known = versions.get(text);
    if (known === undefined) versions.set(text, { text, parts: partsOf(text), tags: [tag] });
    else known.tags.push(tag);
  }
  const compare = order === 'LAST_NUMBER' ? compareLastNumbers : compareVersions;
  const sorted = [...versions.values()].sort((first, second) => compare(second, first) || compareTexts(second.text, first.text));
  return sorted.map((version) => version.tags);
}

function partsOf(text: string): string[] {
  return (text.match(/[0-9]+|[A-Za-z]+/g) ?? []).map((part) => part.replace(/^0+(?=[0-9])/, ''));
}

/** Compares words and numbers from left to right; positive if the first version is newer. The characters between them have no meaning. */
function compareVersions({ parts }: Version, { parts: others }: Version): number {
  const length = Math.min(parts.length, others.length);
  let index = 0;
  while (index < length && parts[index] === others[index]) index++;
  return compareParts(parts[index], others[index]);
}

function compareParts(first: string | undefined, second: string | undefined): number {
  if (first === second) return 0;
  const [place, other] = [placeOf(first), placeOf(second)];
  if (place !== other || first === undefined || second === undefined) return place - other;
  return place === Place.NUMBER ? compareNumbers(first, second) : compareTexts(first, second);
}

function placeOf(part: string | undefined): Place {
  if (part === undefined) return Place.END;
  if (isNumber(part)) return Place.NUMBER;
  return PRERELEASE_WORDS.has(part.toLowerCase()) ? Place.PRERELEASE : Place.WORD;
}

/** Compares the last numbers. A tag without a number is older than all others. */
function compareLastNumbers(first: Version, second: Version): number {
  const [number, other] = [first, second].map(({ parts }) => parts.filter(isNumber).at(-1));
  if (number !== undefined && other !== undefined) return compareNumbers(number, other) || compareVersions(first, second);
  return number === other ? compareVersions(first, second) : number === undefined ? -1 : 1;
}

function isNumber(part: string): boolean {
  return /^[0-9]/.test(part);
}

/** Compares the digits, because a number of up to 128 digits is not exact. */
function compareNumbers(digits: string, others: string): number {
  return digits.length - others.length || compareTexts(digits, others);
}

/** Compares by characters. A locale would give other results on other computers. */
function compareTexts(first: string, second: string): number {
  return first === second ? 0 : first < second ? -1 : 1;
}
