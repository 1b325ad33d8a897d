import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { Clock, formatAwsError, hasZeroBuildQuota, isNotFound, isRetryable, StartBuildError, SYSTEM_CLOCK } from '../../codebuild/aws-errors';
import { startBuilds } from '../../codebuild/start-builds';
import type { BuildEnvironmentOverride, RunVariables } from '../../image/contract/environment';
import { awsServiceHost } from '../../image/registry-hosts';
import { awsRequestHandler } from '../aws-request-handler';
import type { MirrorTools } from '../mirror-image';

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

/** Milliseconds. The waiting build counts against the build quota too, so with a quota of one build, the queue continues only when it ends. */
const MAX_WAIT = 2 * 60_000;

/**
 * Starts the build of a customized image.
 *
 * @returns the ID of the build, or the problem as text: this file is bundled apart, so that callers cannot recognize its error classes
 */
export async function startCustomBuild(
  { project, variables, environment }: CustomBuild, { deadline, progress }: Pick<MirrorTools, 'deadline' | 'progress'>, clock: Clock = SYSTEM_CLOCK,
): Promise<{ readonly id?: string; readonly problem?: string }> {
  const { AWS_REGION: region = '' } = process.env;
  const client = new CodeBuildClient({ region, requestHandler: awsRequestHandler(awsServiceHost('codebuild', region)) });
  try {
    const startDeadline = Math.min(deadline, clock.now() + MAX_WAIT);
    const request = { ...SINGLE_BUILD, project, images: [variables], environment, requestId: randomUUID(), deadline: startDeadline };
    const [{ id }] = await startBuilds(request, { client, log: (line) => progress.line(line), clock });
    return { id };
  } catch (error) {
    if (!(error instanceof StartBuildError)) throw error;
    return { problem: startProblem(error) };
  } finally {
    client.destroy();
  }
}

function startProblem({ cause, message }: StartBuildError): string {
  const wasRetried = isRetryable(cause) && !isNotFound(cause) && !hasZeroBuildQuota(cause);
  if (!wasRetried) return message;
  return `its build could not be started yet (${formatAwsError(cause)}), and this build cannot wait any longer; the next run starts it`;
}
