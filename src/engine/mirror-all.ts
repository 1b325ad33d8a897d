import type { Configuration } from './configuration';
import { DEFAULT_LOOKUPS, DEFAULT_TRANSFERS, Semaphore } from './copy/copy-context';
import { describeFailure } from './failure';
import { mirrorImage, MirrorRequest, MirrorTools } from './mirror-image';
import { MirrorResult, notAttempted } from './result';
import type { PlannedImages } from './run-plan';
import { listTags } from './tags';

/** Images under way at a time: enough to hide the way to the registries, few enough for their patience. */
export const DEFAULT_IMAGES_AT_A_TIME = 8;

/** What a run of several images is told about. */
export interface ImagesListener {
  /** An image begins; its tools, for example with a progress of its own. */
  toolsFor(request: MirrorRequest): MirrorTools;
  /** An image is done, well or not. */
  finished(result: MirrorResult): Promise<void> | void;
}

/**
 * Mirrors several images, some at a time. One that fails does not stop the others.
 *
 * Transfers are bounded over all images together, so that memory and connections do not grow with their number.
 *
 * @returns the results in the order of the requests
 */
export async function mirrorImages(requests: readonly MirrorRequest[], listener: ImagesListener): Promise<MirrorResult[]> {
  return Promise.all(requests.map(imageMirrorer(listener)));
}

/** What mirrors each image that it is given, as `mirrorImages()` does: for images that are not all known at once. */
export function imageMirrorer(listener: ImagesListener): (request: MirrorRequest) => Promise<MirrorResult> {
  const shared = { transfers: new Semaphore(DEFAULT_TRANSFERS), lookups: new Semaphore(DEFAULT_LOOKUPS) };
  const places = new Semaphore(DEFAULT_IMAGES_AT_A_TIME);
  return (request) => places.run(async () => {
    const result = await mirrorImage(request, { ...shared, ...listener.toolsFor(request) });
    await listener.finished(result);
    return result;
  });
}

/** What a plan's runs are told about. */
export interface RunsListener extends ImagesListener {
  /** What tags are listed with. */
  readonly tools: MirrorTools;
}

/**
 * Mirrors everything of a plan, some at a time. Whatever goes wrong with one image, every other is tried.
 *
 * @returns the results in the order of the plan
 */
export async function mirrorRuns(runs: readonly PlannedImages[], listener: RunsListener): Promise<MirrorResult[]> {
  const mirror = imageMirrorer(listener);
  // Not the places of images: a registry that is slow to list its tags must not keep the images of others waiting.
  const lists = new Semaphore(DEFAULT_IMAGES_AT_A_TIME);
  const results = await Promise.all(runs.map(async (run) => {
    const requests = 'result' in run ? run.result : await lists.run(() => requestsOf(run.configuration, listener.tools));
    if (Array.isArray(requests)) return Promise.all(requests.map(mirror));
    await listener.finished(requests);
    return [requests];
  }));
  return results.flat();
}

/** The images of a run, or the result that says why they are not known. */
async function requestsOf({ image, tags, requestFor }: Configuration, tools: MirrorTools): Promise<MirrorRequest[] | MirrorResult> {
  if (tags === undefined) return [requestFor(image)];
  try {
    return (await listTags(image, tags, tools)).map((tag) => requestFor({ ...image, tag }));
  } catch (error) {
    const { reason, message } = describeFailure(error, tools);
    const { registry, repository } = requestFor(image).target;
    return { ...notAttempted(`${image.registry}/${image.repository}`, `${registry}/${repository}`, reason, message), repository };
  }
}
