import { requireLiteral } from './literal';
import { ImageReference, namesRepository, parseImageReference, quote, repositoryIn } from '../image/image-reference';
import { TagFilter } from '../tag-filter';

/**
 * Parses an upstream image as a user wrote it.
 *
 * @throws Error when it is a token, or cannot be parsed
 */
export function parseUpstreamImage(image: string): ImageReference {
  return parseImageReference(requireLiteral(image, 'the image', 'write the image as a string, for example "nginx:stable"'));
}

/**
 * Parses an upstream image, or with a filter the repository whose tags it selects.
 *
 * @throws Error when it is a token, or cannot be parsed
 */
export function parseUpstream(image: string, tags: TagFilter | undefined): ImageReference {
  return tags === undefined ? parseUpstreamImage(image) : parseUpstreamRepository(image);
}

/**
 * Parses an upstream repository, whose tags a filter selects.
 *
 * @throws Error when it is a token, cannot be parsed, or has a tag or digest of its own
 */
export function parseUpstreamRepository(image: string): ImageReference {
  const { registry, repository } = parseUpstreamImage(image);
  if (namesRepository(image)) return { registry, repository };
  throw new Error(`${quote(image)} names one image, and its tags are selected by a filter; write ${quote(repositoryIn(image))}, or leave tags out`);
}
