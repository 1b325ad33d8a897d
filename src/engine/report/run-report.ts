import { publishResult } from './event-publisher';
import type { ProgressListener } from './progress';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { redactCredentials } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';
import { isSuccess, MirrorResult, summarize, notAttempted } from '../result';
import { asksForSummary } from '../run-plan';

/** Tells of one image: with an event, a sentence for people where something is wrong, and a line of JSON on stdout. */
export async function reportResult(result: MirrorResult, eventBus: string | undefined, log: Pick<ProgressListener, 'line'>): Promise<void> {
  if (eventBus !== undefined) {
    const { AWS_REGION = '', CODEBUILD_BUILD_ARN } = process.env;
    const problem = await publishResult(result, { eventBus, region: AWS_REGION, buildArn: CODEBUILD_BUILD_ARN || undefined });
    if (problem) log.line(problem);
  }
  if (result.message) log.line(result.message);
  print(result);
}

/** Sums up the images of a run on stdout. */
export function reportSummary(results: readonly MirrorResult[]): void {
  print(summarize(results));
}

/**
 * Runs a program to its end, with an exit code that is 0 only if all its results are good.
 *
 * Where the environment cannot be read, or a defect is met, its output ends with a result all the same.
 */
export async function runToResults(program: () => Promise<readonly MirrorResult[]>, log: Pick<ProgressListener, 'line'>): Promise<void> {
  try {
    process.exitCode = (await program()).every(isSuccess) ? 0 : 1;
  } catch (error) {
    const result = failed(redactCredentials(process.env[RUN_ENVIRONMENT.IMAGE] ?? process.env[RUN_ENVIRONMENT.CATALOG] ?? ''), error);
    await reportResult(result, undefined, log);
    if (asksForSummary(process.env)) reportSummary([result]);
    process.exitCode = 1;
  }
}

function failed(source: string, error: unknown): MirrorResult {
  const message = error instanceof Error ? error.message : String(error);
  return notAttempted(source, '', error instanceof MirrorError ? error.reason : 'internal-error', message);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
