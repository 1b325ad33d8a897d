import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { CustomResourceEvent, DeploymentError, withDeploymentErrors } from './custom-resource-event';
import { Clock, isRetryable, formatAwsError } from '../codebuild/aws-errors';
import { readLogTail, parseBuildResults, isFullyRead, BuildResults } from '../codebuild/build-results';
import { BuildLog, BuildState, CONSISTENCY_TIME, readBuilds } from '../codebuild/build-state';
import { FollowedBuild, formatFailureReport, formatLogLink } from '../codebuild/failure-report';
import type { StartedBuild } from '../codebuild/start-builds';

/** The clients and the settings of the function. */
export interface IsCompleteTools {
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  /** How long to wait for the builds, in minutes. */
  readonly waitMinutes: number;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

/**
 * Checks whether all builds of a deployment succeeded.
 *
 * @throws DeploymentError with the images that were not mirrored, when a build failed or the builds take too long
 */
export async function handleIsComplete(event: CustomResourceEvent, tools: IsCompleteTools): Promise<{ readonly IsComplete: boolean }> {
  const builds = event.Builds ?? [];
  if (event.RequestType === 'Delete' || builds.length === 0) return { IsComplete: true };
  return withDeploymentErrors(async () => ({ IsComplete: await haveSucceeded(builds, tools) }));
}

async function haveSucceeded(builds: readonly StartedBuild[], tools: IsCompleteTools): Promise<boolean> {
  const deadline = Math.min(...builds.map(({ startTime = Infinity }) => startTime)) + tools.waitMinutes * 60_000;
  const states = await readEndedStates(builds, 'mirrored', deadline, tools);
  // A mirrored image starts the builds that customize it. The log has the ids of these builds.
  const custom = states && await readCustomBuilds(builds, states, deadline, tools);
  return custom !== undefined && (custom.length === 0 || await readEndedStates(custom, 'customized', deadline, tools) !== undefined);
}

/** The states of the builds when all succeeded; undefined when they are not known yet. */
async function readEndedStates(
  builds: readonly StartedBuild[], action: 'mirrored' | 'customized', deadline: number, tools: IsCompleteTools,
): Promise<BuildState[] | undefined> {
  const now = tools.clock.now();
  const states = await readStates(builds, tools);
  const areRunning = states === undefined || states.some((state, index) => isRunning(state, builds[index], now));
  if (areRunning && now < deadline) return undefined;
  if (areRunning) throw new DeploymentError(formatTimeout(builds, states, tools.waitMinutes));
  if (states.every(({ status }) => status === 'SUCCEEDED')) return states;
  const followed: FollowedBuild[] = [];
  // One after the other: a log can have several megabytes, and the memory of the function is small.
  for (const [index, state] of states.entries()) followed.push(await follow(builds[index], state, tools));
  if (now < deadline && followed.some((build) => mayHaveLateLines(build, now))) return undefined;
  throw new DeploymentError(formatFailureReport(followed, action));
}

/** The builds of customized images that the succeeded builds started; undefined when they are not known yet. */
async function readCustomBuilds(
  builds: readonly StartedBuild[], states: readonly BuildState[], deadline: number, tools: IsCompleteTools,
): Promise<StartedBuild[] | undefined> {
  const now = tools.clock.now();
  const custom: StartedBuild[] = [];
  for (const [index, { customizes }] of builds.entries()) {
    const { id, endTime = now, log } = states[index];
    const { results, isComplete } = customizes ? await readResults(log, tools) : { results: [], isComplete: true };
    if (!isComplete && now < Math.min(deadline, endTime + CONSISTENCY_TIME)) return undefined;
    if (!isComplete) throw new DeploymentError(incompleteLog(id));
    for (const { source, customBuilds = [] } of results) {
      custom.push(...customBuilds.map((build) => ({ id: build, startTime: endTime, images: 1, firstImages: [source] })));
    }
  }
  return custom;
}

/** The states of builds; undefined after a transient error. */
async function readStates(builds: readonly StartedBuild[], { codeBuild, log }: IsCompleteTools): Promise<BuildState[] | undefined> {
  try {
    return await readBuilds(codeBuild, builds.map(({ id }) => id));
  } catch (error) {
    if (!isRetryable(error)) throw error;
    log(`cannot read the states of the builds: ${formatAwsError(error)}`);
    return undefined;
  }
}

function isRunning({ status }: BuildState, { startTime = 0 }: StartedBuild, now: number): boolean {
  return status === 'IN_PROGRESS' || (status === 'GONE' && now < startTime + CONSISTENCY_TIME);
}

async function follow(started: StartedBuild, state: BuildState, tools: IsCompleteTools): Promise<FollowedBuild> {
  if (state.status === 'SUCCEEDED' || state.log === undefined) return { started, state };
  return { started, state, results: await readResults(state.log, tools) };
}

async function readResults(buildLog: BuildLog | undefined, { logs, log }: IsCompleteTools): Promise<BuildResults> {
  return parseBuildResults(await readLogTail(logs, buildLog ?? {}, (lines) => isFullyRead(parseBuildResults(lines)), log));
}

/** Whether lines of the log can still arrive. Only a run that ended by itself writes results at its end. */
function mayHaveLateLines({ state: { status, reachedBuildPhase, endTime = 0 }, results }: FollowedBuild, now: number): boolean {
  return status === 'FAILED' && reachedBuildPhase === true && results?.isComplete === false && now < endTime + CONSISTENCY_TIME;
}

function incompleteLog(id: string): string {
  return `the images are mirrored, but it is not known whether they are customized: the log of the build ${id} is incomplete; deploy again`;
}

function formatTimeout(builds: readonly StartedBuild[], states: readonly BuildState[] = [], minutes: number): string {
  const running = states.filter(({ status }) => status === 'IN_PROGRESS');
  const subject = running.length === 1 ? `the build ${running[0].id} is` : `${running.length || builds.length} builds are`;
  const [link] = running.flatMap((state) => formatLogLink(state) ?? []);
  return `the images were not mirrored within ${minutes} minutes, the maximum wait of a deployment: ${subject} still running and will continue; `
    + `deploy again later, or set onDeploy: OnDeploy.START${link === undefined ? '' : `\n${link}`}`;
}
