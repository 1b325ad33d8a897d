/**
 * The kind of a tag: a fixed tag such as `7.11.2` always means the same release, and a floating tag such as `stable` means the newest one.
 * The mirror makes fixed tags immutable. Floating tags can move.
 */

/** `fixed` tags always mean the same image. `floating` tags follow upstream. */
export type TagKindName = 'fixed' | 'floating';

/** A full date: 20240131, 2024-01-31, 2024.01.31, also in a longer tag such as `jammy-20240131` or minio's `RELEASE.2024-01-31T…`. */
const DATE = /(?:^|[^0-9])20[0-9]{2}([-._]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?:[^0-9]|$)/;

/** A git hash, alone or after a word such as `sha-` or `git-`. */
const HASH = /^(?:([a-z]+)-)?([0-9a-f]{7,40})$/;

/** Words that mean the newest image, also together with a full version: `1.2.3-SNAPSHOT`. */
const CHANNELS = 'latest|stable|edge|nightly|snapshot|dev|devel|develop|main|master|head|canary|rolling|next|unstable|testing';
const CHANNEL = new RegExp(`(?:^|[-._])(?:${CHANNELS})(?:$|[-._])`, 'i');

/**
 * The kind of a tag, by its form.
 *
 * Fixed tags are full dates, git hashes, tags that this library derives from digests, and full versions: the first number has at least
 * three parts, as in `7.11.2`, `v2.53.0` and `3.9.19-slim-bookworm`. All other tags are floating: `latest`, `1.14`, `alpine`, `1-alpine3.19.1`.
 */
export function tagKind(tag: string): TagKindName {
  if (/^digest-[0-9a-f]{12}$/.test(tag) || isHash(tag) || DATE.test(tag)) return 'fixed';
  if (CHANNEL.test(tag)) return 'floating';
  const firstNumber = /[0-9]+(?:\.[0-9]+)*/.exec(tag)?.[0] ?? '';
  return firstNumber.split('.').length >= 3 ? 'fixed' : 'floating';
}

function isHash(tag: string): boolean {
  const [, word, hash] = HASH.exec(tag) ?? [];
  if (hash === undefined) return false;
  if (word === 'sha' || word === 'git' || word === 'commit') return true;
  // Short words and plain numbers can look like hashes ("defaced", "1234567"), so require both letters and digits.
  return hash.length === 40 || (/[0-9]/.test(hash) && /[a-f]/.test(hash));
}
