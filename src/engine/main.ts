/**
 * What CodeBuild runs: mirrors what the environment names, tells people what it does on stderr,
 * and ends with one line of JSON on stdout, one event for each image, and an exit code that is 0 only if the mirror holds what it should.
 */
import { Configuration, readConfiguration } from './configuration';
import { firstOf } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import { describeFailure } from './failure';
import { listTags } from './list-tags';
import { MirrorError } from './mirror-error';
import { MirrorRequest, MirrorTools } from './mirror-image';
import { mirrorImages } from './mirror-images';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import { publishResult } from './report/event-publisher';
import { LogProgress } from './report/log-progress';
import { isGood, MirrorResult, summarize, untried } from './result';
import { saveMemory, silenceVersionAdvice } from './runtime-settings';
import { RUN_ENVIRONMENT } from '../image/environment';
import { formatImageReference, redacted } from '../image/image-reference';

const log = new LogProgress((line) => process.stderr.write(`${line}\n`));

/** Runs what the environment describes; returns whether all is well. */
async function main(): Promise<boolean> {
  saveMemory();
  silenceVersionAdvice();
  const configuration = readConfiguration(process.env);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  const tools: MirrorTools = {
    transport,
    credentials: firstOf(configuration.credentials, new EcrCredentials()),
    progress: log,
    retry: DEFAULT_RETRY,
    deadline: Date.now() + configuration.deadlineSeconds * 1000,
    signal: stop.signal,
    plainHttp: () => false,
  };
  try {
    const results = await mirror(configuration, tools);
    if (configuration.tags !== undefined) print(summarize(results));
    return results.every(isGood);
  } finally {
    await transport.close();
  }
}

async function mirror(configuration: Configuration, tools: MirrorTools): Promise<MirrorResult[]> {
  const { image, requestFor } = configuration;
  const finished = (result: MirrorResult) => report(result, configuration.eventBus);
  let requests: MirrorRequest[];
  try {
    const tags = configuration.tags && await listTags(image, configuration.tags, tools);
    requests = tags === undefined ? [requestFor(image)] : tags.map((tag) => requestFor({ ...image, tag }));
  } catch (error) {
    const { reason, message } = describeFailure(error, tools);
    const result = untried(`${image.registry}/${image.repository}`, '', reason, message);
    await finished(result);
    return [result];
  }
  return mirrorImages(requests, {
    toolsFor: ({ source, target, kind }) => {
      log.line(`mirroring ${formatImageReference(source)} to ${formatImageReference(target)}, a ${kind} tag`);
      return tools;
    },
    finished,
  });
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
  if (process.env[RUN_ENVIRONMENT.TAGS]) print(summarize([result]));
  return false;
}).then((good) => {
  process.exitCode = good ? 0 : 1;
});
