import { AttestationOptions, copyWithAttestations } from './attestations';
import { CopyContext, warn } from './copy-context';
import { copyReferrers, findReferrers, listTargetReferrers, Referrer } from './copy-referrers';
import { ImageCopy } from './image-copy';
import type { Manifest } from './manifest';
import type { PlatformTags } from './platform-tags';
import { availableSubsetOf, missingPlatforms, subsetOf } from './platforms';
import { formatPlatform, type Platform } from '../../image/platform';
import { MirrorError } from '../mirror-error';

/** Options of `copyImage()`. */
export interface CopyImageOptions {
  /** The digest of the source image. */
  readonly digest: string;
  /** The tag in the target. */
  readonly tag: string;
  /** The platforms to copy; undefined for all. */
  readonly platforms?: readonly Platform[];
  /** Whether the source may lack some of the platforms. */
  readonly platformsIfAvailable?: boolean;
  /** Whether to copy signatures and other referrers. */
  readonly referrers: boolean;
  /** The policy for attestations. */
  readonly attestations: Omit<AttestationOptions, 'sourceDigest'>;
  /** The platform tags to put together with the tag; undefined for none. */
  readonly platformTags?: PlatformTags;
  /** Runs immediately before the tag is put, with the digest that it will name. When it fails, the tag stays unchanged. */
  readonly beforeTag?: (digest: string) => Promise<void>;
}

/**
 * Copies an image with everything that it lists and its referrers, and puts the tag last.
 *
 * The platform tags come immediately before the tag, so a tag that is up to date means that they are too.
 * An interrupted copy leaves the tag unchanged, and the next one skips the blobs that are in the target already.
 *
 * @returns the digest that the tag names: the given one, or that of a new index with a selection of platforms or without attestations
 */
export async function copyImage(context: CopyContext, options: CopyImageOptions): Promise<string> {
  const { digest, tag, referrers, platformTags, attestations, beforeTag } = options;
  const copy = new ImageCopy(context);
  const source = await fetchRoot(context, copy, digest);
  const selected = selectPlatforms(context, source, options);
  const outdated = await platformTags?.findOutdated(selected, copy.sourceReader) ?? [];
  const [listed, root] = await Promise.all([
    referrers ? findReferrers(context, selected) : [],
    copyWithAttestations(context, copy, selected, { ...attestations, sourceDigest: digest }),
  ]);
  const found = root === selected ? listed : referrersOf(context, root, listed);
  if (found.length > 0) {
    // Referrers come after their image, and before the tag by which users find both.
    await copy.put(root, root.digest);
    await listTargetReferrers(context, copy, await copyReferrers(context, copy, found));
  }
  await beforeTag?.(root.digest);
  await platformTags?.put(outdated, root);
  await copy.put(root, tag);
  return root.digest;
}

function selectPlatforms({ progress, source: { endpoint } }: CopyContext, source: Manifest, options: CopyImageOptions): Manifest {
  const { platforms, platformsIfAvailable } = options;
  if (platforms === undefined) return source;
  if (!platformsIfAvailable) return subsetOf(source, platforms, endpoint.registry);
  const missing = missingPlatforms(source, platforms).map(formatPlatform);
  if (missing.length > 0) progress.line(`upstream has no image for ${missing.join(', ')}`);
  return availableSubsetOf(source, platforms, endpoint.registry);
}

/** The referrers of what an index without attestations still lists. A referrer of the full index says nothing about the new one. */
function referrersOf(context: CopyContext, root: Manifest, listed: readonly Referrer[]): readonly Referrer[] {
  const subjects = new Set(root.children.map(({ digest }) => digest));
  const kept = listed.filter(({ subject }) => subjects.has(subject));
  const others = listed.length - kept.length;
  if (others > 0) {
    warn(context, `${others} referrers are not copied, because they refer to the full index or to its attestations, which the mirror does not have`);
  }
  return kept;
}

/** The manifest for the digest that the source returned before. A missing manifest means that the registry contradicts itself. */
async function fetchRoot({ source }: CopyContext, copy: ImageCopy, digest: string): Promise<Manifest> {
  try {
    return await copy.sourceReader.manifest({ digest });
  } catch (error) {
    if (!(error instanceof MirrorError) || error.reason !== 'not-found') throw error;
    const problem = `it returned the digest ${digest} in ${source.repository}, and has no such manifest`;
    throw new MirrorError('digest-mismatch', `${source.endpoint.registry}: ${problem}`, { cause: error });
  }
}
