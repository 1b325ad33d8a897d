import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { Clock, formatAwsError, isQuotaError, QUOTA_ADVICE, StartBuildError, SYSTEM_CLOCK } from '../../codebuild/aws-errors';
import { isTransient, startBuilds } from '../../codebuild/start-builds';
import type { BuildEnvironmentOverride, RunVariables } from '../../image/contract/environment';
import { awsRequestHandler } from '../aws-request-handler';
import { serviceHost } from '../fips';
import type { MirrorTools } from '../mirror-request';

/** A build of a customized image. */
export interface CustomBuild {
  /** The name of the project. */
  readonly project: string;
  readonly variables: RunVariables;
  /** Overrides the build environment of the project. @default - the environment of the project */
  readonly environment?: BuildEnvironmentOverride;
}

/** A single image always is a single build, however long it takes. */
const SINGLE_BUILD = { longestBuildMinutes: 1 };

/** The builds that this build occupies in the quota: itself. With a quota of 1, the other build has no room until this build ends. */
const OWN_BUILDS = 1;

/** Milliseconds. With a larger quota, builds of other projects can end and make room. The waiting build is paid, so the wait is short. */
const MAX_WAIT = 2 * 60_000;

/** The queue of the account, as the builds of one run have found it. */
export interface BuildQueue {
  /** Whether a start has waited in vain. Later starts of the run try once, so that the run waits once and not for each image. */
  isFull: boolean;
}

/**
 * Starts the build of a customized image, and does not wait for its end: the build can need the slot that this build occupies.
 *
 * @returns the ID of the build, or the problem as text: this file is bundled apart, so that callers cannot recognize its error classes
 */
export async function startCustomBuild(
  { project, variables, environment }: CustomBuild, { deadline, progress }: Pick<MirrorTools, 'deadline' | 'progress'>,
  queue: BuildQueue, clock: Clock = SYSTEM_CLOCK,
): Promise<{ readonly id?: string; readonly problem?: string }> {
  const { AWS_REGION: region = '' } = process.env;
  const client = new CodeBuildClient({ region, requestHandler: awsRequestHandler(serviceHost('codebuild', region)) });
  try {
    const startDeadline = Math.min(deadline, clock.now() + (queue.isFull ? 0 : MAX_WAIT));
    const build = { ...SINGLE_BUILD, project, images: [variables], environment, requestId: randomUUID() };
    const request = { ...build, deadline: startDeadline, ownBuilds: OWN_BUILDS };
    const [{ id }] = await startBuilds(request, { client, log: (line) => progress.line(line), clock });
    return { id };
  } catch (error) {
    if (!(error instanceof StartBuildError)) throw error;
    queue.isFull ||= isQuotaError(error.cause);
    return { problem: startProblem(error) };
  } finally {
    client.destroy();
  }
}

function startProblem({ cause, message }: StartBuildError): string {
  if (!isTransient(cause, OWN_BUILDS)) return message;
  const remedy = isQuotaError(cause) ? `; if this happens in each run, ${QUOTA_ADVICE}` : '';
  return `its build could not be started yet (${formatAwsError(cause)}), and this build does not wait any longer; the next run starts it${remedy}`;
}
