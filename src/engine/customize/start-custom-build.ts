import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { Clock, SYSTEM_CLOCK, StartBuildError, isNotFound, isRetryable, hasZeroBuildQuota, formatAwsError } from '../../codebuild/aws-errors';
import { startBuilds } from '../../codebuild/start-builds';
import type { BuildEnvironmentOverride, RunVariables } from '../../image/contract/environment';
import { awsRequestHandler } from '../aws-request-handler';
import type { MirrorTools } from '../mirror-image';

/** A build of a customized image. */
export interface CustomBuild {
  /** The name of the project. */
  readonly project: string;
  readonly variables: RunVariables;
  /** What it takes in place of the project's own environment; undefined for that. */
  readonly environment?: BuildEnvironmentOverride;
}

/** One image is one build, however long that may take. */
const ONE_IMAGE = { longestBuildMinutes: 1 };

/** Whoever waits here takes a place itself, and where there is one only, the queue moves on when it ends. */
const LONGEST_WAIT = 2 * 60_000;

/**
 * Starts the build of a customized image.
 *
 * @returns its id, or why it could not be started: an error of this file is none that others know, for it is bundled apart
 */
export async function startCustomBuild(
  { project, variables, environment }: CustomBuild, { deadline, progress }: Pick<MirrorTools, 'deadline' | 'progress'>, clock: Clock = SYSTEM_CLOCK,
): Promise<{ readonly id?: string; readonly problem?: string }> {
  const { AWS_REGION: region = '' } = process.env;
  const client = new CodeBuildClient({ region, requestHandler: awsRequestHandler(`codebuild.${region}.amazonaws.com`) });
  try {
    const limit = Math.min(deadline, clock.now() + LONGEST_WAIT);
    const wanted = { ...ONE_IMAGE, project, images: [variables], environment, requestId: randomUUID(), deadline: limit };
    const [{ id }] = await startBuilds(wanted, { client, log: (line) => progress.line(line), clock });
    return { id };
  } catch (error) {
    if (!(error instanceof StartBuildError)) throw error;
    return { problem: problemOf(error) };
  } finally {
    client.destroy();
  }
}

function problemOf({ cause, message }: StartBuildError): string {
  const wasWaitedFor = isRetryable(cause) && !isNotFound(cause) && !hasZeroBuildQuota(cause);
  return wasWaitedFor ? `its build could not be started so far (${formatAwsError(cause)}), and this one cannot wait for it; the next run starts it` : message;
}
