/**
 * The program of the privileged project: builds customized images from base images in the mirror, with Docker.
 *
 * It reads the same variables as the engine, and reports each customized image as the engine reports its images.
 */
import { customizeImage, CustomizeRequest, isCustomized } from './customize-image';
import { Docker } from './docker';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { AllowedBuild, allowedBuildText, CustomImage, fingerprint, readFingerprints } from '../../image/custom-image';
import { formatImageReference } from '../../image/image-reference';
import { withBuildTools, silenceVersionAdvice } from '../build-tools';
import { readSettings, Settings } from '../configuration';
import { digestOf } from '../digest';
import { PlannedImages, readMirrorPlan } from '../mirror-plan';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import { LogProgress } from '../report/progress';
import { eventPublisher, reportResult, reportSummary, runToResults } from '../report/run-report';
import { MirrorResult, notAttempted } from '../result';

const log = new LogProgress((line) => { process.stderr.write(`${line}\n`); });

/** Customizes the images that the environment variables describe. */
async function main(): Promise<MirrorResult[]> {
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  const { images, hasSummary } = readMirrorPlan(process.env);
  const results = await withBuildTools(settings, log, (tools) => customizeAll(images, settings, tools));
  if (hasSummary) reportSummary(results);
  return results;
}

/** Customizes one image after the other, so that each has the whole machine. A failure doesn't stop the other images. */
async function customizeAll(images: readonly PlannedImages[], { eventBus }: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  const docker = new Docker({ log: (line) => log.line(line), signal: tools.signal });
  const events = eventPublisher(eventBus);
  const results: MirrorResult[] = [];
  for (const planned of images) {
    const request = toCustomizeRequest(planned);
    const result = 'outcome' in request ? request : await customizeImage(request, { ...tools, docker });
    // Only the build that completes the image sends the event, because consumers of the event pull the image.
    const sendsEvent = result.outcome === 'failed' || isCustomized(result);
    await reportResult(result, { events: sendsEvent ? events : undefined, deadline: tools.deadline, log });
    results.push(result);
  }
  await events?.close();
  return results;
}

/**
 * The image to customize, or a failed result.
 *
 * A principal with permission to start builds can set the variables of an image. It must not be able to run its own commands in privileged mode,
 * or to replace a customized image with another image.
 */
function toCustomizeRequest(planned: PlannedImages): CustomizeRequest | MirrorResult {
  if ('result' in planned) return planned.result;
  const { image, tags, requestFor } = planned.configuration;
  const { custom, ...request } = requestFor(image);
  const failure = (problem: string) => notAttempted(formatImageReference(image), '', 'invalid-configuration', `the variable ${problem}`);
  if (tags !== undefined) {
    return failure(`${RUN_ENVIRONMENT.TAGS} is set, but a build customizes a single tag; start the project that mirrors instead`);
  }
  if (custom === undefined) {
    return failure(`${RUN_ENVIRONMENT.CUSTOM_IMAGE} is not set, so there is nothing to build; start the project that mirrors instead`);
  }
  if (!isAllowedBuild(request, custom, process.env)) {
    return failure(`${RUN_ENVIRONMENT.CUSTOM_IMAGE} doesn't match the app: the deployed stack of the ImageMirror has other lines, platforms `
      + 'or repositories for this image; if the app has changed, deploy the stack that has the schedule of this image');
  }
  return { ...request, custom };
}

/**
 * Whether the app allows to build a customized image: this base image, these repositories, these Dockerfile lines, and these platforms.
 *
 * @param variables the environment variables of the build, with the fingerprints of the allowed builds
 */
function isAllowedBuild({ source, target }: Pick<MirrorRequest, 'source' | 'target'>, custom: CustomImage, variables: NodeJS.ProcessEnv): boolean {
  const allowed = readFingerprints(variables);
  const base = target.repository;
  // An image with a tag filter is allowed without its tag.
  const { registry, repository } = source;
  return [formatImageReference(source), formatImageReference({ registry, repository })].some((image) => {
    return allowed.has(buildFingerprint({ image, base, custom })) || allowed.has(buildFingerprint({ image, base: '', custom }, base));
  });
}

function buildFingerprint(build: AllowedBuild, base?: string): string {
  return fingerprint(digestOf(Buffer.from(allowedBuildText(build), 'utf8')), base);
}

void runToResults(main, log);
