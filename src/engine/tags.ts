import { compareBuild, parse, Range, SemVer, validRange } from 'semver';
import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import { limitError } from './registry/read-budget';
import type { RegistryClient } from './registry/registry-client';
import { RegistryTools, RepositoryAccess } from './registry/repository-access';
import { RetryContext, withRetries } from './registry/retry';
import { untilAborted } from './run-signal';
import { inOrder } from './tag-order';
import type { ImageReference } from '../image/image-reference';
import { isRetentionTag, RETENTION_TAG_PROBLEM } from '../image/retention';
import { MAX_RANGE_LENGTH, MAX_SELECTED_TAGS, ShowValue, TAG_ORDERS, TagSelection, tagSelectionProblem } from '../image/tag-selection';

/**
 * Lists the tags of an upstream repository that a tag filter selects.
 *
 * @throws MirrorError when the filter selects no tag or too many, and when the registry cannot list its tags
 */
export async function listTags(image: ImageReference, selection: TagSelection, tools: RegistryTools): Promise<string[]> {
  const { registry, repository } = image;
  const access = new RepositoryAccess(tools);
  const { retryContext } = access;
  const all = await untilAborted(retryContext.signal, readTags(access.client(image, 'pull'), retryContext)).finally(() => access.close());
  const usable = all.filter((tag) => !isRetentionTag(tag));
  if (usable.length < all.length) tools.progress.line(`warning: ${all.length - usable.length} tags are not mirrored: ${RETENTION_TAG_PROBLEM}`);
  const selected = selectTags(usable, selection);
  tools.progress.line(`${registry}/${repository} has ${all.length} tags, ${selected.length} of them are selected`);
  if (selected.length === 0) {
    const remedy = 'compare the filter with the tags of the repository';
    throw new MirrorError('not-found', `${registry}: the tag filter selects none of the ${all.length} tags of ${repository}; ${remedy}`);
  }
  if (selected.length <= MAX_SELECTED_TAGS) return selected;
  throw new MirrorError('invalid-configuration', `${registry}: ${selected.length} tags of ${repository} are selected, `
    + `and ${MAX_SELECTED_TAGS} is the limit; narrow the tag filter, or set latest`);
}

/** The maximum number of tags that are kept in memory. The largest public repositories have some ten thousand. */
const MAX_TAGS = 100_000;
/** Registries decide how many tags are in a page, and an empty page costs them nothing. */
const MAX_TAG_PAGES = 10_000;

/** Reads all pages of the tags of a repository. A page that fails is read again, without the pages before it. */
export async function readTags(client: RegistryClient, retryContext: RetryContext): Promise<string[]> {
  const { endpoint: { registry }, repository } = client;
  const tags: string[] = [];
  const pages = new Set<string>(); // digests, because a URL can be long
  let next: URL | undefined;
  do {
    const url = next;
    const page = digestOf(Buffer.from(url?.href ?? '', 'utf8'));
    if (pages.has(page)) throw new MirrorError('registry-error', `${registry}: the list of tags of ${repository} repeats a page, so it has no end`);
    pages.add(page);
    const { tags: listed, next: following } = await withRetries(retryContext, () => client.tagPage(url));
    for (const tag of listed) tags.push(tag);
    const exceeded = tags.length > MAX_TAGS ? `${MAX_TAGS} tags` : pages.size > MAX_TAG_PAGES ? `${MAX_TAG_PAGES} pages of tags` : undefined;
    if (exceeded) throw limitError(`${registry}: ${repository} exceeds the limit of ${exceeded}; name the tags instead of a tag filter`);
    next = following;
  } while (next !== undefined);
  return tags;
}

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
