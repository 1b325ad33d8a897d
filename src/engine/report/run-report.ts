import { EventPublisher } from './event-publisher';
import type { ProgressListener } from './progress';
import { MirrorError } from '../mirror-error';
import { needsSummary } from '../mirror-plan';
import { isSuccess, MirrorResult, summarize, notAttempted } from '../result';
import { shownSource } from '../run-variables';

/** Milliseconds. EventBridge responds in a fraction of a second. */
export const MAX_EVENT_TIME = 10_000;
/** Milliseconds after the deadline of the run in which its last events are put. */
const MAX_TIME_AFTER_DEADLINE = 1_500;

/** Where the results of a run are reported. */
export interface ReportOptions {
  /** Puts events; undefined for no events. */
  readonly events?: EventPublisher;
  /** The deadline of the run, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly log: Pick<ProgressListener, 'line'>;
}

/** The publisher of a build's events; undefined when there is no event bus. */
export function eventPublisher(eventBus: string | undefined): EventPublisher | undefined {
  const { AWS_REGION = '', CODEBUILD_BUILD_ARN } = process.env;
  return eventBus === undefined ? undefined : new EventPublisher({ eventBus, region: AWS_REGION, buildArn: CODEBUILD_BUILD_ARN || undefined });
}

/** Reports the result of one image: an event, its message in the log, and a result line on stdout. */
export async function reportResult(result: MirrorResult, { deadline, events, log }: ReportOptions): Promise<void> {
  const problem = await events?.publish(result, Math.min(Date.now() + MAX_EVENT_TIME, deadline + MAX_TIME_AFTER_DEADLINE));
  if (problem) log.line(problem);
  if (result.message) log.line(result.message);
  print(result);
}

/** Writes the summary of a run to stdout. */
export function reportSummary(results: readonly MirrorResult[]): void {
  print(summarize(results));
}

/**
 * Runs a program and sets its exit code, which is 0 only if all results are successful.
 *
 * After an error, for example an invalid environment, the output ends with a result too.
 */
export async function runToResults(program: () => Promise<readonly MirrorResult[]>, log: Pick<ProgressListener, 'line'>): Promise<void> {
  try {
    process.exitCode = (await program()).every(isSuccess) ? 0 : 1;
  } catch (error) {
    const reason = error instanceof MirrorError ? error.reason : 'internal-error';
    const result = notAttempted(shownSource(process.env), '', reason, error instanceof Error ? error.message : String(error));
    await reportResult(result, { deadline: Date.now(), log });
    if (needsSummary(process.env)) reportSummary([result]);
    process.exitCode = 1;
  } finally {
    exitSoon();
  }
}

/** Milliseconds. */
const EXIT_DELAY = 250;

/** Ends the process, also when something still waits: a name server that does not respond, or a connection that is not closed. */
export function exitSoon(): void {
  setTimeout(() => process.exit(), EXIT_DELAY).unref();
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
