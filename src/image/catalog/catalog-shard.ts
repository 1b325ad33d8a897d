/**
 * Shards: the images of a long catalog, divided among several builds.
 */

/** A part of a catalog, for example the second of four. */
export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** The shard that is the whole catalog. */
export const SINGLE_SHARD: Shard = { number: 1, of: 1 };

/** The maximum number of shards of a catalog. */
export const MAX_SHARDS = 30;

/** The maximum number of entries in a shard, and in `IMAGES`. The log of a build with more entries is not readable, and a build has one timeout. */
export const MAX_SHARD_IMAGES = 500;

/** A build copies several images at the same time, and a copy takes at most one minute unless the image is large. */
export const COPIES_PER_MINUTE = 4;

/** A shard as text: `2/4`. */
export function formatShard({ number, of }: Shard): string {
  return `${number}/${of}`;
}

/** Parses a shard; undefined when the text is not valid. */
export function parseShard(text: string): Shard | undefined {
  const [, number, of] = /^([1-9][0-9]?)\/([1-9][0-9]?)$/.exec(text)?.map(Number) ?? [];
  return number === undefined || number > of || of > MAX_SHARDS ? undefined : { number, of };
}

/**
 * Whether a name belongs to a shard. Each name belongs to exactly one shard, regardless of the other names in the catalog.
 *
 * @param name the upstream repository, so that two builds never push to one repository at the same time
 */
export function isInShard(name: string, { number, of }: Shard): boolean {
  return hash(name) % of === number - 1;
}

/**
 * The smallest number of shards with at most `maxNames` names each; undefined when it exceeds the maximum number of shards.
 *
 * @param names the upstream repositories, each once for each image
 */
export function requiredShards(names: readonly string[], maxNames: number): number | undefined {
  const numbers = Array.from({ length: MAX_SHARDS }, (_, index) => index + 1);
  return numbers.slice(Math.max(1, Math.ceil(names.length / maxNames)) - 1).find((of) => largestShard(names, of) <= maxNames);
}

/** The number of names in the largest of `of` shards. */
export function largestShard(names: readonly string[], of: number): number {
  const sizes = new Array<number>(of).fill(0);
  for (const name of names) sizes[hash(name) % of]++;
  return Math.max(...sizes);
}

/** The remedy for a shard with too many entries, as text. */
export function shardAdvice(names: readonly string[]): string {
  const shards = requiredShards(names, MAX_SHARD_IMAGES);
  if (shards !== undefined) return `set shards: ${shards}`;
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [upstream, count] = [...counts].sort(([, a], [, b]) => b - a)[0];
  if (count <= MAX_SHARD_IMAGES) return `divide it into several catalogs, because a catalog can have at most ${MAX_SHARDS} shards`;
  return `${count} are tags of ${upstream}, and one build mirrors all tags of a repository; select them with "tags" instead`;
}

/** A prime of 30 bits. The factors are small enough that all products are exact. */
const PRIME = 1_073_741_789;
const FACTOR = 8_388_593;
const MIX = 7_919;
const HALF = 32_768;

/** The text as a number modulo a prime. Multiplying its halves separates texts that differ only in their last characters. */
function hash(text: string): number {
  const value = [...text].reduce((sum, character) => (sum * FACTOR + character.codePointAt(0)!) % PRIME, 1);
  return ((value % HALF) * Math.floor(value / HALF) * MIX + value) % PRIME;
}
