/**
 * A search for exclusion filters of Amazon ECR: a few wildcard patterns that match some tags and do not match others.
 *
 * The result depends only on the sets of tags. The search is bounded, so it may find nothing although there is a solution.
 */
import { coversPattern, isSingleTag, literalEnd, literalStart, patternsOverlap } from '../image/tag-patterns';

/**
 * Amazon ECR allows this number of exclusion filters in a repository, each with this number of wildcards and characters.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export const MAX_FILTERS = 5;
const MAX_WILDCARDS = 2;
const FILTER = /^[0-9A-Za-z._*-]{1,128}$/;

/** The limits of the search. They keep it well below a second. */
const MAX_TAGS = 150;
const MAX_MIDDLES = 20;
const MAX_CANDIDATES = 300;
const MAX_OPTIONS = 30;
const MAX_STEPS = 300;

/** The input of a search. Both lists have tags and patterns, in any order. */
export interface ExclusionRequest {
  readonly matched: readonly string[];
  readonly unmatched: readonly string[];
  /** Whether a pattern of `matched` can be a filter although it may match a tag of `unmatched`. A single tag always can. */
  readonly trustsPatterns: boolean;
}

/** A filter, and the tags that it matches. */
interface Candidate {
  readonly filter: string;
  readonly covered: readonly string[];
}

/** Returns at most five filters in alphabetical order. They are the tags themselves if possible. Undefined when the search finds none. */
export function findExclusions({ matched, unmatched, trustsPatterns }: ExclusionRequest): string[] | undefined {
  const items = [...new Set(matched)].sort();
  const isAllowed = (filter: string) => !unmatched.some((pattern) => patternsOverlap(filter, pattern));
  const own = new Set(items.filter((item) => isFilter(item) && (trustsPatterns || isSingleTag(item) || isAllowed(item))));
  if (items.length <= MAX_FILTERS && own.size === items.length) return items;
  if (items.length > MAX_TAGS) return undefined;
  const general = generalFilters(items).filter((filter) => isFilter(filter) && !own.has(filter));
  const candidates = mostSpecific([...own, ...general].map((filter) => ({ filter, covered: items.filter((item) => coversPattern(filter, item)) })));
  const allowed = candidates.filter(({ filter }) => own.has(filter) || isAllowed(filter));
  // The broadest filter decides how much is excluded, so the search first tries to do without broad filters.
  for (const minimum of [...new Set(allowed.map(breadth))].sort((a, b) => b - a)) {
    const cover = findCover(items, allowed.filter((candidate) => own.has(candidate.filter) || breadth(candidate) >= minimum));
    if (cover !== undefined) return tighten(cover, items, own);
  }
  return undefined;
}

function isFilter(text: string): boolean {
  return FILTER.test(text) && text.split('*').length - 1 <= MAX_WILDCARDS && text !== '*';
}

/** The number of literal characters. A filter with fewer of them matches more tags. */
function breadth({ filter }: Candidate): number {
  return filter.replace(/\*/g, '').length;
}

/** The filters that match more than one tag: with one wildcard, and with another one around a word in the middle. */
function generalFilters(items: readonly string[]): string[] {
  const ends = commonEnds(items);
  const filters = new Set<string>();
  for (const start of commonStarts(items)) {
    const starting = items.filter((item) => literalStart(item).startsWith(start));
    for (const end of ends) {
      const group = starting.filter((item) => coversPattern(`${start}*${end}`, item));
      if (group.length > 0) filters.add(closure(group) ?? `${start}*${end}`);
    }
  }
  const middles = commonWords(items);
  const withMiddle = [...filters].flatMap((filter) => middles.map((middle) => filter.replace('*', `*${middle}*`)));
  return [...filters, ...withMiddle];
}

/** The most specific filter with one wildcard that matches all tags of a group; undefined when start and end overlap in a tag. */
function closure(group: readonly string[]): string | undefined {
  const starts = group.map(literalStart);
  const ends = group.map(literalEnd);
  const filter = `${starts.reduce(commonStart)}*${reversed(ends.map(reversed).reduce(commonStart))}`;
  return group.every((item) => coversPattern(filter, item)) ? filter : undefined;
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}

/** The starts that two tags have in common, and the whole start of each pattern. In sorted texts, neighbors have the longest ones. */
function commonStarts(items: readonly string[], startOf = literalStart): string[] {
  const sorted = items.map(startOf).sort();
  const shared = sorted.slice(1).map((text, index) => commonStart(text, sorted[index]));
  return [...new Set(['', ...shared, ...items.filter((item) => !isFilter(item)).map(startOf)])];
}

function commonEnds(items: readonly string[]): string[] {
  return commonStarts(items, (item) => reversed(literalEnd(item))).map(reversed);
}

/** The words that at least two tags have, most frequent first: `-slim`. */
function commonWords(items: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) for (const word of new Set(item.match(/[-._]?[A-Za-z0-9]{2,}|[-._]/g))) counts.set(word, (counts.get(word) ?? 0) + 1);
  const shared = [...counts].filter(([, times]) => times > 1).sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1));
  return shared.slice(0, MAX_MIDDLES).map(([word]) => word);
}

/** Of all filters that match the same tags, the one with the most literal characters. */
function mostSpecific(candidates: readonly Candidate[]): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates.filter(({ covered }) => covered.length > 0)) {
    const key = candidate.covered.join(' ');
    const other = best.get(key);
    if (other === undefined || compareBreadth(candidate, other) < 0) best.set(key, candidate);
  }
  return [...best.values()];
}

function compareBreadth(a: Candidate, b: Candidate): number {
  const start = ({ filter }: Candidate) => literalStart(filter).length;
  return breadth(b) - breadth(a) || a.filter.length - b.filter.length || start(b) - start(a) || (a.filter < b.filter ? -1 : 1);
}

/** Finds at most five candidates that match all tags together: for the tag with the fewest candidates, it tries the one that matches the most. */
function findCover(items: readonly string[], candidates: readonly Candidate[]): Candidate[] | undefined {
  const useful = withoutDominated(candidates);
  const choices = items.map((item) => ({ item, options: useful.filter(({ covered }) => covered.includes(item)) }));
  const byScarcity = choices.sort((a, b) => a.options.length - b.options.length);
  const most = Math.max(0, ...useful.map(({ covered }) => covered.length));
  let steps = 0;
  const search = (uncovered: ReadonlySet<string>, filters: number): Candidate[] | undefined => {
    if (uncovered.size === 0) return [];
    if (uncovered.size > filters * most || ++steps > MAX_STEPS) return undefined;
    const { options } = byScarcity.find(({ item }) => uncovered.has(item))!;
    const gains = options.slice(0, MAX_OPTIONS).map((option) => ({ option, gain: option.covered.filter((item) => uncovered.has(item)).length }));
    for (const { option } of gains.sort((a, b) => b.gain - a.gain || compareBreadth(a.option, b.option))) {
      const others = search(new Set([...uncovered].filter((item) => !option.covered.includes(item))), filters - 1);
      if (others !== undefined) return [option, ...others];
    }
    return undefined;
  };
  return search(new Set(items), MAX_FILTERS);
}

/** The candidates that match the most tags, without those that match only a part of what another one matches. */
function withoutDominated(candidates: readonly Candidate[]): Candidate[] {
  const sorted = [...candidates].sort((a, b) => b.covered.length - a.covered.length || compareBreadth(a, b)).slice(0, MAX_CANDIDATES);
  const kept: { readonly candidate: Candidate; readonly all: ReadonlySet<string> }[] = [];
  for (const candidate of sorted) {
    const isDominated = kept.some(({ all }) => candidate.covered.every((item) => all.has(item)));
    if (!isDominated) kept.push({ candidate, all: new Set(candidate.covered) });
  }
  return kept.map(({ candidate }) => candidate);
}

/** A filter, and the tags that it stands for. */
interface Group {
  readonly filter: string;
  readonly tags: readonly string[];
}

/**
 * Makes each filter as specific as its tags allow. A tag that several filters match belongs to the most specific one.
 * If there are fewer filters than allowed, the broadest ones are replaced by their tags.
 */
function tighten(cover: readonly Candidate[], items: readonly string[], own: ReadonlySet<string>): string[] {
  const sorted = [...cover].sort(compareBreadth);
  const owners = items.map((item) => sorted.find(({ filter }) => coversPattern(filter, item))!);
  const groups = sorted.map((candidate) => groupOf(candidate, items.filter((_, index) => owners[index] === candidate), own));
  const filters = groups.filter(({ tags }) => tags.length > 0);
  let free = MAX_FILTERS - filters.length;
  return filters.reverse().flatMap(({ filter, tags }) => {
    if (own.has(filter) || tags.length - 1 > free || !tags.every((tag) => own.has(tag))) return [filter];
    free -= tags.length - 1;
    return tags;
  }).sort();
}

function groupOf({ filter }: Candidate, tags: readonly string[], own: ReadonlySet<string>): Group {
  // A filter with two wildcards has a word that the closure lacks.
  const isWidest = own.has(filter) || filter.split('*').length > 2 || tags.length === 0;
  return { filter: isWidest ? filter : closure(tags) ?? filter, tags };
}
