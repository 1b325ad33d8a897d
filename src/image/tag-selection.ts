/**
 * Tag selections: the tags of a repository to mirror. The construct writes one into a schedule's input, and the engine reads it.
 */

import { MAX_TAG_LENGTH } from './image-reference';
import { parseJson } from './parse-json';

/** The maximum length of a range of semantic versions, in characters. */
export const MAX_RANGE_LENGTH = 200;

/** The maximum number of tags of a repository that one run mirrors. */
export const MAX_SELECTED_TAGS = 500;

/** The order of tags that patterns select: by their words and numbers from left to right, or by the last number only. */
export type TagOrderName = 'VERSION' | 'LAST_NUMBER';

/** All orders, the default first. */
export const TAG_ORDERS: readonly TagOrderName[] = ['VERSION', 'LAST_NUMBER'];

/** A tag selection, as JSON in the variable `TAGS`. */
export interface TagSelection {
  /** A range of semantic versions, in the syntax of npm: `>=1.25 <2`. Only tags that are full versions match. */
  readonly semver?: string;
  /** With `semver`: the text after the version, without its dash: `alpine` selects `1.27.0-alpine`. */
  readonly variant?: string;
  /** With `semver`: whether pre-releases such as `2.0.0-rc.1` match too. */
  readonly prereleases?: boolean;
  /** The number of newest versions to select; with `patterns`, of all patterns together. */
  readonly latest?: number;
  /** Tag patterns with the wildcard `*`. A tag must match at least one of them. */
  readonly patterns?: readonly string[];
  /** With `patterns`: the order of the tags; `VERSION` by default. */
  readonly order?: TagOrderName;
  /** Tag patterns with the wildcard `*`. A tag that matches one of them is not selected. */
  readonly exclude?: readonly string[];
}

/** Whether some of the selected tags are newer than others. */
export function isOrderedSelection({ semver, latest }: TagSelection): boolean {
  return (semver ?? latest) !== undefined;
}

/** A tag pattern: the characters of a tag, and the wildcard `*`. Amazon ECR uses the same form for immutability exclusion filters. */
const TAG_PATTERN = new RegExp(`^[A-Za-z0-9_.*-]{1,${MAX_TAG_LENGTH}}$`);

/** The text after a version in a tag. */
const VARIANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Parses a tag selection; undefined when the text is not valid. */
export function parseTagSelection(text: string): TagSelection | undefined {
  const value = parseJson(text);
  if (value === undefined) return undefined;
  const { semver, variant, prereleases, latest, patterns, order, exclude, ...unknown } = Object(value) as Record<string, unknown>;
  const optional = (part: unknown, type: string) => part === undefined || typeof part === type;
  const listOfStrings = (part: unknown) => part === undefined || (Array.isArray(part) && part.every((item) => typeof item === 'string'));
  const wellFormed = optional(semver, 'string') && optional(variant, 'string') && optional(prereleases, 'boolean') && optional(latest, 'number')
    && listOfStrings(patterns) && optional(order, 'string') && listOfStrings(exclude) && Object.keys(unknown).length === 0;
  return wellFormed ? { semver, variant, prereleases, latest, patterns, order, exclude } as TagSelection : undefined;
}

/** Shows a value of a tag selection in an error, with a space before it. */
export type ShowValue = (value: unknown) => string;

/** Shows no value, because a variable can contain a secret. */
export const HIDE_VALUE: ShowValue = () => '';

/**
 * The problem with a tag selection, as text; undefined when the selection is valid. The caller checks the range of versions.
 *
 * @param show shows the value that is not valid
 */
export function tagSelectionProblem(selection: TagSelection, show: ShowValue = (value) => ` ${JSON.stringify(value)}`): string | undefined {
  const { semver, variant, prereleases, latest, patterns, order, exclude } = selection;
  if ((semver === undefined) === (patterns === undefined)) return 'it must have either semver or patterns';
  if (semver === undefined && (variant ?? prereleases) !== undefined) return 'variant and prereleases need semver; add semver, or remove them';
  if (order !== undefined && semver !== undefined) return 'order needs patterns, because semantic versions have their own order; remove order';
  if (order !== undefined && !TAG_ORDERS.includes(order)) return `order${show(order)} must be one of ${TAG_ORDERS.join(', ')}`;
  if (variant !== undefined && !VARIANT.test(variant)) {
    return `the variant${show(variant)} must be the text after the version in a tag, without its dash, for example "alpine"`;
  }
  if (variant !== undefined && prereleases) {
    return 'variants and pre-releases have the same form in a tag ("1.0.0-alpine", "1.0.0-rc"); remove variant or prereleases';
  }
  if (latest !== undefined && (!Number.isSafeInteger(latest) || latest < 1)) {
    return `latest${show(latest)} must be a whole number of at least 1`;
  }
  const invalid = [...patterns ?? [], ...exclude ?? []].find((pattern) => !TAG_PATTERN.test(pattern));
  if (invalid !== undefined) return `the pattern${show(invalid)} must be letters, digits, "_", ".", "-" and "*"`;
  return patterns?.length === 0 ? 'patterns is empty; add at least one pattern' : undefined;
}
