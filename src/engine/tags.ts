import { setMaxListeners } from 'node:events';
import { compareBuild, parse, Range, SemVer, validRange } from 'semver';
import { signalOf } from './failure';
import { MirrorError } from './mirror-error';
import type { MirrorTools } from './mirror-image';
import { endpointOf } from './registry/endpoint';
import { RegistryClient } from './registry/registry-client';
import { withRetries } from './registry/retry';
import type { ImageReference } from '../image/image-reference';
import { TagSelection, tagSelectionProblem } from '../image/tag-selection';

/** So many tags at once are a mistake in a pattern rather than a wish. */
const MOST_TAGS = 500;

/**
 * The tags of an upstream repository that a selection means.
 *
 * @throws MirrorError when there is none, when there are too many, or when the registry does not tell
 */
export async function listTags({ registry, repository }: ImageReference, selection: TagSelection, tools: MirrorTools): Promise<string[]> {
  const { credentials, deadline, plainHttp, progress, retry, transport } = tools;
  const signal = signalOf(tools);
  setMaxListeners(0, signal);
  const client = new RegistryClient({ endpoint: endpointOf(registry, plainHttp(registry)), repository, access: 'pull', transport, credentials, signal });
  const onRetry = (error: MirrorError, seconds: number) => progress.line(`${error.message}; trying again in ${seconds.toFixed(1)} s`);
  const all = await withRetries({ retry, deadline, signal, onRetry }, () => client.tags());
  const selected = selectTags(all, selection);
  progress.line(`${registry}/${repository} has ${all.length} tags, ${selected.length} of them are selected`);
  if (selected.length === 0) throw new MirrorError('not-found', `${registry}: none of the ${all.length} tags of ${repository} is selected by ${JSON.stringify(selection)}`);
  if (selected.length <= MOST_TAGS) return selected;
  throw new MirrorError('invalid-configuration', `${registry}: ${selected.length} tags of ${repository} are selected, and ${MOST_TAGS} is the limit; narrow the selection, or set latest`);
}

/** A tag and the version that it names. */
interface VersionTag {
  readonly tag: string;
  readonly version: SemVer;
}

/**
 * The tags that a selection means, in the order in which they are mirrored: versions newest first, others as the registry lists them.
 *
 * A leading `v` is no part of a version. Where `1.2.3` and `v1.2.3` are both there, both are selected and count as one for `latest`.
 *
 * @throws TypeError when the range of versions is none
 */
export function selectTags(tags: readonly string[], selection: TagSelection): string[] {
  const excluded = matcher(selection.exclude ?? []);
  const candidates = [...new Set(tags)].filter((tag) => !excluded(tag));
  if (selection.semver === undefined) return candidates.filter(matcher(selection.patterns ?? []));
  const range = new Range(selection.semver);
  const selected = candidates
    .flatMap((tag) => versionOf(tag, selection) ?? [])
    .filter(({ version }) => range.test(base(version)))
    .sort((a, b) => compareBuild(b.version, a.version) || (a.tag < b.tag ? -1 : 1));
  return newest(selected, selection.latest).map(({ tag }) => tag);
}

/** What is wrong with a selection, its range of versions included; undefined when nothing is. */
export function rangeProblem(selection: TagSelection): string | undefined {
  const problem = tagSelectionProblem(selection);
  if (problem !== undefined || selection.semver === undefined) return problem;
  const usable = selection.semver.length <= LONGEST_RANGE && validRange(selection.semver) !== null;
  return usable ? undefined : 'its range of versions must be one that npm would take, for example ">=1.25 <2"';
}

const LONGEST_RANGE = 200;

/**
 * Whether a tag matches one of some patterns, in which `*` stands for any characters and everything else for itself.
 *
 * Not with a library for globs: those give other characters a meaning, and are slow on tags that somebody made to slow them.
 */
function matcher(patterns: readonly string[]): (tag: string) => boolean {
  const parts = patterns.map((pattern) => pattern.split('*'));
  return (tag) => parts.some((pieces) => matches(tag, pieces));
}

function matches(tag: string, [first, ...others]: readonly string[]): boolean {
  if (others.length === 0) return tag === first;
  const last = others[others.length - 1];
  if (!tag.startsWith(first) || !tag.endsWith(last) || tag.length < first.length + last.length) return false;
  const middle = tag.slice(first.length, tag.length - last.length);
  let at = 0;
  // The earliest place for each piece leaves the most room for the next, so nothing is ever tried twice.
  return others.slice(0, -1).every((piece) => {
    const found = middle.indexOf(piece, at);
    at = found + piece.length;
    return found !== -1;
  });
}

/** The version that a tag names in full, when it is of the variant asked for. */
function versionOf(tag: string, { variant, prereleases }: TagSelection): VersionTag | undefined {
  const suffix = variant === undefined ? '' : `-${variant}`;
  if (!tag.endsWith(suffix)) return undefined;
  const text = tag.slice(0, tag.length - suffix.length).replace(/^v/, '');
  const version = /^[0-9]/.test(text) ? parse(text) : null;
  if (version === null || (version.prerelease.length > 0 && !prereleases)) return undefined;
  return { tag, version };
}

/** A pre-release belongs to the range that its release belongs to: `2.0.0-rc.1` is not below 2. */
function base({ major, minor, patch }: SemVer): SemVer {
  return new SemVer(`${major}.${minor}.${patch}`);
}

function newest(sorted: readonly VersionTag[], count: number | undefined): readonly VersionTag[] {
  if (count === undefined) return sorted;
  const versions = [...new Set(sorted.map(({ version }) => version.version))].slice(0, count);
  return sorted.filter(({ version }) => versions.includes(version.version));
}
