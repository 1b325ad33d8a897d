import type { CopyContext } from './copy-context';
import { copyReferrers, findReferrers, listTargetReferrers } from './copy-referrers';
import { ImageCopy } from './image-copy';
import type { Manifest } from './manifest';
import type { PlatformTags } from './platform-tags';
import { subsetOf } from './platforms';
import type { Platform } from '../../image/platform';
import { MirrorError } from '../mirror-error';

/** What to copy. */
export interface CopyOrder {
  readonly digest: string;
  readonly tag: string;
  /** Undefined for all. */
  readonly platforms?: readonly Platform[];
  /** Whether signatures and other referrers come along. */
  readonly referrers: boolean;
  /** The tags of single platforms that follow the tag; undefined for none. */
  readonly platformTags?: PlatformTags;
}

/**
 * Copies the image that a digest names, with everything that it lists and that refers to it, and last of all puts the tag.
 *
 * The tags of single platforms come right before it, so that a tag that is up to date says that they are, too.
 * A run that dies half-way leaves the tag as it was, and the next one finds the blobs that are there already.
 *
 * @returns the digest that the tag names now: that of the order, or for a choice of platforms that of a new index
 */
export async function copyImage(context: CopyContext, { digest, tag, platforms, referrers, platformTags }: CopyOrder): Promise<string> {
  const copy = new ImageCopy(context);
  const source = await fetchRoot(context, copy, digest);
  const root = platforms === undefined ? source : subsetOf(source, platforms, context.source.endpoint.registry);
  const due = await platformTags?.due(root, copy.upstream) ?? [];
  const [found] = await Promise.all([referrers ? findReferrers(context, root) : [], copy.bringContents(root)]);
  if (found.length > 0) {
    // What refers to an image comes after it, and before the tag by which people find both.
    await copy.put(root, root.digest);
    await listTargetReferrers(context, copy, await copyReferrers(context, copy, found));
  }
  await platformTags?.put(due, root);
  await copy.put(root, tag);
  return root.digest;
}

/** The manifest that the registry has just named; when it is not there, the registry contradicts itself. */
async function fetchRoot({ source }: CopyContext, copy: ImageCopy, digest: string): Promise<Manifest> {
  try {
    return await copy.upstream.manifest({ digest });
  } catch (error) {
    if (!(error instanceof MirrorError) || error.reason !== 'not-found') throw error;
    throw new MirrorError('digest-mismatch', `${source.endpoint.registry}: it names ${digest} in ${source.repository} and has no such manifest`, { cause: error });
  }
}
