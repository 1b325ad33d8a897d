import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { withAwsErrors, AwsError, knownAwsErrorMessage } from './aws-clients';
import type { StartedMirrorBuild } from './started-builds';
import { type Clock, isNotFound, isRetryable, formatAwsError } from '../../codebuild/aws-errors';
import { ResultLineFields, parseResultLine, resultKey } from '../../codebuild/build-results';
import { type BuildLog, BuildState, BuildStatus, CONSISTENCY_TIME, readBuilds } from '../../codebuild/build-state';
import { MirrorResult, NO_TRANSFER, Outcome } from '../../engine/result';
import { escapeControlCharacters } from '../../image/sanitize';

/** The clients and the settings to follow builds with. */
export interface FollowBuildsTools {
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  readonly clock: Clock;
  /** Writes the lines of the logs, and errors of the requests to AWS. */
  readonly log: (line: string) => void;
  /** Interrupts the command. */
  readonly signal: AbortSignal;
  /** Whether the log had all that the command waits for. @default - whether it had the results of all images */
  readonly isComplete?: () => boolean;
}

/** The pause between two polls, in milliseconds. */
const PAUSE = 2_500;

/** The time after the end of a build in which the last lines of its log can arrive, in milliseconds. */
const LATE_LINES_TIME = 15_000;

/** The time without a response of AWS after which the command fails, in milliseconds. */
const MAX_OUTAGE_TIME = 5 * 60_000;

/**
 * Follows builds and their logs until the builds have ended, including the builds of customized images that they start.
 *
 * @throws AwsError when the states of the builds cannot be read
 */
export async function followBuilds(builds: readonly StartedMirrorBuild[], tools: FollowBuildsTools): Promise<FollowedMirrorBuild[]> {
  const followed = builds.map((build, index) => {
    return new FollowedMirrorBuild(build, tools, builds.length === 1 ? '' : `build ${index + 1} of ${builds.length}: `);
  });
  const deadline = { at: tools.clock.now() + MAX_OUTAGE_TIME };
  for (;;) {
    const open = followed.filter(({ hasEnded }) => !hasEnded);
    // The states come first: when a build has ended, its log already has the lines from before its end.
    const states = await readStates(open, deadline, tools);
    for (const [index, state] of states.entries()) await open[index].update(state);
    followed.push(...open.filter(({ hasEnded }) => hasEnded).flatMap((build) => build.customBuilds()));
    if (followed.every(({ hasEnded }) => hasEnded)) return followed;
    await tools.clock.sleep(PAUSE);
  }
}

/** Reads the states of builds; none after a transient error. */
async function readStates(builds: readonly FollowedMirrorBuild[], deadline: { at: number }, tools: FollowBuildsTools): Promise<BuildState[]> {
  const { codeBuild, clock, log, signal } = tools;
  try {
    const states = await withAwsErrors('codebuild:BatchGetBuilds', () => readBuilds(codeBuild, builds.map(({ build }) => build.id)));
    deadline.at = clock.now() + MAX_OUTAGE_TIME;
    return states;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AwsError) || !isRetryable(error.cause) || clock.now() >= deadline.at) throw error;
    log(error.message);
    return [];
  }
}

/** A build with its status and the results in its log. */
export class FollowedMirrorBuild {
  /** The status of the build. */
  status: BuildStatus = 'IN_PROGRESS';
  /** Why the build did not succeed, as CodeBuild reports. */
  problem: string | undefined;
  /** Why the results are not known. */
  logProblem: string | undefined = 'it has no log';
  /** Whether the build has ended and its log is read. */
  hasEnded = false;
  readonly logResults = new LogResults();
  private readonly reader: BuildLogReader;
  private readonly startTime: number;
  private endTime: number | undefined;
  private isLogDenied = false;

  constructor(readonly build: StartedMirrorBuild, private readonly tools: FollowBuildsTools, private readonly prefix: string) {
    this.reader = new BuildLogReader(tools.logs);
    this.startTime = tools.clock.now();
  }

  /** Updates the status, and reads new lines of the log. */
  async update({ status, problem, log }: BuildState): Promise<void> {
    const now = this.tools.clock.now();
    this.status = status === 'GONE' && now < this.startTime + CONSISTENCY_TIME ? 'IN_PROGRESS' : status;
    this.problem = problem;
    const hasLog = Boolean(log?.groupName && log.streamName);
    if (hasLog && !this.isLogDenied) await this.readLog(log!);
    if (this.status === 'IN_PROGRESS') return;
    this.endTime ??= now;
    const isComplete = this.tools.isComplete?.() ?? this.logResults.isComplete;
    this.hasEnded = isComplete || !hasLog || this.isLogDenied || now >= this.endTime + LATE_LINES_TIME;
    if (this.hasEnded && this.logProblem === undefined && !isComplete) this.logProblem = 'its log ends before its results';
  }

  /** The builds of customized images that this build started. */
  customBuilds(): FollowedMirrorBuild[] {
    return this.logResults.results.flatMap(({ source, customBuilds = [] }) => {
      return customBuilds.map((id) => new FollowedMirrorBuild({ id, sources: [source] }, this.tools, `customized ${source}: `));
    });
  }

  private async readLog(log: NonNullable<BuildState['log']>): Promise<void> {
    try {
      await this.reader.read(log, (line) => this.addLine(line));
      this.logProblem = undefined;
    } catch (error) {
      this.tools.signal.throwIfAborted();
      const message = knownAwsErrorMessage(error, 'logs:GetLogEvents');
      if (isNotFound(error)) this.logProblem = 'its log does not exist';
      else this.logProblem = `its log cannot be read: ${message ?? formatAwsError(error)}`;
      if (isNotFound(error) || isRetryable(error)) return;
      this.isLogDenied = true;
      this.tools.log(`${this.prefix}${this.logProblem}`);
    }
  }

  private addLine(line: string): void {
    if (!this.logResults.add(line)) this.tools.log(`${this.prefix}${line}`);
  }
}

/** The maximum number of pages in one poll. A page has at most 1 MB, and an empty page can come before others. The next poll reads the rest. */
const MAX_PAGES = 50;

/** Reads the log of a build from its start while it grows. */
class BuildLogReader {
  private nextToken: string | undefined;

  constructor(private readonly client: CloudWatchLogsClient) {}

  /** Reads the lines since the last call. */
  async read({ groupName, streamName }: BuildLog, onLine: (line: string) => void): Promise<void> {
    for (let page = 0; page < MAX_PAGES; page++) {
      const request = { logGroupName: groupName, logStreamName: streamName, startFromHead: true, nextToken: this.nextToken };
      const { events = [], nextForwardToken } = await this.client.send(new GetLogEventsCommand(request));
      events.flatMap(({ message = '' }) => message.replace(/\r?\n$/, '').split(/\r?\n/)).forEach(onLine);
      // At the end of the log, CloudWatch Logs returns the same token again.
      if (!nextForwardToken || nextForwardToken === this.nextToken) return;
      this.nextToken = nextForwardToken;
    }
  }
}

const OUTCOMES: readonly Outcome[] = ['copied', 'unchanged', 'held', 'upstream-gone', 'tag-moved', 'failed'];
const TEXTS = [
  'repository', 'tag', 'owner', 'message', 'reason', 'sourceDigest', 'targetDigest', 'suffixedTag', 'builtFrom', 'eligibleAt', 'heldSince',
] as const;
const COUNTS = ['heldHours', 'bytesCopied', 'blobsCopied', 'blobsSkipped', 'referrersCopied', 'countedPulls', 'seconds'] as const;
const LISTS = ['heldBy', 'wouldBeHeldBy', 'checks', 'platformTags', 'customBuilds', 'warnings'] as const;
const DECISION_TEXTS = ['decision', 'by', 'reason', 'at'] as const;

/** The results in the log of a build. The log is untrusted: only known fields with the right types are used. */
export class LogResults {
  private readonly resultLines: MirrorResult[] = [];
  private summary: readonly MirrorResult[] | undefined;

  /** Adds a line of the log. Returns whether the line has results. */
  add(line: string): boolean {
    const fields = parseResultLine(line);
    if (fields === undefined) return false;
    const summary = summaryOf(fields);
    const result = resultOf(fields);
    if (summary !== undefined) this.summary = summary;
    else if (result !== undefined) this.resultLines.push(result);
    return summary !== undefined || result !== undefined;
  }

  /** Whether the run was not interrupted: its log ends with a summary of all images. */
  get isComplete(): boolean {
    return this.summary !== undefined;
  }

  /** The results in the order of the images; after an interrupted run, in the order of the log. */
  get results(): readonly MirrorResult[] {
    const byKey = new Map(this.resultLines.map((result) => [resultKey(result), result]));
    return this.summary?.map((result) => byKey.get(resultKey(result)) ?? result) ?? this.resultLines;
  }
}

function summaryOf({ outcome, images, results }: ResultLineFields): MirrorResult[] | undefined {
  if (!isOutcome(outcome) || typeof images !== 'object' || !Array.isArray(results)) return undefined;
  const read = results.map((result) => resultOf(Object(result) as ResultLineFields));
  return read.every((result) => result !== undefined) ? read : undefined;
}

function resultOf(fields: ResultLineFields): MirrorResult | undefined {
  const { source, target, outcome, requests } = fields;
  if (typeof source !== 'string' || typeof target !== 'string' || !isOutcome(outcome)) return undefined;
  const { source: sourceRequests, target: targetRequests } = Object(requests) as Readonly<Record<string, unknown>>;
  return {
    ...NO_TRANSFER,
    source: escapeControlCharacters(source),
    target: escapeControlCharacters(target),
    outcome,
    ...pickFields(fields, COUNTS, (value) => Number.isFinite(value) ? value : undefined),
    ...pickFields(fields, TEXTS, textOf),
    ...pickFields(fields, ['starved'], (value) => value === true ? value : undefined),
    ...pickFields(fields, ['decision'], decisionOf),
    ...pickFields(fields, LISTS, (value) => Array.isArray(value) ? textsOf(value) : undefined),
    requests: { source: countOf(sourceRequests), target: countOf(targetRequests) },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? escapeControlCharacters(value) : undefined;
}

function decisionOf(value: unknown): object | undefined {
  const fields = Object(value) as Readonly<Record<string, unknown>>;
  const texts = DECISION_TEXTS.map((name) => [name, textOf(fields[name])]);
  return texts.every(([, text]) => text !== undefined) ? Object.fromEntries(texts) as object : undefined;
}

function textsOf(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string').map(escapeControlCharacters);
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** Picks fields of a result line. Fields that `read` does not accept are left out. */
function pickFields(fields: ResultLineFields, names: readonly (keyof MirrorResult)[], read: (value: unknown) => unknown): Partial<MirrorResult> {
  return Object.fromEntries(names.map((name) => [name, read(fields[name])]).filter(([, value]) => value !== undefined));
}

function isOutcome(outcome: unknown): outcome is Outcome {
  return OUTCOMES.some((known) => known === outcome);
}
