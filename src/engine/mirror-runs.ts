import type { Configuration } from './configuration';
import { Semaphore } from './copy/semaphore';
import { describeFailure } from './failure';
import { listTags } from './list-tags';
import { MirrorRequest, MirrorTools } from './mirror-image';
import { DEFAULT_IMAGES_AT_A_TIME, imageMirrorer, ImagesListener } from './mirror-images';
import { MirrorResult, untried } from './result';
import type { PlannedRun } from './run-plan';

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
export async function mirrorRuns(runs: readonly PlannedRun[], listener: RunsListener): Promise<MirrorResult[]> {
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
    return { ...untried(`${image.registry}/${image.repository}`, `${registry}/${repository}`, reason, message), repository };
  }
}
