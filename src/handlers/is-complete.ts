import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { CustomResourceEvent } from './custom-resource-event';
import { DeploymentError, inWords } from './deployment-error';
import { BuildState, readBuilds } from '../builds/build-state';
import { Clock } from '../builds/clock';
import { failureReport, FollowedBuild } from '../builds/failure-report';
import { readLogTail } from '../builds/log-tail';
import { outsideText } from '../builds/outside-text';
import { readResults } from '../builds/run-results';
import { mayPass, saidBy } from '../builds/service-failure';
import type { StartedBuild } from '../builds/start-builds';

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
export async function isComplete(event: CustomResourceEvent, tools: IsCompleteTools): Promise<{ readonly IsComplete: boolean }> {
  const builds = event.Builds ?? [];
  if (event.RequestType === 'Delete' || builds.length === 0) return { IsComplete: true };
  return inWords(async () => ({ IsComplete: await haveSucceeded(builds, tools) }));
}

async function haveSucceeded(builds: readonly StartedBuild[], tools: IsCompleteTools): Promise<boolean> {
  const now = tools.clock.now();
  const isLate = now >= Math.min(...builds.map(({ startTime = Infinity }) => startTime)) + tools.waitMinutes * 60_000;
  const states = await statesOf(builds, tools);
  const areRunning = states === undefined || states.some((state, index) => isRunning(state, builds[index], now));
  if (areRunning && !isLate) return false;
  if (areRunning) throw new DeploymentError(lateReport(builds, states, tools.waitMinutes));
  if (states.every(({ status }) => status === 'SUCCEEDED')) return true;
  const followed: FollowedBuild[] = [];
  // One after the other: a log may have megabytes, and the function has few.
  for (const [index, state] of states.entries()) followed.push(await follow(builds[index], state, tools));
  if (!isLate && followed.some((build) => mayTellMore(build, now))) return false;
  throw new DeploymentError(failureReport(followed));
}

/** How builds stand; undefined when CodeBuild does not say now and may say later. */
async function statesOf(builds: readonly StartedBuild[], { codeBuild, log }: IsCompleteTools): Promise<BuildState[] | undefined> {
  try {
    return await readBuilds(codeBuild, builds.map(({ id }) => id));
  } catch (error) {
    if (!mayPass(error)) throw error;
    log(`CodeBuild does not say how builds stand: ${saidBy(error)}`);
    return undefined;
  }
}

function isRunning({ status }: BuildState, { startTime = 0 }: StartedBuild, now: number): boolean {
  return status === 'IN_PROGRESS' || (status === 'GONE' && now < startTime + MOMENT);
}

async function follow(started: StartedBuild, state: BuildState, { logs, log }: IsCompleteTools): Promise<FollowedBuild> {
  if (state.status === 'SUCCEEDED' || state.log === undefined) return { started, state };
  return { started, state, run: readResults(await readLogTail(logs, state.log, (lines) => readResults(lines).isWhole, log)) };
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
    + `deploy again later, or set onDeploy: OnDeploy.START${link === undefined ? '' : `\nBuild log: ${outsideText(link, LONGEST_LINK)}`}`;
}
