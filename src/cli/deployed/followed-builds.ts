import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { withAwsErrors, AwsError, knownAwsErrorMessage } from './aws-clients';
import type { StartedMirrorBuild } from './started-builds';
import { type BuildLog, BuildState, BuildStatus, readBuilds } from '../../codebuild/build-state';
import { ResultLineFields, parseResultLine, resultKey } from '../../codebuild/build-results';
import { type Clock, isNotFound, isRetryable, formatAwsError } from '../../codebuild/aws-errors';
import { MirrorResult, NO_TRANSFER, Outcome } from '../../engine/result';
import { escapeControlCharacters } from '../../image/sanitize';

/** What builds are followed with. */
export interface FollowBuildsTools {
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  readonly clock: Clock;
  /** Is told the lines of the logs, and what is wrong with following them. */
  readonly tell: (line: string) => void;
  /** When to stop following. */
  readonly signal: AbortSignal;
}

const PAUSE = 2_500;

/** A build that was started a moment ago may not be known everywhere yet. */
const UNKNOWN_TIME = 60_000;

/** What is written last may come into the log when the build is over already. */
const LATE_LINES_TIME = 15_000;

/** How long AWS may be out of reach before it is given up. */
const SILENCE_TIME = 5 * 60_000;

/**
 * Follows builds and their logs until they are over, and the builds of customized images that they start.
 *
 * @throws AwsRefusal when AWS does not say how builds stand
 */
export async function followBuilds(runs: readonly StartedMirrorBuild[], tools: FollowBuildsTools): Promise<FollowedMirrorBuild[]> {
  const followed = runs.map((run, index) => new FollowedMirrorBuild(run, tools, runs.length === 1 ? '' : `build ${index + 1} of ${runs.length}: `));
  const deadline = { at: tools.clock.now() + SILENCE_TIME };
  for (;;) {
    const open = followed.filter(({ isOver }) => !isOver);
    // First how they stand: what a build wrote before it ended is in its log then.
    const states = await statesOf(open, deadline, tools);
    for (const [index, state] of states.entries()) await open[index].observe(state);
    followed.push(...open.filter(({ isOver }) => isOver).flatMap((run) => run.customRuns()));
    if (followed.every(({ isOver }) => isOver)) return followed;
    await tools.clock.sleep(PAUSE);
  }
}

/** How builds stand; nothing when CodeBuild does not say now and may say later. */
async function statesOf(builds: readonly FollowedMirrorBuild[], deadline: { at: number }, tools: FollowBuildsTools): Promise<BuildState[]> {
  const { codeBuild, clock, tell, signal } = tools;
  try {
    const states = await withAwsErrors('codebuild:BatchGetBuilds', () => readBuilds(codeBuild, builds.map(({ run }) => run.id)));
    deadline.at = clock.now() + SILENCE_TIME;
    return states;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AwsError) || !isRetryable(error.cause) || clock.now() >= deadline.at) throw error;
    tell(error.message);
    return [];
  }
}

/** A build that is followed. */
export class FollowedMirrorBuild {
  /** How it stands. */
  status: BuildStatus = 'IN_PROGRESS';
  /** Why it did not succeed, as CodeBuild tells. */
  problem: string | undefined;
  /** Why its log could not be read. */
  logProblem: string | undefined = 'it has no log';
  /** Whether there is nothing more to come. */
  isOver = false;
  readonly logged = new LoggedResults();
  private readonly reader: BuildLogReader;
  private readonly since: number;
  private endSeen: number | undefined;
  private isLogDenied = false;

  constructor(readonly run: StartedMirrorBuild, private readonly tools: FollowBuildsTools, private readonly prefix: string) {
    this.reader = new BuildLogReader(tools.logs);
    this.since = tools.clock.now();
  }

  /** Takes how it stands now, and reads on in its log. */
  async observe({ status, problem, log }: BuildState): Promise<void> {
    const now = this.tools.clock.now();
    this.status = status === 'GONE' && now < this.since + UNKNOWN_TIME ? 'IN_PROGRESS' : status;
    this.problem = problem;
    const hasLog = Boolean(log?.groupName && log.streamName);
    if (hasLog && !this.isLogDenied) await this.readLog(log!);
    if (this.status === 'IN_PROGRESS') return;
    this.endSeen ??= now;
    this.isOver = this.logged.isWhole || !hasLog || this.isLogDenied || now >= this.endSeen + LATE_LINES_TIME;
    if (this.isOver && this.logProblem === undefined && !this.logged.isWhole) this.logProblem = 'its log ends before its results';
  }

  /** The builds of customized images that it has started. */
  customRuns(): FollowedMirrorBuild[] {
    return this.logged.results.flatMap(({ source, customBuilds = [] }) => {
      return customBuilds.map((id) => new FollowedMirrorBuild({ id, sources: [source] }, this.tools, `customized ${source}: `));
    });
  }

  private async readLog(log: NonNullable<BuildState['log']>): Promise<void> {
    try {
      await this.reader.read(log, (line) => this.take(line));
      this.logProblem = undefined;
    } catch (error) {
      this.tools.signal.throwIfAborted();
      const refusal = knownAwsErrorMessage(error, 'logs:GetLogEvents');
      if (isNotFound(error)) this.logProblem = 'its log does not exist';
      else this.logProblem = `its log could not be read: ${refusal ?? formatAwsError(error)}`;
      if (isNotFound(error) || isRetryable(error)) return;
      this.isLogDenied = true;
      this.tools.tell(`${this.prefix}${this.logProblem}`);
    }
  }

  private take(line: string): void {
    if (!this.logged.add(line)) this.tools.tell(`${this.prefix}${line}`);
  }
}

/** A page is at most 1 MB, and one without events may stand before others; a log that grows faster than it is read is read on the next time. */
const MOST_PAGES = 50;

/** Reads the log of a build from its begin, as it grows. */
export class BuildLogReader {
  private nextToken: string | undefined;

  constructor(private readonly client: CloudWatchLogsClient) {}

  /** Tells the lines that have come since the last time; none as long as there is no log. */
  async read({ groupName, streamName }: BuildLog, tell: (line: string) => void): Promise<void> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const question = { logGroupName: groupName, logStreamName: streamName, startFromHead: true, nextToken: this.nextToken };
      const { events = [], nextForwardToken } = await this.client.send(new GetLogEventsCommand(question));
      events.flatMap(({ message = '' }) => message.replace(/\r?\n$/, '').split(/\r?\n/)).forEach(tell);
      // The token of the end is that of the end.
      if (!nextForwardToken || nextForwardToken === this.nextToken) return;
      this.nextToken = nextForwardToken;
    }
  }
}

const OUTCOMES: readonly Outcome[] = ['copied', 'unchanged', 'tag-moved', 'failed'];
const TEXTS = ['repository', 'tag', 'owner', 'message', 'reason', 'sourceDigest', 'targetDigest', 'suffixedTag', 'builtFrom'] as const;
const COUNTS = ['bytesCopied', 'blobsCopied', 'blobsSkipped', 'referrersCopied', 'countedPulls', 'seconds'] as const;
const LISTS = ['platformTags', 'customBuilds', 'warnings'] as const;

/** The results that a run tells in its log, line by line; of what such a line holds, only what belongs there is believed. */
export class LoggedResults {
  private readonly told: MirrorResult[] = [];
  private summary: readonly MirrorResult[] | undefined;

  /** Takes a line of the log; tells whether it holds results. */
  add(line: string): boolean {
    const fields = parseResultLine(line);
    if (fields === undefined) return false;
    const summary = summaryOf(fields);
    const result = resultOf(fields);
    if (summary !== undefined) this.summary = summary;
    else if (result !== undefined) this.told.push(result);
    return summary !== undefined || result !== undefined;
  }

  /** Whether the run came to its end, and told of every image. */
  get isWhole(): boolean {
    return this.summary !== undefined;
  }

  /** The results in the order of the images, or as they came from a run that did not come to its end. */
  get results(): readonly MirrorResult[] {
    const told = new Map(this.told.map((result) => [resultKey(result), result]));
    return this.summary?.map((result) => told.get(resultKey(result)) ?? result) ?? this.told;
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
    ...chosen(fields, COUNTS, (value) => Number.isFinite(value) ? value : undefined),
    ...chosen(fields, TEXTS, (value) => typeof value === 'string' ? escapeControlCharacters(value) : undefined),
    ...chosen(fields, LISTS, (value) => Array.isArray(value) ? value.map((item) => escapeControlCharacters(String(item))) : undefined),
    requests: { source: Number(sourceRequests) || 0, target: Number(targetRequests) || 0 },
  };
}

/** LineFields as they are read; what cannot be read is left out. */
function chosen(fields: ResultLineFields, names: readonly (keyof MirrorResult)[], read: (value: unknown) => unknown): Partial<MirrorResult> {
  return Object.fromEntries(names.map((name) => [name, read(fields[name])]).filter(([, value]) => value !== undefined));
}

function isOutcome(outcome: unknown): outcome is Outcome {
  return OUTCOMES.some((one) => one === outcome);
}
