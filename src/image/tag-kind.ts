/**
 * Whether a tag is a promise. `7.11.2` names one release for ever, `stable` names whatever is newest today;
 * the mirror makes the first immutable and lets the second move.
 */

/** `fixed` tags name one image for ever; `floating` tags follow upstream. */
export type TagKindName = 'fixed' | 'floating';

/** A full date: 20240131, 2024-01-31, 2024.01.31, also inside a longer tag such as `jammy-20240131` or minio's `RELEASE.2024-01-31T…`. */
const DATE = /(?:^|[^0-9])20[0-9]{2}([-._]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?:[^0-9]|$)/;

/** A git hash, alone or behind a word such as `sha-` or `git-`. */
const HASH = /^(?:([a-z]+)-)?([0-9a-f]{7,40})$/;

/** Words that say "whatever is newest", even beside a full version: `1.2.3-SNAPSHOT`. */
const CHANNEL = /(?:^|[-._])(?:latest|stable|edge|nightly|snapshot|dev|devel|develop|main|master|head|canary|rolling|next|unstable|testing)(?:$|[-._])/i;

/**
 * Tells a tag that names one release from one that moves, by its form alone.
 *
 * Fixed are full versions (the first number has three parts or more: `7.11.2`, `v2.53.0`, `3.9.19-slim-bookworm`), full dates, git hashes
 * and the tags that this library makes from digests. Everything else floats: `latest`, `1.14`, `alpine`, `1-alpine3.19.1`.
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
  // Short words and plain numbers can look like hashes ("defaced", "1234567"): ask for both letters and digits.
  return hash.length === 40 || (/[0-9]/.test(hash) && /[a-f]/.test(hash));
}
