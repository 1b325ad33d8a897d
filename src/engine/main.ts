/**
 * What CodeBuild runs: mirrors the image that the environment names, tells people what it does on stderr,
 * and ends with one line of JSON on stdout, one event, and an exit code that is 0 only if the mirror holds what it should.
 */
import './runtime-settings';
import { Configuration, readConfiguration } from './configuration';
import { firstOf } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import { MirrorError } from './mirror-error';
import { mirrorImage } from './mirror-image';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import { publishResult } from './report/event-publisher';
import { LogProgress } from './report/log-progress';
import { isGood, MirrorResult } from './result';
import { RUN_ENVIRONMENT } from '../image/environment';
import { formatImageReference } from '../image/image-reference';

const log = new LogProgress((line) => process.stderr.write(`${line}\n`));

async function main(): Promise<MirrorResult> {
  let configuration: Configuration;
  try {
    configuration = readConfiguration(process.env);
  } catch (error) {
    return unreadable(error);
  }
  const result = await mirror(configuration);
  if (configuration.eventBus !== undefined) {
    const problem = await publishResult(result, configuration.eventBus, process.env.AWS_REGION ?? '');
    if (problem) log.line(problem);
  }
  return result;
}

async function mirror({ request, credentials, deadlineSeconds }: Configuration): Promise<MirrorResult> {
  log.line(`mirroring ${formatImageReference(request.source)} to ${formatImageReference(request.target)}, a ${request.kind} tag`);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  try {
    return await mirrorImage(request, {
      transport,
      credentials: firstOf(credentials, new EcrCredentials()),
      progress: log,
      retry: DEFAULT_RETRY,
      deadline: Date.now() + deadlineSeconds * 1000,
      signal: stop.signal,
      plainHttp: () => false,
    });
  } finally {
    await transport.close();
  }
}

/** The result of a run that cannot start, or that meets a defect of its own. */
function unreadable(error: unknown): MirrorResult {
  const known = error instanceof MirrorError;
  return {
    source: process.env[RUN_ENVIRONMENT.IMAGE] ?? '',
    target: '',
    outcome: 'failed',
    reason: known ? error.reason : 'internal-error',
    message: error instanceof Error ? error.message : String(error),
    bytesCopied: 0,
    blobsCopied: 0,
    blobsSkipped: 0,
    requests: { source: 0, target: 0 },
    countedPulls: 0,
    seconds: 0,
  };
}

void main().catch(unreadable).then((result) => {
  if (result.message) log.line(result.message);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = isGood(result) ? 0 : 1;
});
