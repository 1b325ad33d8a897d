/**
 * Names of repositories and tags in the mirror. They depend on the upstream reference only,
 * so the construct, the engine and people derive the same names from the same image.
 */
import { DOCKER_HUB, formatImageReference, ImageReference, isTag, MAX_REPOSITORY_LENGTH, MAX_TAG_LENGTH, shortDigest } from './image-reference';
import { quote } from './sanitize';

/**
 * Amazon ECR's rule for repository names. It allows `__` and `--`, which the CDK's `Repository` rejects.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
const ECR_REPOSITORY_NAME = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** The default prefix of a mirror's repositories. */
export const DEFAULT_REPOSITORY_PREFIX = 'mirror';

/**
 * The mirror's repository for an upstream image.
 *
 * The names of Docker Hub's official images have no namespace (`mirror/nginx`), and other Docker Hub images keep theirs (`mirror/grafana/grafana`).
 * The names of images of other registries start with the host (`mirror/quay.io/prometheus/prometheus`), with `_` in place of a port's colon.
 * Two upstream repositories never have the same name.
 *
 * @param remedy the remedy in the error
 * @throws Error when the name is not valid in Amazon ECR
 */
export function mirrorRepositoryName(
  reference: ImageReference, prefix: string = DEFAULT_REPOSITORY_PREFIX, remedy: string = 'set repositoryName for this image',
): string {
  const path = upstreamPath(reference);
  const name = prefix === '' ? path : `${prefix}/${path}`;
  const problem = repositoryNameProblem(name);
  if (problem) throw new Error(`${quote(formatImageReference(reference))} cannot be mirrored as ${quote(name)}: ${problem}; ${remedy}`);
  return name;
}

/** The namespace of customized images, after the prefix. */
export const CUSTOM_REPOSITORIES = 'custom';

/**
 * The part of a repository name after the prefix: `nginx`, `grafana/grafana`, `quay.io/prometheus/prometheus`, `localhost_5000/team/app`.
 *
 * Two upstream repositories never have the same path. A host cannot contain `_`, so `_5000` is a port. A namespace of Docker Hub that looks like
 * a host keeps its registry: `docker.io/quay.io/app`. An IPv6 address keeps its brackets, which Amazon ECR does not allow.
 */
export function upstreamPath({ registry, repository }: ImageReference): string {
  if (registry !== DOCKER_HUB) return `${registry.replace(/:([0-9]+)$/, '_$1')}/${repository}`;
  const official = /^library\/([^/]+)$/.exec(repository)?.[1];
  if (official !== undefined) return official;
  const [namespace] = repository.split('/');
  return isHostInPath(namespace) ? `${DOCKER_HUB}/${repository}` : repository;
}

/** Whether the first part of a path can also be the host of another registry. */
function isHostInPath(part: string): boolean {
  return part.includes('.') || part === 'localhost' || /_[0-9]+$/.test(part);
}

/** The problem with a repository name in Amazon ECR, as text; undefined when the name is valid. */
export function repositoryNameProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > MAX_REPOSITORY_LENGTH) return `a repository name must have 2 to ${MAX_REPOSITORY_LENGTH} characters`;
  if (!ECR_REPOSITORY_NAME.test(name)) {
    return 'a repository name must be lowercase letters and digits, separated by "/", ".", "_", "__" or "-", '
      + 'and must start and end with a letter or digit';
  }
  return undefined;
}

/**
 * The mirror's tag for an upstream image: the upstream tag, or a tag that is derived from the digest.
 *
 * An image without an upstream tag gets a tag, because a lifecycle rule would expire it as untagged.
 * Its tag never has the form `sha256-…`, because OCI and cosign use that form for signatures and other referrers.
 */
export function mirrorTag(reference: ImageReference): string {
  if (reference.tag !== undefined) return reference.tag;
  return `digest-${shortDigest(reference.digest!)}`;
}

/** The tag of a moved image with `OnTagMoved.SUFFIX`, in addition to the original tag. */
export function suffixedTag(tag: string, digest: string): string {
  const suffix = `-${shortDigest(digest)}`;
  const suffixed = `${tag.slice(0, MAX_TAG_LENGTH - suffix.length)}${suffix}`;
  if (!isTag(suffixed)) throw new Error(`${quote(suffixed)} is not a valid tag`);
  return suffixed;
}
