/** The selection of a tag filter, for people who write one: the selected tags, the dropped tags, and near misses. */
import { inOrder } from './tag-order';
import { orderedVersions, selectTags } from './tags';
import { TAG_ORDERS, TagSelection } from '../image/tag-selection';

/** The selection of a tag filter from the tags of an upstream repository. */
export interface TagPreview {
  /** The upstream repository: `docker.io/minio/minio`. */
  readonly source: string;
  readonly filter: TagSelection;
  /** The number of tags upstream. */
  readonly upstreamTags: number;
  /** The order of the selected tags: `SEMVER`, `VERSION`, `LAST_NUMBER`, or `REGISTRY` for patterns without `latest` and without an order. */
  readonly order: string;
  /** The selected tags, newest first. */
  readonly selected: readonly string[];
  /** The number of tags that match the filter, but are not selected because of its `latest`. */
  readonly droppedTags: number;
  /** The newest of these tags. */
  readonly dropped: readonly string[];
  /** Similar tags, if the filter selects none. */
  readonly nearMisses?: readonly string[];
}

/** The maximum number of dropped tags in a preview. */
const MAX_DROPPED = 500;

/** The maximum number of near misses. */
const MAX_NEAR_MISSES = 5;

/** Shows what a filter selects. */
export function previewTags(source: string, tags: readonly string[], filter: TagSelection): TagPreview {
  const selected = selectTags(tags, filter);
  const kept = new Set(selected);
  const dropped = filter.latest === undefined ? [] : orderedVersions(tags, filter).flat().filter((tag) => !kept.has(tag));
  return {
    source,
    filter,
    upstreamTags: new Set(tags).size,
    order: orderOf(filter),
    selected,
    droppedTags: dropped.length,
    dropped: dropped.slice(0, MAX_DROPPED),
    ...selected.length > 0 ? {} : { nearMisses: nearMisses(tags, filter) },
  };
}

function orderOf({ latest, order, semver }: TagSelection): string {
  if (semver !== undefined) return 'SEMVER';
  return order ?? (latest === undefined ? 'REGISTRY' : TAG_ORDERS[0]);
}

/**
 * Tags that a filter nearly selects: versions outside of its range, or tags with a part of a pattern in any case. Without such tags, the newest tags.
 */
export function nearMisses(tags: readonly string[], { patterns, variant }: TagSelection): string[] {
  const similar = patterns === undefined
    ? orderedVersions(tags, { semver: '*', variant, prereleases: variant === undefined }).flat()
    : inOrder(tags.filter(containsPartOf(patterns)), TAG_ORDERS[0]).flat();
  return (similar.length > 0 ? similar : inOrder(tags, TAG_ORDERS[0]).flat()).slice(0, MAX_NEAR_MISSES);
}

/** Whether a tag contains the longest part of a pattern without its wildcards. */
function containsPartOf(patterns: readonly string[]): (tag: string) => boolean {
  const parts = patterns.map((pattern) => pattern.toLowerCase().split('*').sort((a, b) => b.length - a.length)[0]).filter((part) => part !== '');
  return (tag) => parts.some((part) => tag.toLowerCase().includes(part));
}
