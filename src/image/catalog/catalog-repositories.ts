/**
 * The repositories of catalog images. A template does not define them, because its images are not known at synthesis: Amazon ECR creates
 * each repository at its first push, from a repository creation template. A creation template makes all tags of a repository immutable or
 * mutable, so floating tags have repositories of their own.
 */
import { formatImageReference, ImageReference } from '../image-reference';
import { CUSTOM_REPOSITORIES, DEFAULT_REPOSITORY_PREFIX, mirrorRepositoryName } from '../repository-name';
import { quote } from '../sanitize';
import { tagKind, TagKindName } from '../tag-kind';

/** The remedy for an image that a catalog cannot contain. */
const REMEDY = 'mirror it with addImage() and a repositoryName';

/** The prefix of repositories for floating tags. */
export function floatingRepositoryPrefix(prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  return prefix === '' ? 'floating' : `${prefix}-floating`;
}

/** The kind of a tag of a catalog: the kind in its entry, and by default the kind that its form has. It decides about the repository. */
export function catalogTagKind(tag: string, kind?: TagKindName): TagKindName {
  return kind ?? tagKind(tag);
}

/**
 * The repository for a tag of an upstream image: `mirror/nginx` for `1.27.0`, `mirror-floating/nginx` for `stable`.
 *
 * @throws Error when the name is not valid in Amazon ECR, and when it is in the namespace of customized images
 */
export function catalogRepositoryName(image: ImageReference, kind: TagKindName, prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  const start = kind === 'fixed' ? prefix : floatingRepositoryPrefix(prefix);
  const name = mirrorRepositoryName(image, start, REMEDY);
  const problem = (use: string) => new Error(`${quote(formatImageReference(image))} cannot be mirrored as ${quote(name)}: ${use}; ${REMEDY}`);
  if (name.startsWith(start === '' ? `${CUSTOM_REPOSITORIES}/` : `${start}/${CUSTOM_REPOSITORIES}/`)) {
    throw problem(`"${CUSTOM_REPOSITORIES}/" is reserved for customized images`);
  }
  // Without a prefix, the repositories for floating tags are beside those of Docker Hub.
  const floating = `${floatingRepositoryPrefix('')}/`;
  if (start === '' && name.startsWith(floating)) throw problem(`"${floating}" is reserved for floating tags`);
  return name;
}
