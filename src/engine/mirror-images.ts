import { DEFAULT_LOOKUPS, DEFAULT_TRANSFERS } from './copy/copy-context';
import { Semaphore } from './copy/semaphore';
import { mirrorImage, MirrorRequest, MirrorTools } from './mirror-image';
import type { MirrorResult } from './result';

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
