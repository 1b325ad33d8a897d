import { BatchGetBuildsCommand, Build, BuildPhase, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { sanitizeLine } from '../image/sanitize';

/** How a build stands; `GONE` when CodeBuild does not know it. */
export type BuildStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'STOPPED' | 'TIMED_OUT' | 'GONE';

/** What CodeBuild says of a build. */
export interface BuildState {
  readonly id: string;
  readonly status: BuildStatus;
  /** When it ended, in milliseconds since the epoch. */
  readonly endTime?: number;
  /** Whether it came as far as its commands. */
  readonly hasRun?: boolean;
  /** Where its log is. */
  readonly log?: BuildLog;
  /** Why it did not succeed, as its phases tell. */
  readonly problem?: string;
}

/** Where the log of a build is. */
export interface BuildLog {
  readonly groupName?: string;
  readonly streamName?: string;
  /** Its address in the console. */
  readonly deepLink?: string;
}

/** CodeBuild answers for so many builds at a time. */
const MOST_BUILDS = 100;

/** How a build stands, in words that follow its name. */
export const BUILD_ENDINGS: Readonly<Record<BuildStatus, string>> = {
  IN_PROGRESS: 'is still running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  FAULT: 'met a fault of CodeBuild',
  STOPPED: 'was stopped',
  TIMED_OUT: 'took longer than its project allows',
  GONE: 'does not exist any more',
};

const ENDINGS: readonly BuildStatus[] = ['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'];
const LONGEST_PROBLEM = 300;

/** Reads how builds stand, in the order of their ids. */
export async function readBuilds(client: CodeBuildClient, ids: readonly string[]): Promise<BuildState[]> {
  const found = new Map<string | undefined, Build>();
  for (let start = 0; start < ids.length; start += MOST_BUILDS) {
    const { builds = [] } = await client.send(new BatchGetBuildsCommand({ ids: ids.slice(start, start + MOST_BUILDS) }));
    for (const build of builds) found.set(build.id, build);
  }
  return ids.map((id) => stateOf(id, found.get(id)));
}

function stateOf(id: string, build: Build | undefined): BuildState {
  if (build === undefined) return { id, status: 'GONE' };
  const { logs: { groupName, streamName, deepLink } = {}, endTime, phases = [] } = build;
  return {
    id,
    status: statusOf(build),
    endTime: endTime?.getTime(),
    hasRun: phases.some(({ phaseType }) => phaseType === 'BUILD'),
    log: { groupName, streamName, deepLink },
    problem: problemOf(phases),
  };
}

function statusOf({ buildStatus, buildComplete }: Build): BuildStatus {
  const ending = ENDINGS.find((status) => status === buildStatus);
  if (ending !== undefined) return ending;
  // A status that is not known yet, of a build that is over, is at least no success.
  return buildComplete ? 'FAILED' : 'IN_PROGRESS';
}

function problemOf(phases: readonly BuildPhase[]): string | undefined {
  const told = phases
    .filter(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED')
    .flatMap(({ phaseType, contexts = [] }) => contexts.flatMap(({ statusCode, message }) => {
      const words = [statusCode, message].filter(Boolean).join(': ');
      return words === '' ? [] : [`${phaseType}: ${words}`];
    }));
  return told.length === 0 ? undefined : sanitizeLine(told.join('; '), LONGEST_PROBLEM);
}
