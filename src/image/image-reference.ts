/**
 * Image references: a registry, a repository, and a tag or digest.
 *
 * The grammar is that of the distribution project: every spelling that `docker pull` accepts means the same here, with these differences:
 *
 * - Hosts are in lowercase, ports have no leading zeros, and IPv6 addresses are in their short form, so that one registry has one spelling.
 * - All names of Docker Hub's registry are `docker.io`.
 * - A first part in uppercase without `.`, `:` or `localhost` is an error. For Docker it is a host, but in lowercase it is a namespace of Docker Hub.
 * - A first part with both `_` and `.` is an error. Docker finds no host in it.
 * - A digest must be `sha256`, the only kind that Amazon ECR supports.
 * - A host must be one that a URL does not change: labels of at most 63 characters, a valid IPv6 address, and IPv4 addresses in their usual form.
 * - A port must be 1 to 65535, and the whole reference at most 1,024 characters.
 * - Websites that show images are not registries: `hub.docker.com`, `gallery.ecr.aws`, `github.com`, `gitlab.com`, and paths such as
 *   `quay.io/repository/...`. The error suggests the image that the page shows.
 *
 * A test compares the parser with that of the distribution project.
 *
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */

import { impliedImage, isImagePage } from './did-you-mean';
import { quote, redactCredentials } from './sanitize';

/** A parsed image reference. Every field is normalized: two spellings of one image give equal fields. */
export interface ImageReference {
  /** The registry's host with its port, in lowercase: `docker.io`, `quay.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** The repository's path in its registry: `library/nginx`, `prometheus/prometheus`. */
  readonly repository: string;
  /** The tag; undefined only when the reference has a digest and no tag. */
  readonly tag?: string;
  /** The digest, when the reference has one: `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

/** An error about an invalid image reference. Its message has the value, the problem and the remedy. */
export class InvalidReferenceError extends Error {
  constructor(value: string, problem: string) {
    super(`invalid image reference ${quote(redactCredentials(value))}: ${problem}`);
    this.name = 'InvalidReferenceError';
  }
}

/** The registry of a reference without a host. */
export const DOCKER_HUB = 'docker.io';

/** Other host names of Docker Hub. */
const DOCKER_HUB_ALIASES = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

/** The maximum length of an OCI tag, in characters. */
export const MAX_TAG_LENGTH = 128;

const HOST_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const HOST = new RegExp(`^(${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]{2,39}\\])(?::([0-9]+))?$`);
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = new RegExp(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,${MAX_TAG_LENGTH - 1}}$`);
/** The format of a digest, for errors. */
export const DIGEST_FORMAT = '"sha256:" and 64 lowercase hexadecimal digits';
const DIGEST = /^sha256:[a-f0-9]{64}$/;

/** The maximum length of a reference. */
export const MAX_REFERENCE_LENGTH = 1_024;

/** The maximum length of a repository name in Amazon ECR. */
export const MAX_REPOSITORY_LENGTH = 256;

/** The maximum length of an upstream repository, as for `docker pull`. */
const MAX_UPSTREAM_LENGTH = 255;

/** Docker reads this form as the ID of a local image. */
const IMAGE_ID = /^[a-f0-9]{64}$/;

/**
 * Parses an image reference as `docker pull` does.
 *
 * The default registry is Docker Hub, its default namespace is `library`, and the default tag of a reference without a digest is `latest`.
 *
 * @throws InvalidReferenceError when the text is not a valid image reference
 */
export function parseImageReference(text: string): ImageReference {
  requireReferenceText(text);
  const [named, digest, ...surplus] = text.split('@');
  if (surplus.length > 0) throw new InvalidReferenceError(text, 'it has more than one "@"');
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw new InvalidReferenceError(text, `a digest must be ${DIGEST_FORMAT}`);
  }
  const { rest, tag } = splitTag(text, named);
  const { registry, path } = splitRegistry(text, rest);
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  requireRepository(text, repository);
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** Parses a registry host into its normalized spelling, in which `index.docker.io` is `docker.io`; undefined when the text is not valid. */
export function parseRegistryHost(text: string): string | undefined {
  if (text.includes('/')) return undefined;
  try {
    const { registry, repository } = parseImageReference(`${text}/a/b:c`);
    return repository === 'a/b' ? registry : undefined;
  } catch {
    return undefined;
  }
}

/** A registry, or the repositories of a registry with the same start. */
export interface RegistryNamespace {
  /** The registry's host in normalized spelling. */
  readonly registry: string;
  /** The start of the repositories, in whole parts: `team-a`; undefined for all repositories. */
  readonly namespace?: string;
}

/** Parses a registry host with an optional namespace: `ghcr.io`, `ghcr.io/team-a`; undefined when the text is not valid. */
export function parseRegistryNamespace(text: string): RegistryNamespace | undefined {
  const [host, ...parts] = text.split('/');
  const registry = parseRegistryHost(host);
  if (registry === undefined || parts.length === 0) return registry === undefined ? undefined : { registry };
  const namespace = parts.join('/');
  return namespace.length <= MAX_UPSTREAM_LENGTH && PATH.test(namespace) ? { registry, namespace } : undefined;
}

/** The canonical spelling of a reference: registry, repository, tag and digest, without defaults. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The familiar spelling of a reference: without Docker Hub's host and without its `library` namespace. */
export function familiarImageReference(reference: ImageReference): string {
  if (reference.registry !== DOCKER_HUB || isHostLike(reference.repository.split('/')[0])) return formatImageReference(reference);
  return formatImageReference(reference).slice(`${DOCKER_HUB}/`.length).replace(/^library\/(?=[^/]+$)/, '');
}

/** Whether a text is a valid OCI tag: up to 128 letters, digits, `_`, `.` and `-`, and the first is not `.` or `-`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether a text is a sha256 digest, the only kind that Amazon ECR supports. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** The first 12 hexadecimal digits of a digest, enough for people to recognize it. */
export function shortDigest(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

function requireReferenceText(text: string): void {
  if (text === '') throw new InvalidReferenceError(text, 'it is empty; write for example "nginx:1.27.0"');
  if (text.length > MAX_REFERENCE_LENGTH) throw new InvalidReferenceError(text, `it is longer than ${MAX_REFERENCE_LENGTH} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new InvalidReferenceError(text, `remove the scheme; ${suggestion(text, 'write for example "quay.io/prometheus/prometheus:v2.53.0"')}`);
  }
  if (IMAGE_ID.test(text)) throw new InvalidReferenceError(text, 'it is the ID of a local image; write a repository, or add "sha256:" after an "@"');
  if (/[^\x21-\x7e]/.test(text)) {
    throw new InvalidReferenceError(text, `it contains a space, a control character or a character outside ASCII; ${suggestion(text, 'remove it')}`);
  }
}

/** The image that an invalid text probably means, as the remedy of an error; another remedy where there is none. */
function suggestion(text: string, otherwise: string): string {
  // A command can name a URL.
  const image = impliedImage(impliedImage(text));
  return image !== text && isImageReference(image) ? `use ${quote(image)}` : otherwise;
}

function isImageReference(text: string): boolean {
  try {
    parseImageReference(text);
    return true;
  } catch {
    return false;
  }
}

function splitTag(text: string, named: string): { rest: string; tag?: string } {
  const colon = named.lastIndexOf(':');
  if (colon === -1 || named.indexOf('/', colon) !== -1 || named.endsWith(']')) return { rest: named };
  const tag = named.slice(colon + 1);
  if (!TAG.test(tag)) {
    throw new InvalidReferenceError(text, `the tag ${quote(tag)} must be 1 to ${MAX_TAG_LENGTH} letters, digits, "_", "." or "-", `
      + 'and must not start with "." or "-"');
  }
  return { rest: named.slice(0, colon), tag };
}

function splitRegistry(text: string, rest: string): { registry: string; path: string } {
  const slash = rest.indexOf('/');
  const first = rest.slice(0, Math.max(slash, 0));
  if (slash < 1 || !isHostLike(first)) return { registry: DOCKER_HUB, path: rest };
  const host = normalizedHost(first);
  if (host === undefined) {
    throw new InvalidReferenceError(text, `${quote(first)} is not a valid registry host; `
      + 'write a host name with an optional port, for example "registry.example.com:5000"');
  }
  const path = rest.slice(slash + 1);
  if (isImagePage(host.replace(/:[0-9]+$/, ''), path)) {
    throw new InvalidReferenceError(text, `it is the address of a web page, and not of a registry; ${suggestion(text, IMAGE_OF_PAGE)}`);
  }
  return { registry: DOCKER_HUB_ALIASES.includes(host) ? DOCKER_HUB : host, path };
}

const IMAGE_OF_PAGE = 'write the image as the page shows it after "docker pull"';

/** Docker's rule: whether the first part of a reference is a host and not part of the repository. */
function isHostLike(part: string): boolean {
  return /[.:]/.test(part) || part.toLowerCase() === 'localhost';
}

/** A host in its normalized spelling; undefined when it is not valid, or when a URL with it has a different host, as with `0x7f.1`. */
function normalizedHost(text: string): string | undefined {
  const [, name, port] = HOST.exec(text) ?? [];
  if (name === undefined || !URL.canParse(`http://${name}/`)) return undefined;
  const { hostname } = new URL(`http://${name}/`);
  if (!name.startsWith('[') && hostname !== name.toLowerCase()) return undefined;
  const number = Number(port ?? 1);
  return number < 1 || number > 65_535 ? undefined : `${hostname}${port === undefined ? '' : `:${number}`}`;
}

function requireRepository(text: string, repository: string): void {
  if (repository.length > MAX_UPSTREAM_LENGTH) {
    throw new InvalidReferenceError(text, `the repository is longer than ${MAX_UPSTREAM_LENGTH} characters`);
  }
  if (PATH.test(repository)) return;
  if (PATH.test(repository.toLowerCase())) {
    throw new InvalidReferenceError(text, `repository names must be lowercase; use ${quote(withLowercaseRepository(text))}`);
  }
  throw new InvalidReferenceError(text, `the repository ${quote(repository)} must be lowercase letters and digits, `
    + 'separated by "/", ".", "_", "__" or "-"');
}

/** A tag or digest at the end of a reference. The colon of a port comes before a slash. */
const TAG_OR_DIGEST = /[:@][^/]*$/;

/** Whether a reference has no tag and no digest. */
export function isRepositoryOnly(text: string): boolean {
  return !TAG_OR_DIGEST.test(text);
}

/** A reference without its tag and digest, in its original spelling. */
export function repositoryIn(text: string): string {
  return text.replace(TAG_OR_DIGEST, '');
}

/** A reference with its host and repository in lowercase, and its tag and digest unchanged. */
export function withLowercaseRepository(text: string): string {
  const name = repositoryIn(text);
  return `${name.toLowerCase()}${text.slice(name.length)}`;
}
