/**
 * The repositories of a catalogue's images. Nobody knows them when a template is written, so Amazon ECR creates each when it is first pushed to,
 * as a repository creation template says. A template makes all tags immutable or none, so that tags that float have repositories of their own.
 */
import { formatImageReference, ImageReference, quote } from './image-reference';
import { CUSTOM_REPOSITORIES, DEFAULT_REPOSITORY_PREFIX, mirrorRepositoryName } from './repository-name';
import { tagKind, TagKindName } from './tag-kind';

/** What is left to an image that no catalogue can have. */
const REMEDY = 'mirror it with addImage() and a repositoryName';

/** What the names of repositories start with that hold tags that float. */
export function floatingRepositoryPrefix(prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  return prefix === '' ? 'floating' : `${prefix}-floating`;
}

/** The kind of a tag of a catalogue, listed or selected: what its entry says, or else by its form, so that its repository follows from its name. */
export function catalogueTagKind(tag: string, said?: TagKindName): TagKindName {
  return said ?? tagKind(tag);
}

/**
 * The repository for a tag of an upstream image: `mirror/nginx` for `1.27.0`, `mirror-floating/nginx` for `stable`.
 *
 * @throws Error when Amazon ECR allows no such name, and when it would be among the repositories of customised images
 */
export function catalogueRepositoryName(image: ImageReference, kind: TagKindName, prefix: string = DEFAULT_REPOSITORY_PREFIX): string {
  const start = kind === 'fixed' ? prefix : floatingRepositoryPrefix(prefix);
  const name = mirrorRepositoryName(image, start, REMEDY);
  if (name.startsWith(start === '' ? `${CUSTOM_REPOSITORIES}/` : `${start}/${CUSTOM_REPOSITORIES}/`)) {
    throw new Error(`${quote(formatImageReference(image))} would be mirrored as ${quote(name)}, and "${CUSTOM_REPOSITORIES}/" is for customised images; ${REMEDY}`);
  }
  return name;
}
