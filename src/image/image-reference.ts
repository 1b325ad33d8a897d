/**
 * Image references: which registry, which repository, which tag or digest.
 *
 * The grammar is that of the distribution project, so that every spelling which `docker pull` takes means the same here.
 *
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */

import { escapeControlCharacters } from './sanitize';

/** A parsed image reference. Every field is normalized: two spellings of one image give equal fields. */
export interface ImageReference {
  /** The registry's host with its port, in lower case: `docker.io`, `quay.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** The repository's path in its registry: `library/nginx`, `prometheus/prometheus`. */
  readonly repository: string;
  /** The tag; undefined only when the reference names a digest and no tag. */
  readonly tag?: string;
  /** The digest, when the reference is pinned to one: `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

/** What is wrong with a reference, in words that name the value and the remedy. */
export class InvalidReferenceError extends Error {
  constructor(value: string, problem: string) {
    super(`invalid image reference ${quote(redactCredentials(value))}: ${problem}`);
    this.name = 'InvalidReferenceError';
  }
}

/** The registry that a reference without a host means. */
export const DOCKER_HUB = 'docker.io';

/** Hosts that are Docker Hub under another name. */
const DOCKER_HUB_ALIASES = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

/** The longest tag by OCI's rule, in characters. */
export const MAX_TAG_LENGTH = 128;

const HOST_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const HOST = new RegExp(`^(${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:.]{2,45}\\])(?::([0-9]{1,5}))?$`);
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = new RegExp(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,${MAX_TAG_LENGTH - 1}}$`);
const DIGEST = /^sha256:[a-f0-9]{64}$/;

const LONGEST_REFERENCE = 1024;
const LONGEST_REPOSITORY = 256;

/**
 * Parses an image reference as `docker pull` reads it.
 *
 * A missing host means Docker Hub, a missing namespace there means `library`, and a reference with neither tag nor digest means `latest`.
 *
 * @throws InvalidReferenceError naming the value, what is wrong with it and what to write instead
 */
export function parseImageReference(text: string): ImageReference {
  refuseWhatIsNoReference(text);
  const [named, digest, ...surplus] = text.split('@');
  if (surplus.length > 0) throw new InvalidReferenceError(text, 'it has more than one "@"');
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw new InvalidReferenceError(text, 'a digest is "sha256:" and 64 lower-case hexadecimal digits');
  }
  const { rest, tag } = splitTag(text, named);
  const { registry, path } = splitRegistry(text, rest);
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  refuseRepository(text, repository);
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** The canonical spelling: registry, repository, tag and digest, nothing implied. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The spelling that people use: Docker Hub's host and its `library` namespace are left out. */
export function familiarImageReference(reference: ImageReference): string {
  if (reference.registry !== DOCKER_HUB || isHostLike(reference.repository.split('/')[0])) return formatImageReference(reference);
  return formatImageReference(reference).slice(`${DOCKER_HUB}/`.length).replace(/^library\/(?=[^/]+$)/, '');
}

/** Whether a text is a tag by OCI's rule: up to 128 letters, digits, `_`, `.` and `-`, not starting with the last two. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether a text is a sha256 digest, the only kind that Amazon ECR knows. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** The first twelve hexadecimal digits of a digest, enough for a person to tell two apart. */
export function shortDigest(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

/** A value as an error may show it: quoted, control characters escaped, cut where it would drown the message. */
export function quote(value: string): string {
  return escapeControlCharacters(JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}...` : value));
}

/** A text without the user's name and password that somebody may have written before an "@": they must not turn up in an error, and so in a log. */
export function redactCredentials(value: string): string {
  const reference = value.replace(/@(?:sha[0-9]+|md5):[^@/]*$/, '');
  const at = reference.lastIndexOf('@');
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(reference)?.[0] ?? '';
  return at === -1 || !reference.slice(scheme.length, at).includes(':') ? value : `${scheme}***${value.slice(at)}`;
}

function refuseWhatIsNoReference(text: string): void {
  if (text === '') throw new InvalidReferenceError(text, 'it is empty; write for example "nginx:1.27.0"');
  if (text.length > LONGEST_REFERENCE) throw new InvalidReferenceError(text, `it is longer than ${LONGEST_REFERENCE} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw new InvalidReferenceError(text, 'remove the scheme; write for example "quay.io/prometheus/prometheus:v2.53.0"');
  if (/[^\x21-\x7e]/.test(text)) throw new InvalidReferenceError(text, 'it holds a space, a control character or a character outside ASCII');
}

function splitTag(text: string, named: string): { rest: string; tag?: string } {
  const colon = named.lastIndexOf(':');
  if (colon === -1 || named.indexOf('/', colon) !== -1 || named.endsWith(']')) return { rest: named };
  const tag = named.slice(colon + 1);
  if (!TAG.test(tag)) {
    throw new InvalidReferenceError(text, `the tag ${quote(tag)} must be 1 to 128 letters, digits, "_", "." or "-", and start with none of the last two`);
  }
  return { rest: named.slice(0, colon), tag };
}

function splitRegistry(text: string, rest: string): { registry: string; path: string } {
  const slash = rest.indexOf('/');
  const first = rest.slice(0, Math.max(slash, 0));
  if (slash < 1 || !isHostLike(first)) return { registry: DOCKER_HUB, path: rest };
  const host = normalizedHost(first);
  if (host === undefined) {
    throw new InvalidReferenceError(text, `${quote(first)} is no registry host; write a host name with an optional port, for example "registry.example.com:5000"`);
  }
  return { registry: DOCKER_HUB_ALIASES.includes(host) ? DOCKER_HUB : host, path: rest.slice(slash + 1) };
}

/** Docker's rule for telling a host from the first part of a repository. */
function isHostLike(part: string): boolean {
  return /[.:]/.test(part) || part.toLowerCase() === 'localhost';
}

/** A host in its one spelling; undefined when it is none, or when a URL would read another host in it, as in `0x7f.1`. */
function normalizedHost(text: string): string | undefined {
  const [, name, port] = HOST.exec(text) ?? [];
  if (name === undefined || !URL.canParse(`http://${name}/`)) return undefined;
  const { hostname } = new URL(`http://${name}/`);
  if (!name.startsWith('[') && hostname !== name.toLowerCase()) return undefined;
  const number = Number(port ?? 1);
  return number < 1 || number > 65_535 ? undefined : `${hostname}${port === undefined ? '' : `:${number}`}`;
}

function refuseRepository(text: string, repository: string): void {
  if (repository.length > LONGEST_REPOSITORY) {
    throw new InvalidReferenceError(text, `the repository is longer than ${LONGEST_REPOSITORY} characters`);
  }
  if (PATH.test(repository)) return;
  if (PATH.test(repository.toLowerCase())) {
    throw new InvalidReferenceError(text, `a repository is in lower case; write ${quote(repository.toLowerCase())}`);
  }
  throw new InvalidReferenceError(text, `the repository ${quote(repository)} must be lower-case letters and digits, separated by "/", ".", "_", "__" or "-"`);
}

/** A tag or a digest at the end of a reference; the colon of a port is followed by a slash. */
const TAG_OR_DIGEST = /[:@][^/]*$/;

/** Whether a reference has neither a tag nor a digest, and so may mean a repository. */
export function isRepositoryOnly(text: string): boolean {
  return !TAG_OR_DIGEST.test(text);
}

/** The repository in a reference as it is written. */
export function repositoryIn(text: string): string {
  return text.replace(TAG_OR_DIGEST, '');
}
