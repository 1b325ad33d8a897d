import type { ImageLister } from './repository-images';
import { planRescue, RetentionPlan, RetentionTag, TaggedImage } from './retention-plan';
import { shortDigest } from '../../image/image-reference';
import { expiredTag, keptTag } from '../../image/retention';
import { CopyContext, lookUp, warn } from '../copy/copy-context';
import { putManifest } from '../copy/image-copy';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { isRetryableStatus } from '../registry/registry-error';

/** The clients that put retention tags. */
export type RetentionContext = Pick<CopyContext, 'target' | 'retryContext' | 'lookups' | 'pace' | 'progress' | 'statistics'>;

/** The maximum number of images that one run marks or releases. The next run continues. */
const MAX_PUTS = 50;

/** Puts a tag on an image that the target has. A tag that names this image already needs no request more than that. */
export async function putRetentionTag(context: RetentionContext, { digest, tag }: RetentionTag): Promise<void> {
  const { progress, target } = context;
  const { bytes, mediaType } = await lookUp(context, target, () => target.manifest(digest));
  if (digestOf(bytes) !== digest) {
    throw new MirrorError('digest-mismatch', `${target.endpoint.registry}: manifest ${digest} of ${target.repository} arrived with other content`);
  }
  try {
    await putManifest(context, { bytes, mediaType, digest }, tag);
    progress.line(`put ${tag} on ${digest}`);
  } catch (error) {
    // Another run may have put the same tag. Amazon ECR rejects a push to an immutable tag, even of the identical image.
    const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
    if (!isTaken || await lookUp(context, target, () => target.manifestDigest(tag)) !== digest) throw error;
  }
}

/** Whether a registry refused a request, so that the next attempt would be refused too. */
export function isRefusal(error: unknown): error is MirrorError {
  return error instanceof MirrorError && error.status !== undefined && !isRetryableStatus(error.status);
}

/**
 * Protects an image with a new tag, if another run has marked it to expire.
 *
 * @see docs/adr/0017-retention.md for the order of the requests of both runs
 */
export async function protectNamedImage(context: RetentionContext, digest: string): Promise<void> {
  const { target } = context;
  if (await lookUp(context, target, () => target.manifestDigest(expiredTag(digest))) !== digest) return;
  await putRetentionTag(context, { digest, tag: keptTag(digest) });
}

/**
 * Puts the tags of a plan. An image that is gone or archived is left out.
 *
 * A problem is a warning, because the images that the mirror should have are there. The next run plans the same tags again.
 *
 * @param images the images that the plan was made from
 * @returns the digests of the images that are marked to expire
 */
export async function carryOutPlan(
  context: RetentionContext, list: ImageLister, images: readonly TaggedImage[], { kept, released, expired }: RetentionPlan,
): Promise<string[]> {
  const marked: string[] = [];
  try {
    for (const tag of kept) await putIfThere(context, tag);
    for (const tag of [...released, ...expired].slice(0, MAX_PUTS)) {
      const isPut = await putIfThere(context, tag);
      if (isPut && tag.tag === expiredTag(tag.digest)) marked.push(tag.digest);
    }
  } catch (error) {
    warnOf(context, error);
  }
  return marked.length === 0 ? [] : rescue(context, list, images, marked);
}

/** Another run may have put a tag on an image before it was marked, and looked for the mark before that too. Then this run finds its tag. */
async function rescue(context: RetentionContext, list: ImageLister, before: readonly TaggedImage[], marked: readonly string[]): Promise<string[]> {
  try {
    const after = await list(context.target.repository, context.retryContext);
    const rescued = planRescue(before, after, marked);
    for (const tag of rescued) await putIfThere(context, tag);
    return marked.filter((digest) => !rescued.some((tag) => tag.digest === digest));
  } catch (error) {
    // Not known to be unneeded, so each of them is protected. Their tags name no new content, so this is the safe side.
    warnOf(context, error);
    await protectAll(context, marked);
    return [];
  }
}

async function protectAll(context: RetentionContext, digests: readonly string[]): Promise<void> {
  try {
    for (const digest of digests) await putIfThere(context, { digest, tag: keptTag(digest) });
  } catch (error) {
    warnOf(context, error);
  }
}

async function putIfThere(context: RetentionContext, tag: RetentionTag): Promise<boolean> {
  try {
    await putRetentionTag(context, tag);
    return true;
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return false;
    throw error;
  }
}

function warnOf(context: RetentionContext, error: unknown): void {
  if (context.retryContext.signal.aborted || !(error instanceof MirrorError)) throw error;
  warn(context, `previous images and versions are not cleaned up in this run: ${error.message}`);
}

/** The images that are marked, for progress lines: `0123456789ab, ba9876543210`. */
export function formatDigests(digests: readonly string[]): string {
  return digests.map(shortDigest).join(', ');
}
