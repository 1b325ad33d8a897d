import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { asked, AwsRefusal, knownRefusal } from './aws-refusal';
import { BuildLogReader } from './build-log';
import { LoggedResults } from './logged-results';
import type { StartedRun } from './started-run';
import { BuildState, BuildStatus, readBuilds } from '../builds/build-state';
import type { Clock } from '../builds/clock';
import { isMissing, mayPass, saidBy } from '../builds/service-failure';

/** What builds are followed with. */
export interface FollowTools {
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
 * Follows builds and their logs until they are over, and the builds of customised images that they start.
 *
 * @throws AwsRefusal when AWS does not say how builds stand
 */
export async function followRuns(runs: readonly StartedRun[], tools: FollowTools): Promise<FollowedRun[]> {
  const followed = runs.map((run, index) => new FollowedRun(run, tools, runs.length === 1 ? '' : `build ${index + 1} of ${runs.length}: `));
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
async function statesOf(builds: readonly FollowedRun[], deadline: { at: number }, tools: FollowTools): Promise<BuildState[]> {
  const { codeBuild, clock, tell, signal } = tools;
  try {
    const states = await asked('codebuild:BatchGetBuilds', () => readBuilds(codeBuild, builds.map(({ run }) => run.id)));
    deadline.at = clock.now() + SILENCE_TIME;
    return states;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AwsRefusal) || !mayPass(error.cause) || clock.now() >= deadline.at) throw error;
    tell(error.message);
    return [];
  }
}

/** A build that is followed. */
export class FollowedRun {
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

  constructor(readonly run: StartedRun, private readonly tools: FollowTools, private readonly prefix: string) {
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

  /** The builds of customised images that it has started. */
  customRuns(): FollowedRun[] {
    return this.logged.results.flatMap(({ source, customBuilds = [] }) => {
      return customBuilds.map((id) => new FollowedRun({ id, sources: [source] }, this.tools, `customised ${source}: `));
    });
  }

  private async readLog(log: NonNullable<BuildState['log']>): Promise<void> {
    try {
      await this.reader.read(log, (line) => this.take(line));
      this.logProblem = undefined;
    } catch (error) {
      this.tools.signal.throwIfAborted();
      const refusal = knownRefusal(error, 'logs:GetLogEvents');
      if (isMissing(error)) this.logProblem = 'its log does not exist';
      else this.logProblem = `its log could not be read: ${refusal ?? saidBy(error)}`;
      if (isMissing(error) || mayPass(error)) return;
      this.isLogDenied = true;
      this.tools.tell(`${this.prefix}${this.logProblem}`);
    }
  }

  private take(line: string): void {
    if (!this.logged.add(line)) this.tools.tell(`${this.prefix}${line}`);
  }
}
