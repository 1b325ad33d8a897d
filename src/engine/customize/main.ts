/**
 * What the privileged project runs: builds customized images from the mirror's copies, with Docker.
 *
 * It reads what the engine reads and tells of each customized image as the engine tells of its images.
 */
import { customizeImage, CustomizingRequest, isCustomized } from './customize-image';
import { Docker } from './docker';
import { isDeclared } from './recipe';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { formatImageReference } from '../../image/image-reference';
import { silenceVersionAdvice, withBuildTools } from '../build-tools';
import { readSettings, Settings } from '../configuration';
import type { MirrorTools } from '../mirror-image';
import { PlannedImages, readMirrorPlan } from '../mirror-plan';
import { LogProgress } from '../report/progress';
import { reportResult, reportSummary, runToResults } from '../report/run-report';
import { MirrorResult, notAttempted } from '../result';

const log = new LogProgress((line) => { process.stderr.write(`${line}\n`); });

/** Customizes what the environment describes. */
async function main(): Promise<MirrorResult[]> {
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  const { images, hasSummary } = readMirrorPlan(process.env);
  const results = await withBuildTools(settings, log, (tools) => customizeAll(images, settings, tools));
  if (hasSummary) reportSummary(results);
  return results;
}

/** One after the other: each has the machine to itself, and one that fails does not stop the others. */
async function customizeAll(images: readonly PlannedImages[], { eventBus }: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  const docker = new Docker({ log: (line) => log.line(line), signal: tools.signal });
  const results: MirrorResult[] = [];
  for (const planned of images) {
    const request = requestOf(planned);
    const result = 'outcome' in request ? request : await customizeImage(request, { ...tools, docker });
    // Who acts on a new image must find it: the build that completes it puts the event.
    const isNews = result.outcome === 'failed' || isCustomized(result);
    await reportResult(result, isNews ? eventBus : undefined, log);
    results.push(result);
  }
  return results;
}

/**
 * The image to customize, or the result that says why there is none.
 *
 * Whoever may start the mirror's builds may set what they say of an image, and must not run commands of their own in privileged mode by that,
 * nor put another image in the place of a customized one.
 */
function requestOf(planned: PlannedImages): CustomizingRequest | MirrorResult {
  if ('result' in planned) return planned.result;
  const { image, tags, requestFor } = planned.configuration;
  const { custom, ...request } = requestFor(image);
  const refused = (problem: string) => notAttempted(formatImageReference(image), '', 'invalid-configuration', `the variable ${problem}`);
  if (tags !== undefined) return refused(`${RUN_ENVIRONMENT.TAGS} is set, and a build customizes one tag; start the project that mirrors instead`);
  if (custom === undefined) {
    return refused(`${RUN_ENVIRONMENT.CUSTOM_IMAGE} is not set, and without it there is nothing to build; start the project that mirrors instead`);
  }
  if (!isDeclared(request, custom, process.env)) {
    return refused(`${RUN_ENVIRONMENT.CUSTOM_IMAGE} is not what the stack of the ImageMirror knows of this image: it has other lines, platforms or repositories; `
      + 'if the app has changed, deploy the stack that has the image, whose schedule still asks for what was there before');
  }
  return { ...request, custom };
}

void runToResults(main, log);
