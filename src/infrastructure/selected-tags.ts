import { ImageReference } from '../image/image-reference';
import { mirrorTag } from '../image/repository-name';
import { tagKind } from '../image/tag-kind';
import { TagFilter } from '../tag-filter';
import { TagKind } from '../tag-kind';

/** The tags that one schedule mirrors: a single one, or those that a filter selects. */
export interface SelectedTags {
  /** The tag in the mirror; undefined with a filter. */
  readonly tag?: string;
  /** The filter as the engine reads it; undefined for a single tag. */
  readonly filter?: string;
  /** The kind as the engine must be told it; undefined when it comes to it by itself. */
  readonly toldKind?: TagKind;
  /** The tags, and patterns of tags, that may move. */
  readonly mutableTags: readonly string[];
}

/** The tags that an image's owner asked for. */
export function selectedTags(reference: ImageReference, filter: TagFilter | undefined, chosenKind: TagKind | undefined): SelectedTags {
  if (filter !== undefined) {
    return { filter: filter._render(), toldKind: filter._kind(chosenKind), mutableTags: filter._mutablePatterns(chosenKind) };
  }
  const tag = mirrorTag(reference);
  const judgedKind = tagKind(tag);
  const kind = chosenKind ?? judgedKind;
  return { tag, toldKind: kind === judgedKind ? undefined : chosenKind, mutableTags: kind === TagKind.FLOATING ? [tag] : [] };
}
