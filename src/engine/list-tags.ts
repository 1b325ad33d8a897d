import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import { limitError } from './registry/read-budget';
import type { RegistryClient } from './registry/registry-client';
import { RegistryTools, RepositoryAccess } from './registry/repository-access';
import { RetryContext, withRetries } from './registry/retry';
import { untilAborted } from './run-signal';
import { nearMisses, previewTags, TagPreview } from './tag-preview';
import { selectTags } from './tags';
import type { ImageReference } from '../image/image-reference';
import { isRetentionTag, RETENTION_TAG_PROBLEM } from '../image/retention';
import { MAX_SELECTED_TAGS, TagSelection } from '../image/tag-selection';

/**
 * Lists the tags of an upstream repository that a tag filter selects.
 *
 * @param onTags receives what the filter selects
 * @throws MirrorError when the filter selects no tag or too many, and when the registry cannot list its tags
 */
export async function listTags(
  image: ImageReference, selection: TagSelection, tools: RegistryTools, onTags?: (preview: TagPreview) => void,
): Promise<string[]> {
  const { registry, repository } = image;
  const access = new RepositoryAccess(tools);
  const { retryContext } = access;
  const all = await untilAborted(retryContext.signal, readTags(access.client(image, 'pull'), retryContext)).finally(() => access.close());
  const usable = all.filter((tag) => !isRetentionTag(tag));
  if (usable.length < all.length) tools.progress.line(`warning: ${all.length - usable.length} tags are not mirrored: ${RETENTION_TAG_PROBLEM}`);
  const selected = selectTags(usable, selection);
  onTags?.(previewTags(`${registry}/${repository}`, usable, selection));
  tools.progress.line(`${registry}/${repository} has ${all.length} tags, ${selected.length} of them are selected`);
  if (selected.length === 0) {
    const similar = nearMisses(usable, selection);
    const remedy = `compare the filter with the tags of the repository${similar.length === 0 ? '' : `, for example ${similar.join(', ')}`}`;
    throw new MirrorError('not-found', `${registry}: the tag filter selects none of the ${all.length} tags of ${repository}; ${remedy}`);
  }
  if (selected.length <= MAX_SELECTED_TAGS) return selected;
  throw new MirrorError('invalid-configuration', `${registry}: ${selected.length} tags of ${repository} are selected, `
    + `and ${MAX_SELECTED_TAGS} is the limit; narrow the tag filter, or set latest`);
}

/** The maximum number of tags that are kept in memory. The largest public repositories have some ten thousand. */
const MAX_TAGS = 100_000;
/** Registries decide how many tags are in a page, and an empty page costs them nothing. */
const MAX_TAG_PAGES = 10_000;

/** Reads all pages of the tags of a repository. A page that fails is read again, without the pages before it. */
export async function readTags(client: RegistryClient, retryContext: RetryContext): Promise<string[]> {
  const { endpoint: { registry }, repository } = client;
  const tags: string[] = [];
  const pages = new Set<string>(); // digests, because a URL can be long
  let next: URL | undefined;
  do {
    const url = next;
    const page = digestOf(Buffer.from(url?.href ?? '', 'utf8'));
    if (pages.has(page)) throw new MirrorError('registry-error', `${registry}: the list of tags of ${repository} repeats a page, so it has no end`);
    pages.add(page);
    const { tags: listed, next: following } = await withRetries(retryContext, () => client.tagPage(url));
    for (const tag of listed) tags.push(tag);
    const exceeded = tags.length > MAX_TAGS ? `${MAX_TAGS} tags` : pages.size > MAX_TAG_PAGES ? `${MAX_TAG_PAGES} pages of tags` : undefined;
    if (exceeded) throw limitError(`${registry}: ${repository} exceeds the limit of ${exceeded}; name the tags instead of a tag filter`);
    next = following;
  } while (next !== undefined);
  return tags;
}
