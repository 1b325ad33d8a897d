import { isTag } from '../../image/image-reference';
import { parseJson } from '../../image/parse-json';

/** A page of the tags of a repository. */
export interface TagPage {
  readonly tags: readonly string[];
  /** The URL of the next page; undefined for the last page. */
  readonly next?: URL;
}

/**
 * Parses the tags of one page; undefined when the page has none, such as an error page with status 200.
 *
 * Invalid tags are skipped, because no image reference can contain them. Some registries write an empty list as null.
 */
export function parseTags(page: Buffer): string[] | undefined {
  const { tags } = Object(parseJson(page.toString('utf8'))) as { tags?: unknown };
  if (tags === null) return [];
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string' && isTag(tag)) : undefined;
}
