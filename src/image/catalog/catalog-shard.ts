/**
 * How the images of a long catalog are divided among several builds.
 */

/** A part of a catalog: the first of four, the second of four. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

/** All of a catalog. */
export const SINGLE_SHARD: Shard = { number: 1, of: 1 };

/** A catalog is divided among so many builds at most. */
export const MAX_SHARDS = 30;

/** One build mirrors so many entries at most: beyond, nobody would find anything in its log. */
export const MAX_SHARD_IMAGES = 500;

/** A shard as it is written into a variable: `2/4`. */
export function formatShard({ number, of }: Shard): string {
  return `${number}/${of}`;
}

/** Parses a shard; undefined when it is none. */
export function parseShard(text: string): Shard | undefined {
  const [, number, of] = /^([1-9][0-9]?)\/([1-9][0-9]?)$/.exec(text)?.map(Number) ?? [];
  return number === undefined || number > of || of > MAX_SHARDS ? undefined : { number, of };
}

/**
 * Whether a name belongs to a shard: always to the same one, and to one only, whatever else is in the catalog.
 *
 * @param name that of an upstream repository, so that builds do not push to one repository at the same time
 */
export function isInShard(name: string, { number, of }: Shard): boolean {
  return hash(name) % of === number - 1;
}

/**
 * The smallest number of shards of which none has more than so many of the names; undefined when so many shards cannot be.
 *
 * @param names with each as often as it counts
 */
export function requiredShards(names: readonly string[], most: number): number | undefined {
  const numbers = Array.from({ length: MAX_SHARDS }, (_, index) => index + 1);
  return numbers.slice(Math.max(1, Math.ceil(names.length / most)) - 1).find((of) => largestShard(names, of) <= most);
}

/** How many of the names the largest of so many shards has. */
export function largestShard(names: readonly string[], of: number): number {
  const sizes = new Array<number>(of).fill(0);
  for (const name of names) sizes[hash(name) % of]++;
  return Math.max(...sizes);
}

/** What to do about shards that have more entries than a build takes, in words. */
export function shardAdvice(names: readonly string[]): string {
  const enough = requiredShards(names, MAX_SHARD_IMAGES);
  if (enough !== undefined) return `set shards: ${enough}`;
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [upstream, count] = [...counts].sort(([, one], [, other]) => other - one)[0];
  if (count <= MAX_SHARD_IMAGES) return `divide it into several catalogs, for there are ${MAX_SHARDS} shards at most`;
  return `${count} are of ${upstream}, whose tags one build mirrors whatever the shards; select its tags with "tags" instead`;
}

/** A prime of 30 bits, and factors so small that products stay exact. */
const PRIME = 1_073_741_789;
const FACTOR = 8_388_593;
const MIX = 7_919;
const HALF = 32_768;

/** The text as the digits of a number, modulo a prime. Its halves are multiplied, for texts that differ in their last digits alone are in step. */
function hash(text: string): number {
  const value = [...text].reduce((sum, character) => (sum * FACTOR + character.codePointAt(0)!) % PRIME, 1);
  return ((value % HALF) * Math.floor(value / HALF) * MIX + value) % PRIME;
}
