import { isIndexType } from '../../image/media-types';
import { isRetentionTag, parsePreviousTag, previousList, previousTag } from '../../image/retention';
import type { MarkerContext } from '../admission/marker-manifest';
import { lookUp } from '../copy/copy-context';
import { annotationsOf, SOURCE_DIGEST_ANNOTATION } from '../copy/platforms';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { ImageLister, imageLister } from '../retention/repository-images';
import type { TaggedImage } from '../retention/retention-plan';

/** The images that are read to find out whether they were made from another image. */
const MAX_READ_IMAGES = 200;

/** The tags of a repository that serve an image. */
export interface ServingTags {
  readonly tags: readonly string[];
  /** For each of these tags that moved before, the tag of the image that it named last. */
  readonly previous: ReadonlyMap<string, string>;
}

/**
 * Finds the tags that serve an upstream image: the image itself, or an index with some of its platforms.
 *
 * @param digest the digest of the upstream image
 * @throws MirrorError when the images can't be listed
 */
export async function readServingTags(context: MarkerContext, digest: string, listImages?: ImageLister): Promise<ServingTags> {
  const { retryContext, target } = context;
  const images = await (listImages ?? imageLister(target.endpoint.registry))?.(target.repository, retryContext) ?? [];
  const named = images.filter(({ tags }) => tags.some((tag) => !isRetentionTag(tag)));
  const others = named.filter((image) => image.digest !== digest).slice(0, MAX_READ_IMAGES);
  const made = await Promise.all(others.map(async (image) => await isMadeFrom(image, digest, context) ? [image] : []));
  const serving = [...named.filter((image) => image.digest === digest), ...made.flat()];
  const tags = serving.flatMap((image) => image.tags.filter((tag) => !isRetentionTag(tag))).sort();
  const digests = new Set(serving.map((image) => image.digest));
  return { tags, previous: new Map(tags.flatMap((tag) => previousOf(tag, images.filter((image) => !digests.has(image.digest))))) };
}

async function isMadeFrom({ digest }: TaggedImage, source: string, context: MarkerContext): Promise<boolean> {
  try {
    const received = await lookUp(context, context.target, () => context.target.manifest(digest));
    return isIndexType(received.mediaType) && annotationsOf(received)[SOURCE_DIGEST_ANNOTATION] === source;
  } catch (error) {
    // It was deleted since it was listed, or it is archived, so no tag serves it.
    if (error instanceof MirrorError && error.reason === 'not-found') return false;
    throw error;
  }
}

function previousOf(tag: string, images: readonly TaggedImage[]): [string, string][] {
  const list = previousList(tag, (text) => digestOf(Buffer.from(text, 'utf8')));
  const places = images.flatMap(({ tags }) => tags.flatMap((name) => parsePreviousTag(name) ?? [])).filter((place) => place.list === list);
  return places.length === 0 ? [] : [[tag, previousTag({ list, number: Math.max(...places.map(({ number }) => number)) })]];
}
