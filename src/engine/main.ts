/**
 * The program of the mirror's builds.
 *
 * It mirrors the images that the environment names, and logs its progress on stderr. It ends with a result line on stdout and
 * an event for each image. The exit code is 0 only if the mirror has each image that it should have.
 */

import { saveMemory, silenceVersionAdvice, withBuildTools } from './build-tools';
import { readSettings, Settings } from './configuration';
import { CustomBuildStarter } from './customize/custom-builds';
import { mirrorAll } from './mirror-all';
import { readMirrorPlan, MirrorPlan } from './mirror-plan';
import type { MirrorRequest, MirrorTools } from './mirror-request';
import { LogProgress } from './report/progress';
import { eventPublisher, reportResult, reportSummary, runToResults } from './report/run-report';
import type { MirrorResult } from './result';
import { RUN_ENVIRONMENT } from '../image/contract/environment';
import { formatImageReference } from '../image/image-reference';

const writeLog = (line: string) => { process.stderr.write(`${line}\n`); };
const log = new LogProgress(writeLog);

/** Mirrors the images that the environment names. */
async function main(): Promise<MirrorResult[]> {
  saveMemory();
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  return withBuildTools(settings, log, async (tools) => {
    const plan = await readPlan(tools);
    const results = await mirror(plan, settings, tools);
    if (plan.hasSummary) reportSummary(results);
    return results;
  });
}

/** Reads the plan. The code for catalogs is loaded only for a catalog. */
async function readPlan(tools: MirrorTools): Promise<MirrorPlan> {
  if (!process.env[RUN_ENVIRONMENT.CATALOG]) return readMirrorPlan(process.env);
  const { readCatalogPlan } = await import('./catalog/catalog-plan.js');
  return readCatalogPlan(process.env, tools);
}

function mirror({ images, hasSummary }: MirrorPlan, settings: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  const customBuilds = new CustomBuildStarter(settings.customBuilds, tools);
  const events = eventPublisher(settings.eventBus);
  return mirrorAll(images, tools, {
    onStart: (request) => {
      const { source, target, kind } = request;
      log.line(`mirroring ${formatImageReference(source)} to ${formatImageReference(target)}, a ${kind} tag`);
      return hasSummary ? { ...tools, progress: progressOf(request) } : tools;
    },
    onResult: async (mirrored, request) => {
      const result = await customBuilds.startBuilds(mirrored, request);
      await reportResult(result, { events, deadline: tools.deadline, log });
      return result;
    },
  }).finally(() => events?.close());
}

/** The lines of concurrent images are mixed, so each starts with the name of its image. */
function progressOf({ source }: MirrorRequest): LogProgress {
  return new LogProgress((line) => writeLog(`${formatImageReference(source)}: ${line}`));
}

void runToResults(main, log);
