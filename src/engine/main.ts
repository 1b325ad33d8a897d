/**
 * What CodeBuild runs: mirrors what the environment names, tells people what it does on stderr,
 * and ends with one line of JSON on stdout, one event for each image, and an exit code that is 0 only if the mirror holds what it should.
 */
import { withBuildTools } from './build-tools';
import { readSettings, Settings } from './configuration';
import { CustomBuildStarter } from './customise/custom-builds';
import { MirrorRequest, MirrorTools } from './mirror-image';
import { mirrorRuns } from './mirror-runs';
import { LogProgress } from './report/log-progress';
import { reportResult, reportSummary, runToResults } from './report/run-report';
import type { MirrorResult } from './result';
import { readRunPlan, RunPlan } from './run-plan';
import { saveMemory, silenceVersionAdvice } from './runtime-settings';
import { RUN_ENVIRONMENT } from '../image/environment';
import { formatImageReference } from '../image/image-reference';

const writeLog = (line: string) => { process.stderr.write(`${line}\n`); };
const log = new LogProgress(writeLog);

/** Runs what the environment describes. */
async function main(): Promise<MirrorResult[]> {
  saveMemory();
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  return withBuildTools(settings, log, async (tools) => {
    const plan = await readPlan(tools);
    const results = await mirror(plan, settings, tools);
    if (plan.isSummedUp) reportSummary(results);
    return results;
  });
}

/** A catalogue is read from where it lies; what reads it is loaded only then. */
async function readPlan(tools: MirrorTools): Promise<RunPlan> {
  if (!process.env[RUN_ENVIRONMENT.CATALOGUE]) return readRunPlan(process.env);
  const { readCataloguePlan } = await import('./catalogue/catalogue-plan.js');
  return readCataloguePlan(process.env, tools);
}

async function mirror({ runs, isSummedUp }: RunPlan, settings: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  const customBuilds = new CustomBuildStarter(settings.customBuilds, tools);
  const followed = new Map<MirrorResult, MirrorResult>();
  const results = await mirrorRuns(runs, {
    tools,
    toolsFor: (request) => {
      const { source, target, kind } = request;
      customBuilds.expect(request);
      log.line(`mirroring ${formatImageReference(source)} to ${formatImageReference(target)}, a ${kind} tag`);
      return isSummedUp ? { ...tools, progress: progressOf(request) } : tools;
    },
    finished: async (result) => {
      followed.set(result, await customBuilds.follow(result));
      await reportResult(followed.get(result)!, settings.eventBus, log);
    },
  });
  return results.map((result) => followed.get(result)!);
}

/** Several images speak in turns, so each line says whose it is. */
function progressOf({ source }: MirrorRequest): LogProgress {
  return new LogProgress((line) => writeLog(`${formatImageReference(source)}: ${line}`));
}

void runToResults(main, log);
