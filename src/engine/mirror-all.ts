import type { Configuration } from './configuration';
import { sharedLimits } from './copy/copy-context';
import { describeFailure } from './failure';
import { listTags } from './list-tags';
import { mirrorImage } from './mirror-image';
import type { PlannedImages } from './mirror-plan';
import type { MirrorRequest, MirrorTools } from './mirror-request';
import { MirrorResult, notAttempted } from './result';
import { FilterVersions } from './retention/filter-versions';
import { Semaphore } from './semaphore';
import type { TagPreview } from './tag-preview';
import type { ImageReference } from '../image/image-reference';

/** The maximum number of images of one upstream host in progress: enough to hide the latency of registries, and few enough for their rate limits. */
export const MAX_IMAGES_PER_HOST = 8;
/** The maximum number of images in progress. */
export const MAX_IMAGES = 12;

/** Callbacks for each image of a plan. */
export interface ImageCallbacks<R = MirrorResult> {
  /**
   * Runs before an image is mirrored.
   *
   * @returns the tools for this image, for example with a separate progress; undefined for the shared tools
   */
  readonly onStart?: (request: MirrorRequest) => MirrorTools | undefined;
  /** Runs after the tags of a repository are listed for a tag filter, also if the filter selects none. */
  readonly onTags?: (preview: TagPreview) => void;
  /**
   * Runs after an image is mirrored, or has failed. The image counts as in progress until the callback is done.
   *
   * @param request undefined when the image was not attempted
   * @param index the index of the image's entry in the plan
   * @returns the result to report in place of the given one
   */
  readonly onResult: (result: MirrorResult, request: MirrorRequest | undefined, index: number) => R | Promise<R>;
}

/**
 * Mirrors the images of a plan, several at a time. An image that fails does not stop the others.
 *
 * The limits of transfers and lookups apply to all images together, so that memory and connections don't grow with the number of images.
 *
 * @returns the results in the order of the plan
 * @throws the error of a callback, after all images were attempted
 */
export async function mirrorAll<R>(plan: readonly PlannedImages[], tools: MirrorTools, callbacks: ImageCallbacks<R>): Promise<R[]> {
  const { onStart, onResult, onTags } = callbacks;
  const shared: MirrorTools = { limits: sharedLimits(), largeDocuments: new Semaphore(1), ...tools };
  const images = new Semaphore(MAX_IMAGES, MAX_IMAGES_PER_HOST);
  // Separate from the images: a registry that lists its tags slowly must not block the images of other registries.
  const tagLists = new Semaphore(MAX_IMAGES, MAX_IMAGES_PER_HOST);
  const mirror = (request: MirrorRequest, index: number, versions: FilterVersions | undefined) => images.run(async () => {
    const result = await mirrorImage(request, { ...shared, ...onStart?.(request) });
    return onResult(await versions?.afterImage(result) ?? result, request, index);
  }, hostOf(request.source, tools));
  const results = await settleAll(plan.map(async (planned, index) => {
    const requests = 'result' in planned ? planned.result : await readRequests(planned.configuration, shared, { tagLists, onTags });
    if (!Array.isArray(requests)) return [await onResult(requests, undefined, index)];
    const versions = keptVersions(planned, requests, shared);
    return settleAll(requests.map((request) => mirror(request, index, versions)));
  }));
  return results.flat();
}

/** Lets the old versions of a tag filter expire; undefined when the mirror keeps all of them. */
function keptVersions(planned: PlannedImages, requests: readonly MirrorRequest[], tools: MirrorTools): FilterVersions | undefined {
  if ('result' in planned) return undefined;
  const { keepVersions, otherTags = [], tags } = planned.configuration;
  if (tags === undefined || keepVersions === undefined) return undefined;
  return new FilterVersions({ selection: tags, keepVersions, otherTags }, requests, tools);
}

/** The requests for the images of a configuration, or the result with the error of listing their tags. */
async function readRequests(
  { image, tags, requestFor }: Configuration, tools: MirrorTools, { tagLists, onTags }: { tagLists: Semaphore } & Pick<ImageCallbacks, 'onTags'>,
): Promise<MirrorRequest[] | MirrorResult> {
  if (tags === undefined) return [requestFor(image)];
  try {
    const selected = await tagLists.run(() => listTags(image, tags, tools, onTags), hostOf(image, tools));
    return selected.map((tag) => requestFor({ ...image, tag }));
  } catch (error) {
    const { reason, message } = describeFailure(error, tools, image);
    const { owner, target: { registry, repository } } = requestFor(image);
    const failed = notAttempted(`${image.registry}/${image.repository}`, `${registry}/${repository}`, reason, message);
    return { ...failed, repository, ...owner === undefined ? {} : { owner } };
  }
}

/** The host that an image is pulled from. */
function hostOf(image: ImageReference, { upstreams }: MirrorTools): string {
  return (upstreams?.locate(image) ?? image).registry;
}

/** Waits for all tasks, also after one of them has failed. */
async function settleAll<T>(tasks: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}
