/**
 * Which tags of a repository are mirrored, as the construct writes it into a schedule's input and the engine reads it.
 */

import { MAX_TAG_LENGTH } from './image-reference';

/** The longest range of semantic versions, in characters. */
export const MAX_RANGE_LENGTH = 200;

/** The most tags of a repository that one run mirrors. */
export const MAX_SELECTED_TAGS = 500;

/** A selection of tags. Written as JSON in the variable `TAGS`. */
export interface TagSelection {
  /** A range of semantic versions, as npm writes them: `>=1.25 <2`. Only full versions are considered. */
  readonly semver?: string;
  /** With `semver`: what follows the version, without its dash: `alpine` selects `1.27.0-alpine`. */
  readonly variant?: string;
  /** With `semver`: whether pre-releases such as `2.0.0-rc.1` are considered too. */
  readonly prereleases?: boolean;
  /** With `semver`: how many of the newest versions are selected. */
  readonly latest?: number;
  /** Patterns of which a tag must match one; `*` stands for any characters. */
  readonly patterns?: readonly string[];
  /** Patterns of which a tag must match none. */
  readonly exclude?: readonly string[];
}

/** A pattern of tags: what a tag may hold, and `*`. Amazon ECR takes the same form for exceptions from immutability. */
const TAG_PATTERN = new RegExp(`^[A-Za-z0-9_.*-]{1,${MAX_TAG_LENGTH}}$`);

/** A variant of an image: what may follow a version in a tag. */
const VARIANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** A selection as it was written into a variable; undefined when it is none. */
export function parseTagSelection(text: string): TagSelection | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { semver, variant, prereleases, latest, patterns, exclude, ...unknown } = Object(value) as Record<string, unknown>;
  const optional = (part: unknown, type: string) => part === undefined || typeof part === type;
  const listOfStrings = (part: unknown) => part === undefined || (Array.isArray(part) && part.every((one) => typeof one === 'string'));
  const wellFormed = optional(semver, 'string') && optional(variant, 'string') && optional(prereleases, 'boolean') && optional(latest, 'number')
    && listOfStrings(patterns) && listOfStrings(exclude) && Object.keys(unknown).length === 0;
  return wellFormed ? { semver, variant, prereleases, latest, patterns, exclude } as TagSelection : undefined;
}

/** What is wrong with a selection, in words; undefined when nothing is. The range itself is left to those who know semantic versions. */
export function tagSelectionProblem(selection: TagSelection): string | undefined {
  const { semver, variant, prereleases, latest, patterns, exclude } = selection;
  if ((semver === undefined) === (patterns === undefined)) return 'it selects by a range of versions or by patterns, by one of them';
  if (semver === undefined && (variant ?? prereleases ?? latest) !== undefined) return 'variant, prereleases and latest belong to a range of versions';
  if (variant !== undefined && !VARIANT.test(variant)) return `the variant ${JSON.stringify(variant)} must be what follows the version in a tag, without its dash, for example "alpine"`;
  if (variant !== undefined && prereleases) return 'a variant and pre-releases look alike in a tag ("1.0.0-alpine", "1.0.0-rc"); choose one of them';
  if (latest !== undefined && (!Number.isSafeInteger(latest) || latest < 1)) return `latest ${JSON.stringify(latest)} must be a whole number, at least 1`;
  const wrong = [...patterns ?? [], ...exclude ?? []].find((pattern) => !TAG_PATTERN.test(pattern));
  if (wrong !== undefined) return `the pattern ${JSON.stringify(wrong)} must be letters, digits, "_", ".", "-" and "*"`;
  return patterns?.length === 0 ? 'its list of patterns is empty' : undefined;
}
