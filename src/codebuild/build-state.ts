import { BatchGetBuildsCommand, Build, BuildPhase, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { sanitizeLine } from '../image/sanitize';

/** The status of a build; `GONE` when CodeBuild has no build with the id. */
export type BuildStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'STOPPED' | 'TIMED_OUT' | 'GONE';

/** The state of a build, as CodeBuild returns it. */
export interface BuildState {
  readonly id: string;
  readonly status: BuildStatus;
  /** When the build ended, in milliseconds since the epoch. */
  readonly endTime?: number;
  /** Whether the build reached its phase `BUILD`, which runs the engine. */
  readonly reachedBuildPhase?: boolean;
  /** The log of the build. */
  readonly log?: BuildLog;
  /** Why the build did not succeed: the messages of its failed phases. */
  readonly problem?: string;
}

/** The log of a build in CloudWatch Logs. */
export interface BuildLog {
  readonly groupName?: string;
  readonly streamName?: string;
  /** The URL of the log in the AWS console. */
  readonly deepLink?: string;
}

/** The maximum number of builds in one request of `BatchGetBuilds`. */
const MAX_BUILDS = 100;

/**
 * The time until a new build is visible in all of CodeBuild, and the end of its log in CloudWatch Logs, in milliseconds.
 *
 * Both services are eventually consistent and document no limit, so the time is generous.
 */
export const CONSISTENCY_TIME = 60_000;

/** The predicate of a sentence about a build with each status. */
export const BUILD_STATUS_TEXTS: Readonly<Record<BuildStatus, string>> = {
  IN_PROGRESS: 'is still running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  FAULT: 'failed because of a CodeBuild fault',
  STOPPED: 'was stopped',
  TIMED_OUT: 'exceeded the timeout of its project',
  GONE: 'no longer exists',
};

const FINAL_STATUSES: readonly BuildStatus[] = ['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'];
const MAX_PROBLEM_LENGTH = 300;

/** Reads the state of builds, in the order of their ids. */
export async function readBuilds(client: CodeBuildClient, ids: readonly string[]): Promise<BuildState[]> {
  const found = new Map<string | undefined, Build>();
  for (let start = 0; start < ids.length; start += MAX_BUILDS) {
    const { builds = [] } = await client.send(new BatchGetBuildsCommand({ ids: ids.slice(start, start + MAX_BUILDS) }));
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
    reachedBuildPhase: phases.some(({ phaseType }) => phaseType === 'BUILD'),
    log: { groupName, streamName, deepLink },
    problem: problemOf(phases),
  };
}

function statusOf({ buildStatus, buildComplete }: Build): BuildStatus {
  const known = FINAL_STATUSES.find((status) => status === buildStatus);
  if (known !== undefined) return known;
  // AWS may add statuses. A finished build with an unknown status counts as failed.
  return buildComplete ? 'FAILED' : 'IN_PROGRESS';
}

function problemOf(phases: readonly BuildPhase[]): string | undefined {
  const messages = phases
    .filter(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED')
    .flatMap(({ phaseType, contexts = [] }) => contexts.flatMap(({ statusCode, message }) => {
      const text = [statusCode, message].filter(Boolean).join(': ');
      return text === '' ? [] : [`${phaseType}: ${text}`];
    }));
  return messages.length === 0 ? undefined : sanitizeLine(messages.join('; '), MAX_PROBLEM_LENGTH);
}
