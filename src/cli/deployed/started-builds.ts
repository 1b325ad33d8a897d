import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { AwsError, knownAwsErrorMessage } from './aws-clients';
import { DeployedSource, isCatalog, sourceName } from './deployed-sources';
import { BuildsError, type Clock } from '../../codebuild/aws-errors';
import { planBuilds, startBuilds } from '../../codebuild/start-builds';

/** A build that was started, and what it mirrors. */
export interface StartedMirrorBuild {
  readonly id: string;
  /** Its page in the console, where that is known. */
  readonly link?: string;
  /** As results name them: upstream images, a repository where a filter selects its tags, or where a catalog lies. */
  readonly sources: readonly string[];
}

/** What runs are started with. */
export interface StartMirrorBuildsTools {
  readonly client: CodeBuildClient;
  readonly tell: (line: string) => void;
  readonly clock: Clock;
  /** No more builds are started after it. */
  readonly signal: AbortSignal;
  /** Is told of each build at once, so that none is forgotten when a later one cannot be started. */
  readonly started: (run: StartedMirrorBuild) => void;
}

/** A full queue empties in minutes, or not at all. */
const MINUTES_TO_START = 8;

/**
 * Starts as many builds as the images and catalogs need, of the projects that mirror them.
 *
 * @throws AwsRefusal or BuildsError when one cannot be started
 */
export async function startMirrorBuilds(chosen: readonly DeployedSource[], tools: StartMirrorBuildsTools): Promise<void> {
  const { client, tell: log, clock, signal } = tools;
  for (const part of partsOf(chosen)) {
    signal.throwIfAborted();
    const [{ project: { name: project, longestBuildMinutes, arn } }] = part;
    const images = part.map(({ variables }) => variables);
    const deadline = clock.now() + MINUTES_TO_START * 60_000;
    const wanted = { project, images, longestBuildMinutes, requestId: randomUUID(), deadline };
    for (const { id } of await inWords(() => startBuilds(wanted, { client, log, clock }))) {
      tools.started({ id, link: consoleLink(arn, id), sources: part.map(sourceName) });
    }
  }
}

/** What each build is to mirror: some images, or a catalog by itself. */
function partsOf(sources: readonly DeployedSource[]): DeployedSource[][] {
  const byProject = new Map<string, DeployedSource[]>();
  for (const source of sources) byProject.set(source.project.name, [...byProject.get(source.project.name) ?? [], source]);
  return [...byProject.values()].flatMap((ofProject) => {
    let start = 0;
    const images = ofProject.filter((source) => !isCatalog(source));
    const builds = planBuilds(images.map(({ variables }) => variables), ofProject[0].project.longestBuildMinutes);
    const parts = builds.map((build) => images.slice(start, start += build.images.length));
    return [...parts, ...ofProject.filter(isCatalog).map((catalog) => [catalog])];
  });
}

async function inWords<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const refusal = error instanceof BuildsError ? knownAwsErrorMessage(error.cause, 'codebuild:StartBuild') : undefined;
    throw refusal === undefined ? error : new AwsError(refusal, { cause: error });
  }
}

/** The console's host in each partition. */
const CONSOLES: Readonly<Record<string, string>> = { 'aws': 'console.aws.amazon.com', 'aws-cn': 'console.amazonaws.cn', 'aws-us-gov': 'console.amazonaws-us-gov.com' };

/** The page of a build in the console: the log of a build that is queued has no address yet. */
function consoleLink(projectArn: string, id: string): string | undefined {
  const [, partition, , region, account, resource = ''] = projectArn.split(':');
  const host = CONSOLES[partition];
  return host && `https://${region}.${host}/codesuite/codebuild/${account}/projects/${resource.replace(/^project\//, '')}/build/${encodeURIComponent(id)}/log?region=${region}`;
}
