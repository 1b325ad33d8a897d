import { requireLiteral } from './literal';
import { ImageReference, parseImageReference, quote } from '../image/image-reference';
import { TagFilter } from '../tag-filter';

/** A tag or a digest at the end of a reference; the colon of a port is followed by a slash. */
const TAG_OR_DIGEST = /[:@][^/]*$/;

/** Whether a reference has neither a tag nor a digest, and so may mean a repository. */
export function namesRepository(image: string): boolean {
  return !TAG_OR_DIGEST.test(image);
}

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
  throw new Error(`${quote(image)} names one image, and its tags are selected by a filter; write ${quote(image.replace(TAG_OR_DIGEST, ''))}, or leave tags out`);
}
