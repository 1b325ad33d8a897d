/**
 * The entries of a catalog. An invalid entry does not affect the others.
 */
import { CatalogEntry, isDay, toCatalogEntry } from './catalog-entry';
import { catalogRepositoryName, catalogTagKind } from './catalog-repositories';
import { entryPolicy } from './entry-admission';
import { entryShapeProblem } from './entry-shape';
import { familiarImageReference, formatImageReference, ImageReference, isRepositoryOnly, parseImageReference } from '../image-reference';
import { formatPlatform, normalizedPlatform, parsePlatform } from '../platform';
import { mirrorTag } from '../repository-name';
import { escapeControlCharacters, quote, redactCredentials } from '../sanitize';
import { isOrderedSelection, TagSelection } from '../tag-selection';

/** An entry as it is listed in a catalog. */
export interface ListedEntry {
  /** The position in the catalog, for its author: `line 12`, `entry 3`. */
  readonly position: string;
  readonly value: unknown;
  /** A problem that prevented reading the value. */
  readonly problem?: string;
}

/** A valid entry. */
export interface ValidEntry {
  readonly position: string;
  readonly entry: CatalogEntry;
  /** The image; without a tag when a tag filter selects the tags. */
  readonly reference: ImageReference;
  /** A problem that does not prevent mirroring: the image is listed several times. */
  readonly warning?: string;
}

/** An invalid entry. */
export interface InvalidEntry {
  readonly position: string;
  /** The image in its original spelling; undefined when there is none. */
  readonly image?: string;
  readonly owner?: string;
  /** The image, when it can be parsed; undefined when the entry has a tag filter. */
  readonly reference?: ImageReference;
  /** The problem, as text. */
  readonly problem: string;
}

/** A valid or an invalid entry. */
export type ReadEntry = ValidEntry | InvalidEntry;

/** How to read the entries of a catalog. */
export interface ReadEntriesOptions {
  /** The prefix of the mirror's repositories. */
  readonly repositoryPrefix?: string;
  /** The problem with a tag selection, its range of versions included. */
  readonly selectionProblem: (selection: TagSelection) => string | undefined;
}

/**
 * Reads the entries of a catalog, in their order. Entries for the same image are one entry, with a warning.
 * Entries that contradict each other are all invalid.
 */
export function readEntries(listed: readonly ListedEntry[], options: ReadEntriesOptions): ReadEntry[] {
  return mergeDuplicates(listed.map((entry) => readEntry(entry, options)), options);
}

/** The upstream repository of an entry. It decides which shard has the entry. */
export function upstreamRepository(read: ReadEntry): string {
  if (read.reference !== undefined) return repositoryOf(read.reference);
  return (read as InvalidEntry).image ?? read.position;
}

/** Whether an entry is valid. */
export function isValidEntry(read: ReadEntry): read is ValidEntry {
  return !('problem' in read);
}

/**
 * The upstream tags that have an entry of their own, by repository. Such an entry overrides any tag filter that also matches its tag,
 * even when the entry is invalid or has expired.
 */
export function tagsByRepository(entries: readonly ReadEntry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const tags = new Map<string, Set<string>>();
  for (const { reference } of entries) {
    if (reference?.tag === undefined) continue;
    const repository = repositoryOf(reference);
    tags.set(repository, (tags.get(repository) ?? new Set()).add(reference.tag));
  }
  return tags;
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function readEntry({ position, value, problem }: ListedEntry, options: ReadEntriesOptions): ReadEntry {
  const shapeProblem = problem ?? entryShapeProblem(value) ?? joinedFieldProblem(value);
  if (shapeProblem !== undefined) return invalidEntry(position, value, shapeProblem);
  const entry = toCatalogEntry(value);
  try {
    const reference = parseEntryImage(entry);
    requireMirrorable(entry, reference, options);
    return { position, entry, reference };
  } catch (error) {
    return invalidEntry(position, value, (error as Error).message);
  }
}

/** The problem with `- image:nginx`: without the space, it is an image with the name `image`, and YAML reads a text. */
function joinedFieldProblem(value: unknown): string | undefined {
  const [, name, rest] = typeof value === 'string' ? /^(image|name|repository):(.+)$/.exec(value) ?? [] : [];
  if (name === undefined) return undefined;
  const image = redactCredentials(rest);
  const text = quote(`${name}:${image}`);
  return `it is the text ${text}; write a space after the colon, ${quote(`image: ${image}`)}, or only the image, ${quote(image)}`;
}

function invalidEntry(position: string, value: unknown, problem: string): InvalidEntry {
  const { image: anyImage = value, owner, tags } = Object(value) as { image?: unknown; owner?: unknown; tags?: unknown };
  const image = typeof anyImage === 'string' ? anyImage : undefined;
  return {
    position,
    image,
    owner: entryShapeProblem({ image: 'nginx', owner }) === undefined ? owner as string : undefined,
    reference: image === undefined || tags !== undefined ? undefined : parseIfValid(image),
    problem,
  };
}

function parseIfValid(image: string): ImageReference | undefined {
  try {
    return parseImageReference(image);
  } catch {
    return undefined;
  }
}

function parseEntryImage({ image, tags }: CatalogEntry): ImageReference {
  const reference = parseImageReference(image);
  if (tags === undefined) return reference;
  if (!isRepositoryOnly(image)) throw new Error(`its image is ${quote(image)}: an image with tags must be a repository, without a tag or digest`);
  return { registry: reference.registry, repository: reference.repository };
}

function requireMirrorable({ tags, expires, digest, keepVersions }: CatalogEntry, reference: ImageReference, options: ReadEntriesOptions): void {
  const problem = tags && options.selectionProblem(tags);
  if (problem) throw new Error(`its tags are ${escapeControlCharacters(JSON.stringify(tags))}: ${problem}`);
  const keptProblem = keepVersions && keepVersionsProblem(keepVersions, tags);
  if (keptProblem) throw new Error(`its keepVersions is ${keepVersions}: ${keptProblem}`);
  if (expires !== undefined && !isDay(expires)) throw new Error(`its expires is ${quote(expires)}: there is no such day`);
  if (digest !== undefined && reference.digest !== undefined && digest !== reference.digest) {
    throw new Error(`its image has the digest ${reference.digest} and its digest is ${digest}; remove one of them`);
  }
  // The longer one of the repository names that its tags can have.
  catalogRepositoryName(reference, 'floating', options.repositoryPrefix);
}

/** The problem with the number of versions that a tag selection keeps, as text; undefined when it is valid. */
function keepVersionsProblem(keepVersions: number, tags?: TagSelection): string | undefined {
  if (tags === undefined || !isOrderedSelection(tags)) return 'it needs tags with an order, for example "tags": {"semver": ">=1.25 <2"}';
  const { latest = 0 } = tags;
  return latest > keepVersions ? `its tags select the latest ${latest} versions; keep at least as many` : undefined;
}

/** Merges entries that repeat others, and makes entries invalid that contradict others. */
function mergeDuplicates(entries: readonly ReadEntry[], options: ReadEntriesOptions): ReadEntry[] {
  const groups = new Map<string, ValidEntry[]>();
  for (const read of entries) {
    if (!isValidEntry(read)) continue;
    const target = targetOf(read, options);
    const group = groups.get(target);
    if (group === undefined) groups.set(target, [read]);
    else group.push(read);
  }
  const replacements = new Map<ReadEntry, ReadEntry[]>([...groups].flatMap(([target, group]) => group.length > 1 ? mergeGroup(target, group) : []));
  return entries.flatMap((read) => replacements.get(read) ?? [read]);
}

/** The part of the mirror that only one entry can have: a tag, or a tag selection of a repository. */
function targetOf({ entry, reference }: ValidEntry, { repositoryPrefix }: ReadEntriesOptions): string {
  if (entry.tags !== undefined) return `the tags ${JSON.stringify(Object.entries(entry.tags).sort())} of ${formatImageReference(reference)}`;
  const tag = mirrorTag(reference);
  return `${catalogRepositoryName(reference, catalogTagKind(tag, entry.tagKind), repositoryPrefix)}:${tag}`;
}

/** The entries that replace each entry of a group. */
function mergeGroup(target: string, group: readonly ValidEntry[]): [ValidEntry, ReadEntry[]][] {
  const [first, ...others] = group;
  if (others.every((other) => settingsOf(other) === settingsOf(first))) {
    return group.map((read) => [read, read === first ? [mergedEntry(group)] : []]);
  }
  return group.map((read) => {
    const other = read === first ? others[0] : first;
    const problem = `it contradicts ${other.position}: both are mirrored as ${target}; remove one of them`;
    return [read, [invalidEntry(read.position, read.entry, problem)]];
  });
}

/** One entry for several of the same image: it has the first owner, and expires when the last of them expires. */
function mergedEntry(group: readonly ValidEntry[]): ValidEntry {
  const [first, ...others] = group;
  const owner = group.map(({ entry }) => entry.owner).find((name) => name !== undefined);
  const days = group.map(({ entry }) => entry.expires);
  const expires = days.includes(undefined) ? undefined : days.sort().at(-1);
  const name = `${quote(familiarImageReference(first.reference))}${first.entry.tags === undefined ? '' : ' with these tags'}`;
  const warning = `${name} is listed again at ${others.map(({ position }) => position).join(', ')}, and mirrored once; keep one of the entries`;
  const { owner: _owner, expires: _expires, ...settings } = first.entry;
  const entry = { ...settings, ...owner === undefined ? {} : { owner }, ...expires === undefined ? {} : { expires } };
  return { ...first, entry, warning };
}

/** The settings of an entry, without its owner and last day. */
function settingsOf({ reference, entry }: ValidEntry): string {
  const { attestations, digest, lateReferrers = true, onTagMoved, platforms, allPlatforms = false, referrers = true, tagKind: kind } = entry;
  const { admission, keepPrevious, keepVersions, onUpstreamGone } = entry;
  const sorted = platforms?.map((platform) => formatPlatform(normalizedPlatform(parsePlatform(platform)!))).sort();
  const settings = [digest, onTagMoved, sorted, allPlatforms, referrers, kind, lateReferrers, attestations, keepPrevious, keepVersions];
  const checks = [onUpstreamGone, admission && entryPolicy(admission), admission?.mode];
  return JSON.stringify([formatImageReference(reference), ...settings, ...checks]);
}
