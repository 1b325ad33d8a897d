/**
 * The kind of a tag: a fixed tag such as `7.11.2` always means the same release, and a floating tag such as `stable` means the newest one.
 * The mirror makes fixed tags immutable. Floating tags can move.
 *
 * Both mistakes have a price. If a floating tag counts as fixed, the mirror refuses its updates as `tag-moved`. If a fixed tag counts as floating,
 * nothing protects it in Amazon ECR. A form that is common for both is floating, and `tagKind` overrides the judgment.
 */

/** `fixed` tags always mean the same image. `floating` tags follow upstream. */
export type TagKindName = 'fixed' | 'floating';

/** A tag that this library derives from a digest. */
const DERIVED = /^digest-[0-9a-f]{12}$/;

/** A tag that OCI and cosign derive from a digest: `sha256-<digest>.sig`. It changes when its subject gets a new signature. */
const OF_REFERRER = /^sha(?:256|512)-/;

/** A build of a work tree with changes. Its commit does not say what is in it. */
const DIRTY = /[-._]dirty$/i;

/**
 * A full date, with or without a time: 20240131, 202401311200, 2024-01-31, 2024.01.31, also in a longer tag such as `jammy-20240131` or minio's
 * `RELEASE.2024-01-31T…`. A number of seconds or milliseconds since 1970 counts too: `main-1706700000`.
 */
const DATE = new RegExp('(?:^|[^0-9])(?:20[0-9]{2}([-._]?)(?:0[1-9]|1[0-2])\\1(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])?(?:[0-5][0-9]){0,2}'
  + '|1[4-9][0-9]{8}(?:[0-9]{3})?)(?:[^0-9]|$)');

/** The start or end of a word in a tag. */
const [START, END] = ['(?<![^-._])', '(?![^-._])'];

/** A git hash after a word that announces it, also without letters: `sha-1234567`, `commit-0123456`. */
const NAMED_HASH = new RegExp(`${START}(?:sha|git|commit|rev)[-._]?[0-9a-f]{7,64}${END}`);

/** A text that can be a hash, alone or with git's `g` before it: `1a2b3c4`, `v1.2-5-g1a2b3c4`. */
const HASH = new RegExp(`${START}g?([0-9a-f]{7,64})${END}`, 'g');

/** Words for images that are built again and again, also under a full version: `1.2.3-SNAPSHOT`, `latest-1.2.3`. Numbered builds are different. */
const REBUILT = new RegExp(`${START}(?:latest|snapshot|nightly|daily|weekly|monthly|hourly)(?!\\.[0-9])${END}`, 'i');

const ARCHITECTURE = '(?:amd64[-_]?(?:v[1-4])?|x86[-_]64|x64|x86|i?[3-6]86|arm(?:32|64)?[-_]?(?:v[5-8][a-z]?)?|armhf|armel|aarch64'
  + '|ppc64(?:le|el)?|s390x?|mips(?:64)?(?:le|el)?|riscv64|loong(?:arch)?64)';

/**
 * Words for the newest image. They also are the last word of versions that are not released yet: `1.2.3-dev`, `1.2.3-edge-arm64`.
 * Elsewhere they are a flavor or the name of a release line: `12.2.0-devel-ubuntu22.04`, `stable-2.14.10`, `1.2.3-alpine-edge`, `2.0.0-dev.1`.
 */
const CHANNEL_AT_END = new RegExp(`${START}(?<!(?:alpine|debian|sid)[-._])`
  + '(?:stable|edge|dev|develop|development|main|master|trunk|head|canary|rolling|next|unstable|testing|staging)'
  + `(?:[-._](?:${ARCHITECTURE}|linux|windows))*$`, 'i');

/** An architecture, or a system with its own version: `arm64`, `windows-2022`, `alpine3.19.1`. These numbers are not the version of the image. */
const PLATFORM = new RegExp(`(?<![^-_])(?:${ARCHITECTURE}`
  + '|(?:linux|windows|windowsservercore|servercore|nanoserver|win|ltsc|alpine|debian|ubuntu|ubi|rhel|centos|rocky(?:linux)?|alma(?:linux)?|fedora'
  + '|amazonlinux|amzn|al|el|fc|ol|oraclelinux|opensuse|leap|sles|photon|mariner|azurelinux)'
  + '(?:[0-9]+(?:\\.[0-9]+)*|[-_](?:ltsc)?[0-9]+(?:\\.[0-9]+)?|[-_][0-9]{2}h[12])'
  + ')(?![^-_])', 'gi');

/** The version of a runtime right before a full version: `pg16-v0.2.1`, `php8.2-6.4.3`. */
const RUNTIME = /(?<![^-_])[a-z]{2,20}[0-9]{1,4}(?:\.[0-9]{1,4})?[-_](?=v?[0-9]+\.[0-9]+\.[0-9])/gi;

/** A digit in a name, such as `k8s` or `e2e`. */
const DIGIT_IN_NAME = /(?<=[a-z])[0-9](?=[a-z])/gi;

/** Java's updates and builds without three numbers: `8u402-b06`, `21_35-jdk`, `23-ea-12`. */
const JAVA = /(?:^|[-_]|j[dr][ke])(?:[0-9]{1,2}u[0-9]{2,3}(?![0-9a-z])|[0-9]{2}_[0-9]{1,3}-j[dr][ke]|[0-9]{2}-ea-[0-9]+)/;

/** The number of a build: `build-123`, `1.4-build.7`. */
const BUILD = new RegExp(`${START}build[-._]?[0-9]+(?!\\.?[0-9])${END}`, 'i');

/**
 * The kind of a tag, by its form.
 *
 * Fixed tags are, in any part of the tag:
 *
 * - full dates and git hashes, and the tags that this library derives from digests;
 * - full versions: the first number has at least three parts, as in `7.11.2`, `v2.53.0`, `3.9.19-slim-bookworm` and `stable-2.14.10`. The number of
 *   an architecture, a system, or a runtime before the version does not count: `arm64-2.10.0`, `windows-2022-3.1.8`, `pg16-v0.2.1`;
 * - Java's versions (`8u402-b06`), and numbers of builds (`build-123`).
 *
 * All other tags are floating: `latest`, `1.14`, `alpine`, `1-alpine3.19.1`. A full version is floating with a word that says that it is built again:
 *
 * - with `latest`, `snapshot`, `nightly`, `daily`, `weekly`, `monthly` or `hourly` anywhere, without a date, hash or number of the build;
 * - with `dirty` as the last word;
 * - with a channel as the last word: `stable`, `edge`, `dev`, `develop`, `development`, `main`, `master`, `trunk`, `head`, `canary`, `rolling`,
 *   `next`, `unstable`, `testing` or `staging`. An architecture can follow. In another place, or after `alpine` and `debian`, it is part of a name.
 */
export function tagKind(tag: string): TagKindName {
  if (DERIVED.test(tag)) return 'fixed';
  if (OF_REFERRER.test(tag) || DIRTY.test(tag)) return 'floating';
  if (hasHash(tag) || DATE.test(tag)) return 'fixed';
  if (REBUILT.test(tag) || CHANNEL_AT_END.test(tag)) return 'floating';
  return hasFullVersion(tag) || JAVA.test(tag) || BUILD.test(tag) ? 'fixed' : 'floating';
}

function hasHash(tag: string): boolean {
  if (NAMED_HASH.test(tag)) return true;
  // Short words and plain numbers can look like hashes ("defaced", "1234567"), so require both letters and digits.
  return [...tag.matchAll(HASH)].some(([, hash]) => hash.length === 40 || hash.length === 64 || (/[0-9]/.test(hash) && /[a-f]/.test(hash)));
}

function hasFullVersion(tag: string): boolean {
  const version = tag.replace(PLATFORM, '').replace(RUNTIME, '').replace(DIGIT_IN_NAME, '');
  const firstNumber = /[0-9]+(?:\.[0-9]+)*/.exec(version)?.[0] ?? '';
  return firstNumber.split('.').length >= 3;
}
