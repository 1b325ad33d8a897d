import { compareBuild, parse, Range, SemVer, validRange } from 'semver';
import { inOrder } from './tag-order';
import { MAX_RANGE_LENGTH, ShowValue, TAG_ORDERS, TagSelection, tagSelectionProblem } from '../image/tag-selection';

/** A tag and its version. */
interface VersionTag {
  readonly tag: string;
  readonly version: SemVer;
}

/**
 * The tags that a filter selects, in the order in which they are mirrored: newest first. Tags that patterns select without `latest` and without an
 * order are in the order of the registry.
 *
 * @throws TypeError when the range of versions is not valid
 */
export function selectTags(tags: readonly string[], selection: TagSelection): string[] {
  const { semver, latest, order } = selection;
  if (semver === undefined && latest === undefined && order === undefined) return matchingTags(tags, selection);
  return orderedVersions(tags, selection).slice(0, latest).flat();
}

/**
 * The versions of a tag filter without its `latest`, newest first. A version has several tags where upstream has both `1.2.3` and `v1.2.3`.
 *
 * The order depends only on the tags and the filter, not on the registry.
 *
 * @throws TypeError when the range of versions is not valid
 */
export function orderedVersions(tags: readonly string[], selection: TagSelection): string[][] {
  const candidates = matchingTags(tags, selection);
  if (selection.semver === undefined) return inOrder(candidates, selection.order ?? TAG_ORDERS[0]);
  const range = new Range(selection.semver);
  const selected = candidates
    .flatMap((tag) => parseVersionTag(tag, selection) ?? [])
    .filter(({ version }) => range.test(withoutPrerelease(version)))
    .sort((a, b) => compareBuild(b.version, a.version) || (a.tag < b.tag ? -1 : 1));
  const versions = new Map<string, string[]>();
  for (const { tag, version } of selected) versions.set(version.version, [...versions.get(version.version) ?? [], tag]);
  return [...versions.values()];
}

/** The tags that match the patterns of a filter, each once; with a range of versions, all tags that are not excluded. */
function matchingTags(tags: readonly string[], { exclude = [], patterns }: TagSelection): string[] {
  const isExcluded = patternMatcher(exclude);
  const candidates = [...new Set(tags)].filter((tag) => !isExcluded(tag));
  return patterns === undefined ? candidates : candidates.filter(patternMatcher(patterns));
}

/** The problem of a tag filter, its range of versions included; undefined when it is valid. */
export function rangeProblem(selection: TagSelection, show?: ShowValue): string | undefined {
  const problem = tagSelectionProblem(selection, show);
  if (problem !== undefined || selection.semver === undefined) return problem;
  const isValid = selection.semver.length <= MAX_RANGE_LENGTH && validRange(selection.semver) !== null;
  return isValid ? undefined : 'its range of versions must be valid for npm, for example ">=1.25 <2"';
}

/**
 * Matches tags against patterns, in which `*` is a wildcard for any characters.
 *
 * A library for globs would give other characters a meaning too, and could be slow for malicious tags.
 */
function patternMatcher(patterns: readonly string[]): (tag: string) => boolean {
  const parts = patterns.map((pattern) => pattern.split('*'));
  return (tag) => parts.some((pieces) => matchesPieces(tag, pieces));
}

function matchesPieces(tag: string, [first, ...others]: readonly string[]): boolean {
  if (others.length === 0) return tag === first;
  const last = others[others.length - 1];
  if (!tag.startsWith(first) || !tag.endsWith(last) || tag.length < first.length + last.length) return false;
  const middle = tag.slice(first.length, tag.length - last.length);
  let position = 0;
  // The first match of each piece leaves the most characters for the next, so there is no backtracking.
  return others.slice(0, -1).every((piece) => {
    const found = middle.indexOf(piece, position);
    position = found + piece.length;
    return found !== -1;
  });
}

/** The full version in a tag of the selected variant; undefined for any other tag. */
function parseVersionTag(tag: string, { variant, prereleases }: TagSelection): VersionTag | undefined {
  const suffix = variant === undefined ? '' : `-${variant}`;
  if (!tag.endsWith(suffix)) return undefined;
  const text = tag.slice(0, tag.length - suffix.length).replace(/^v/, '');
  const version = /^[0-9]/.test(text) ? parse(text) : null;
  if (version === null || (version.prerelease.length > 0 && !prereleases)) return undefined;
  return { tag, version };
}

/** A pre-release is in the same ranges as its release: `2.0.0-rc.1` is not below 2. */
function withoutPrerelease({ major, minor, patch }: SemVer): SemVer {
  return new SemVer(`${major}.${minor}.${patch}`);
}
