/**
 * The entries of a catalog, read one by one: one that cannot be meant does not stop the others.
 */
import { toCatalogEntry, CatalogEntry, entryShapeProblem } from './catalog';
import { isDay, catalogRepositoryName, catalogTagKind } from './catalog-location';
import { familiarImageReference, formatImageReference, ImageReference, parseImageReference, quote } from '../image-reference';
import { normalizedPlatform, formatPlatform, parsePlatform } from '../platform';
import { mirrorTag } from '../repository-name';
import { escapeControlCharacters } from '../sanitize';
import { TagSelection } from '../tag-selection';

/** An entry as it stands in a list. */
export interface ListedEntry {
  /** Where it stands, as its author finds it: `line 12`, `entry 3`. */
  readonly place: string;
  readonly value: unknown;
  /** What keeps it from having a value. */
  readonly problem?: string;
}

/** An entry that can be mirrored. */
export interface ValidEntry {
  readonly place: string;
  readonly entry: CatalogEntry;
  /** Without a tag where tags are selected. */
  readonly reference: ImageReference;
}

/** An entry that cannot be meant. */
export interface InvalidEntry {
  readonly place: string;
  /** The image as it was written; undefined where there is none. */
  readonly image?: string;
  readonly owner?: string;
  /** The image that it means by itself, where that can be told; undefined where it would select tags. */
  readonly reference?: ImageReference;
  /** What is wrong with it, in words. */
  readonly problem: string;
}

/** What an entry turned out to be. */
export type ReadEntry = ValidEntry | InvalidEntry;

/** What a reader must know besides. */
export interface ListReader {
  /** What the names of the mirror's repositories start with. */
  readonly repositoryPrefix?: string;
  /** What is wrong with a selection of tags, its range of versions included. */
  readonly selectionProblem: (selection: TagSelection) => string | undefined;
}

/** Reads the entries of a list, in their order. Those that contradict each other are all refused, for nobody knows which is meant. */
export function readEntries(listed: readonly ListedEntry[], reader: ListReader): ReadEntry[] {
  return refuseContradictions(listed.map((one) => readEntry(one, reader)), reader);
}

/** The upstream repository of an entry: what decides which build mirrors it. */
export function upstreamRepository(read: ReadEntry): string {
  if (read.reference !== undefined) return repositoryOf(read.reference);
  return (read as InvalidEntry).image ?? read.place;
}

/** Whether an entry can be mirrored. */
export function isValidEntry(read: ReadEntry): read is ValidEntry {
  return !('problem' in read);
}

/**
 * The upstream tags that entries name one by one, by their repositories. What such an entry says of its tag is the last word, also one that is
 * refused or has expired: no selection of the list mirrors that tag.
 */
export function tagsByRepository(entries: readonly ReadEntry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const named = new Map<string, Set<string>>();
  for (const { reference } of entries) {
    if (reference?.tag === undefined) continue;
    const repository = repositoryOf(reference);
    named.set(repository, (named.get(repository) ?? new Set()).add(reference.tag));
  }
  return named;
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function readEntry({ place, value, problem }: ListedEntry, reader: ListReader): ReadEntry {
  const formProblem = problem ?? entryShapeProblem(value);
  if (formProblem !== undefined) return { place, ...tellable(value), problem: formProblem };
  const entry = toCatalogEntry(value);
  try {
    const reference = readReference(entry);
    refuseWhatCannotBe(entry, reference, reader);
    return { place, entry, reference };
  } catch (error) {
    return { place, ...tellable(value), problem: (error as Error).message };
  }
}

/** What can be told of an entry that cannot be meant. */
function tellable(value: unknown): Omit<InvalidEntry, 'place' | 'problem'> {
  const { image: written = value, owner, tags } = Object(value) as { image?: unknown; owner?: unknown; tags?: unknown };
  const image = typeof written === 'string' ? written : undefined;
  return {
    image,
    owner: entryShapeProblem({ image: 'nginx', owner }) === undefined ? owner as string : undefined,
    reference: image === undefined || tags !== undefined ? undefined : parsed(image),
  };
}

function parsed(image: string): ImageReference | undefined {
  try {
    return parseImageReference(image);
  } catch {
    return undefined;
  }
}

/** With a selection of tags, the repository. */
function readReference({ image, tags }: CatalogEntry): ImageReference {
  const reference = parseImageReference(image);
  if (tags === undefined) return reference;
  if (/[:@][^/]*$/.test(image)) throw new Error(`its image is ${quote(image)}: with tags it must be a repository, without a tag or digest`);
  return { registry: reference.registry, repository: reference.repository };
}

function refuseWhatCannotBe({ tags, expires, digest }: CatalogEntry, reference: ImageReference, reader: ListReader): void {
  const problem = tags && reader.selectionProblem(tags);
  if (problem) throw new Error(`its tags are ${escapeControlCharacters(JSON.stringify(tags))}: ${problem}`);
  if (expires !== undefined && !isDay(expires)) throw new Error(`its expires is ${quote(expires)}: the calendar has no such day`);
  if (digest !== undefined && reference.digest !== undefined && digest !== reference.digest) {
    throw new Error(`its image names the digest ${reference.digest} and its digest is ${digest}; leave one of them out`);
  }
  // The longer of the two names that its tags may go to.
  catalogRepositoryName(reference, 'floating', reader.repositoryPrefix);
}

function refuseContradictions(entries: readonly ReadEntry[], reader: ListReader): ReadEntry[] {
  const groups = new Map<string, ValidEntry[]>();
  for (const read of entries) {
    if (!isValidEntry(read)) continue;
    const key = keyOf(read, reader);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [read]);
    else group.push(read);
  }
  const problems = new Map<ReadEntry, string>([...groups].flatMap(([key, group]) => group.length > 1 ? judge(key, group) : []));
  return entries.map((read) => {
    const problem = problems.get(read);
    if (problem === undefined || !isValidEntry(read)) return read;
    return { place: read.place, ...tellable(read.entry), problem };
  });
}

/** What only one entry may be: a place in the mirror, or a selection of a repository's tags. */
function keyOf({ entry, reference }: ValidEntry, { repositoryPrefix }: ListReader): string {
  if (entry.tags !== undefined) return `the tags ${JSON.stringify(Object.entries(entry.tags).sort())} of ${formatImageReference(reference)}`;
  const tag = mirrorTag(reference);
  return `${catalogRepositoryName(reference, catalogTagKind(tag, entry.tagKind), repositoryPrefix)}:${tag}`;
}

function judge(key: string, group: readonly ValidEntry[]): [ValidEntry, string][] {
  const [first, ...others] = group;
  if (others.every((one) => wishOf(one) === wishOf(first))) {
    const name = `${quote(familiarImageReference(first.reference))}${first.entry.tags === undefined ? '' : ' with these tags'}`;
    return others.map((other) => [other, `${name} is in the catalog already, at ${first.place}; remove one of them`]);
  }
  return group.map((one) => {
    const other = one === first ? others[0] : first;
    return [one, `it contradicts ${other.place}, for both would be ${key}; keep the one that is meant`];
  });
}

/** What an entry wants, whoever wants it and until when. */
function wishOf({ reference, entry: { digest, onTagMoved, platforms, referrers = true, tagKind: kind } }: ValidEntry): string {
  const sorted = platforms?.map((platform) => formatPlatform(normalizedPlatform(parsePlatform(platform)!))).sort();
  return JSON.stringify([formatImageReference(reference), digest, onTagMoved, sorted, referrers, kind]);
}
