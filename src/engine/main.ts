/**
 * What CodeBuild runs: mirrors what the environment names, tells people what it does on stderr,
 * and ends with one line of JSON on stdout, one event for each image, and an exit code that is 0 only if the mirror holds what it should.
 */

import { setFlagsFromString } from 'node:v8';
import { readSettings, Settings } from './configuration';
import { credentialChain } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import { CustomBuildStarter } from './customize/custom-builds';
import { MirrorRequest, MirrorTools } from './mirror-image';
import { mirrorRuns } from './mirror-all';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import { LogProgress, type ProgressListener } from './report/progress';
import { reportResult, reportSummary, runToResults } from './report/run-report';
import type { MirrorResult } from './result';
import { readMirrorPlan, MirrorPlan } from './run-plan';
import { RUN_ENVIRONMENT } from '../image/contract/environment';
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

/** A catalog is read from where it lies; what reads it is loaded only then. */
async function readPlan(tools: MirrorTools): Promise<MirrorPlan> {
  if (!process.env[RUN_ENVIRONMENT.CATALOG]) return readMirrorPlan(process.env);
  const { readCatalogPlan } = await import('./catalog/catalog-plan.js');
  return readCatalogPlan(process.env, tools);
}

async function mirror({ runs, isSummedUp }: MirrorPlan, settings: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  const customBuilds = new CustomBuildStarter(settings.customBuilds, tools);
  const followed = new Map<MirrorResult, MirrorResult>();
  const results = await mirrorRuns(runs, {
    tools,
    toolsFor: (request) => {
      const { source, target, kind } = request;
      customBuilds.register(request);
      log.line(`mirroring ${formatImageReference(source)} to ${formatImageReference(target)}, a ${kind} tag`);
      return isSummedUp ? { ...tools, progress: progressOf(request) } : tools;
    },
    finished: async (result) => {
      followed.set(result, await customBuilds.startBuilds(result));
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

/** Does the work of a build with what a build has at hand, until it is done, its time is over, or CodeBuild stops it. */
export async function withBuildTools<T>(settings: Settings, progress: ProgressListener, work: (tools: MirrorTools) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  try {
    return await work({
      transport,
      credentials: credentialChain(settings.credentials, new EcrCredentials()),
      progress,
      retry: DEFAULT_RETRY,
      deadline: Date.now() + settings.deadlineSeconds * 1000,
      signal: stop.signal,
      plainHttp: () => false,
    });
  } finally {
    await transport.close();
  }
}

/**
 * Settings of Node for a run of the engine.
 */

/**
 * Has V8 save memory, from now on.
 *
 * For when everything is loaded: code that Node keeps compiled for its own modules is of use only under the flags that it was compiled with.
 */
export function saveMemory(): void {
  // Otherwise V8 optimizes undici's HTTP parser in the background: 107 ms of processor time and 35 MB of memory for a run that parses a few headers.
  setFlagsFromString('--liftoff-only');
  // Bytes pass through in short-lived buffers; a young generation that grows lets thousands of them pile up before it is swept: 27 MB less in a
  // copy of 1 GB, and no slower.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Swept at once rather than by another thread, later: at most 111 MB where it was 126, and a quarter less processor time.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}

/** The AWS SDK's advice about Node's age is for those who choose it, not for the log of every build. */
export function silenceVersionAdvice(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
}
