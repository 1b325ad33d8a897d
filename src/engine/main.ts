/**
 * What CodeBuild runs: mirrors what the environment names, tells people what it does on stderr,
 * and ends with one line of JSON on stdout, one event for each image, and an exit code that is 0 only if the mirror holds what it should.
 */
import { readSettings, Settings } from './configuration';
import { firstOf } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import { MirrorError } from './mirror-error';
import { MirrorRequest, MirrorTools } from './mirror-image';
import { mirrorRuns } from './mirror-runs';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import { publishResult } from './report/event-publisher';
import { LogProgress } from './report/log-progress';
import { isGood, MirrorResult, summarize, untried } from './result';
import { asksForSummary, readRunPlan, RunPlan } from './run-plan';
import { saveMemory, silenceVersionAdvice } from './runtime-settings';
import { RUN_ENVIRONMENT } from '../image/environment';
import { formatImageReference, redacted } from '../image/image-reference';

const writeLog = (line: string) => { process.stderr.write(`${line}\n`); };
const log = new LogProgress(writeLog);

/** Runs what the environment describes; returns whether all is well. */
async function main(): Promise<boolean> {
  saveMemory();
  silenceVersionAdvice();
  const settings = readSettings(process.env);
  const plan = readRunPlan(process.env);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  const tools: MirrorTools = {
    transport,
    credentials: firstOf(settings.credentials, new EcrCredentials()),
    progress: log,
    retry: DEFAULT_RETRY,
    deadline: Date.now() + settings.deadlineSeconds * 1000,
    signal: stop.signal,
    plainHttp: () => false,
  };
  try {
    const results = await mirror(plan, settings, tools);
    if (plan.isSummedUp) print(summarize(results));
    return results.every(isGood);
  } finally {
    await transport.close();
  }
}

async function mirror({ runs, isSummedUp }: RunPlan, { eventBus }: Settings, tools: MirrorTools): Promise<MirrorResult[]> {
  return mirrorRuns(runs, {
    tools,
    toolsFor: (request) => {
      const { source, target, kind } = request;
      log.line(`mirroring ${formatImageReference(source)} to ${formatImageReference(target)}, a ${kind} tag`);
      return isSummedUp ? { ...tools, progress: progressOf(request) } : tools;
    },
    finished: (result) => report(result, eventBus),
  });
}

/** Several images speak in turns, so each line says whose it is. */
function progressOf({ source }: MirrorRequest): LogProgress {
  return new LogProgress((line) => writeLog(`${formatImageReference(source)}: ${line}`));
}

async function report(result: MirrorResult, eventBus: string | undefined): Promise<void> {
  if (eventBus !== undefined) {
    const problem = await publishResult(result, eventBus, process.env.AWS_REGION ?? '');
    if (problem) log.line(problem);
  }
  if (result.message) log.line(result.message);
  print(result);
}

function failed(source: string, error: unknown): MirrorResult {
  const message = error instanceof Error ? error.message : String(error);
  return untried(source, '', error instanceof MirrorError ? error.reason : 'internal-error', message);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

void main().catch(async (error: unknown) => {
  // The environment could not be read, or a defect was met: the log ends with a result all the same.
  const result = failed(redacted(process.env[RUN_ENVIRONMENT.IMAGE] ?? ''), error);
  await report(result, undefined);
  if (asksForSummary(process.env)) print(summarize([result]));
  return false;
}).then((good) => {
  process.exitCode = good ? 0 : 1;
});
