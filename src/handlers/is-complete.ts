import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { CustomResourceEvent, DeploymentError, formatDeploymentError } from './custom-resource-event';
import { BuildLog, BuildState, readBuilds } from '../codebuild/build-state';
import { failureReport, FollowedBuild } from '../codebuild/failure-report';
import { readLogTail, readBuildResults, BuildResults } from '../codebuild/build-results';
import { Clock, isRetryable, formatAwsError } from '../codebuild/aws-errors';
import type { StartedBuild } from '../codebuild/start-builds';
import { sanitizeLine } from '../image/sanitize';

/** What the function knows and has. */
export interface IsCompleteTools {
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  /** How long to wait for builds, in minutes. */
  readonly waitMinutes: number;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

/** A build that was started a moment ago may not be known everywhere yet, and the log of one that ended a moment ago not be whole. */
const MOMENT = 60_000;

const LONGEST_LINK = 400;

/**
 * Tells whether all builds of a deployment succeeded.
 *
 * @throws DeploymentError naming the images that were not mirrored, when builds failed or take too long
 */
export async function handleIsComplete(event: CustomResourceEvent, tools: IsCompleteTools): Promise<{ readonly IsComplete: boolean }> {
  const builds = event.Builds ?? [];
  if (event.RequestType === 'Delete' || builds.length === 0) return { IsComplete: true };
  return formatDeploymentError(async () => ({ IsComplete: await haveSucceeded(builds, tools) }));
}

async function haveSucceeded(builds: readonly StartedBuild[], tools: IsCompleteTools): Promise<boolean> {
  const deadline = Math.min(...builds.map(({ startTime = Infinity }) => startTime)) + tools.waitMinutes * 60_000;
  const states = await ended(builds, 'mirrored', deadline, tools);
  // What customizes an image is started when it is mirrored, and the log tells by which builds.
  const custom = states && await customBuildsOf(builds, states, deadline, tools);
  return custom !== undefined && (custom.length === 0 || await ended(custom, 'customized', deadline, tools) !== undefined);
}

/** How builds stand when all have succeeded; undefined when it cannot be told yet. */
async function ended(
  builds: readonly StartedBuild[], done: 'mirrored' | 'customized', deadline: number, tools: IsCompleteTools,
): Promise<BuildState[] | undefined> {
  const now = tools.clock.now();
  const states = await statesOf(builds, tools);
  const areRunning = states === undefined || states.some((state, index) => isRunning(state, builds[index], now));
  if (areRunning && now < deadline) return undefined;
  if (areRunning) throw new DeploymentError(lateReport(builds, states, tools.waitMinutes));
  if (states.every(({ status }) => status === 'SUCCEEDED')) return states;
  const followed: FollowedBuild[] = [];
  // One after the other: a log may have megabytes, and the function has few.
  for (const [index, state] of states.entries()) followed.push(await follow(builds[index], state, tools));
  if (now < deadline && followed.some((build) => mayTellMore(build, now))) return undefined;
  throw new DeploymentError(failureReport(followed, done));
}

/** The builds of customized images that succeeded builds have started; undefined when it cannot be told yet. */
async function customBuildsOf(
  builds: readonly StartedBuild[], states: readonly BuildState[], deadline: number, tools: IsCompleteTools,
): Promise<StartedBuild[] | undefined> {
  const now = tools.clock.now();
  const custom: StartedBuild[] = [];
  for (const [index, { customizes }] of builds.entries()) {
    const { id, endTime = now, log } = states[index];
    const run = customizes ? await resultsIn(log, tools) : { results: [], isWhole: true };
    if (!run.isWhole && now < Math.min(deadline, endTime + MOMENT)) return undefined;
    if (!run.isWhole) throw new DeploymentError(`the images are mirrored, and whether they are customized is not known, for the log of the build ${id} cannot be read to its end; deploy again`);
    for (const { source, customBuilds = [] } of run.results) {
      custom.push(...customBuilds.map((started) => ({ id: started, startTime: endTime, images: 1, firstImages: [source] })));
    }
  }
  return custom;
}

/** How builds stand; undefined when CodeBuild does not say now and may say later. */
async function statesOf(builds: readonly StartedBuild[], { codeBuild, log }: IsCompleteTools): Promise<BuildState[] | undefined> {
  try {
    return await readBuilds(codeBuild, builds.map(({ id }) => id));
  } catch (error) {
    if (!isRetryable(error)) throw error;
    log(`CodeBuild does not say how builds stand: ${formatAwsError(error)}`);
    return undefined;
  }
}

function isRunning({ status }: BuildState, { startTime = 0 }: StartedBuild, now: number): boolean {
  return status === 'IN_PROGRESS' || (status === 'GONE' && now < startTime + MOMENT);
}

async function follow(started: StartedBuild, state: BuildState, tools: IsCompleteTools): Promise<FollowedBuild> {
  if (state.status === 'SUCCEEDED' || state.log === undefined) return { started, state };
  return { started, state, run: await resultsIn(state.log, tools) };
}

async function resultsIn(buildLog: BuildLog | undefined, { logs, log }: IsCompleteTools): Promise<BuildResults> {
  return readBuildResults(await readLogTail(logs, buildLog ?? {}, (lines) => readBuildResults(lines).isWhole, log));
}

/** Only a run that came to its own end has more to tell. */
function mayTellMore({ state: { status, hasRun, endTime = 0 }, run }: FollowedBuild, now: number): boolean {
  return status === 'FAILED' && hasRun === true && run?.isWhole === false && now < endTime + MOMENT;
}

function lateReport(builds: readonly StartedBuild[], states: readonly BuildState[] = [], minutes: number): string {
  const running = states.filter(({ status }) => status === 'IN_PROGRESS');
  const which = running.length === 1 ? `the build ${running[0].id} is` : `${running.length || builds.length} builds are`;
  const link = running.find(({ log }) => log?.deepLink)?.log?.deepLink;
  return `the images were not mirrored within ${minutes} minutes, which is as long as a deployment can wait: ${which} still running and will go on; `
    + `deploy again later, or set onDeploy: OnDeploy.START${link === undefined ? '' : `\nBuild log: ${sanitizeLine(link, LONGEST_LINK)}`}`;
}
