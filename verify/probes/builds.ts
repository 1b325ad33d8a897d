import { BatchGetBuildsCommand, Build, CodeBuildClient, ListBuildsForProjectCommand, StartBuildCommand, StartBuildCommandInput, StopBuildCommand } from '@aws-sdk/client-codebuild';
import type { Answer, Context } from '../check';

/** Seconds between two looks at a build. */
const INTERVAL = 5;

/** Waits for the end of a build. */
export async function endOfBuild({ codeBuild, pause, signal }: Context, id: string): Promise<Build> {
  for (;;) {
    const { builds: [build] = [] } = await codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }), { abortSignal: signal });
    if (build?.buildComplete) return build;
    await pause(INTERVAL);
  }
}

/** The builds of a project, newest first. */
export async function buildsOf({ codeBuild, signal }: Context, projectName: string): Promise<Build[]> {
  const { ids = [] } = await codeBuild.send(new ListBuildsForProjectCommand({ projectName, sortOrder: 'DESCENDING' }), { abortSignal: signal });
  if (ids.length === 0) return [];
  const { builds = [] } = await codeBuild.send(new BatchGetBuildsCommand({ ids: ids.slice(0, 100) }), { abortSignal: signal });
  return builds;
}

/** Starts a build, and waits for its end. The answer is the status of the build, with the error message of the phase that failed. */
export async function runBuild(context: Context, request: StartBuildCommandInput): Promise<Answer> {
  const { build } = await context.codeBuild.send(new StartBuildCommand(request), { abortSignal: context.signal });
  return describeBuild(await endOfBuild(context, build!.id!));
}

export function describeBuild({ buildStatus, phases = [] }: Build): Answer {
  const messages = phases.flatMap(({ contexts = [], phaseType }) => contexts.flatMap(({ message }) => message ? [`${phaseType}: ${message}`] : []));
  return { seen: buildStatus ?? 'no status', detail: messages.length === 0 ? undefined : messages.join('; ') };
}

/** Whether AWS lets a principal start a build: `started` or `denied`. A started build is stopped at once. */
export async function answerToStart(client: CodeBuildClient, { codeBuild, signal }: Context, request: StartBuildCommandInput): Promise<Answer> {
  try {
    const { build } = await client.send(new StartBuildCommand(request), { abortSignal: signal });
    await codeBuild.send(new StopBuildCommand({ id: build!.id! }));
    return { seen: 'started' };
  } catch (error) {
    const { message, name } = error as Error;
    if (name === 'AccessDeniedException') return { seen: 'denied', detail: message };
    throw error;
  }
}
