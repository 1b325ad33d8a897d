/**
 * Names of repositories and tags in the mirror, derived from the upstream reference alone,
 * so that the construct, the engine and a person get the same name from the same image.
 */
import { DOCKER_HUB, formatImageReference, ImageReference, isTag, MAX_TAG_LENGTH, quote, shortDigest } from './image-reference';

/**
 * Amazon ECR's own rule for repository names. Wider than that of the CDK's `Repository`, which refuses `__` and `--`.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
const ECR_REPOSITORY_NAME = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** The prefix that all repositories of a mirror share unless its owner chooses another. */
export const DEFAULT_REPOSITORY_PREFIX = 'mirror';

/**
 * The mirror's repository for an upstream image.
 *
 * Docker Hub's own images lose their namespace (`mirror/nginx`), its users keep theirs (`mirror/grafana/grafana`),
 * and every other registry keeps its host (`mirror/quay.io/prometheus/prometheus`), a port's colon becoming `-`.
 *
 * @param remedy what helps where Amazon ECR allows no such name
 * @throws Error when it does not
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

/** What follows the prefix in the names of the repositories of customized images. */
export const CUSTOM_REPOSITORIES = 'custom';

/** What the names of the repositories of an upstream image end in: `nginx`, `grafana/grafana`, `quay.io/prometheus/prometheus`. */
export function upstreamPath({ registry, repository }: ImageReference): string {
  if (registry === DOCKER_HUB) return repository.replace(/^library\//, '');
  return `${registry.replace(/[[\]]/g, '').replace(/:/g, '-')}/${repository}`;
}

/** Why Amazon ECR would refuse a repository name, in words; undefined when it would not. */
export function repositoryNameProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 256) return 'a repository name has 2 to 256 characters';
  if (!ECR_REPOSITORY_NAME.test(name)) {
    return 'a repository name is lower-case letters and digits, separated by "/", ".", "_", "__" or "-", and starts and ends with a letter or digit';
  }
  return undefined;
}

/**
 * The mirror's tag for an upstream image: the upstream tag, or one made of the digest.
 *
 * A digest reference needs a tag in the mirror, for a lifecycle rule would expire the image as untagged.
 * The form `sha256-…` is left alone: OCI and cosign keep signatures and referrers under it.
 */
export function mirrorTag(reference: ImageReference): string {
  if (reference.tag !== undefined) return reference.tag;
  return `digest-${shortDigest(reference.digest!)}`;
}

/** The tag under which `OnTagMoved.SUFFIX` keeps the moved image, beside the original one. */
export function suffixedTag(tag: string, digest: string): string {
  const suffix = `-${shortDigest(digest)}`;
  const suffixed = `${tag.slice(0, MAX_TAG_LENGTH - suffix.length)}${suffix}`;
  if (!isTag(suffixed)) throw new Error(`${quote(suffixed)} is no tag`);
  return suffixed;
}
