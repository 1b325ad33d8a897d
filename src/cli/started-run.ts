import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { AwsRefusal, knownRefusal } from './aws-refusal';
import { DeployedImage } from './deployed-images';
import { planBuilds } from '../builds/build-plan';
import type { Clock } from '../builds/clock';
import { BuildsError } from '../builds/service-failure';
import { startBuilds } from '../builds/start-builds';

/** A build that was started, and what it mirrors. */
export interface StartedRun {
  readonly id: string;
  /** Its page in the console, where that is known. */
  readonly link?: string;
  readonly images: readonly DeployedImage[];
}

/** What runs are started with. */
export interface StartTools {
  readonly client: CodeBuildClient;
  readonly tell: (line: string) => void;
  readonly clock: Clock;
  /** No more builds are started after it. */
  readonly signal: AbortSignal;
  /** Is told of each build at once, so that none is forgotten when a later one cannot be started. */
  readonly started: (run: StartedRun) => void;
}

/** A full queue empties in minutes, or not at all. */
const MINUTES_TO_START = 8;

/**
 * Starts as many builds as the images need, of the projects that mirror them.
 *
 * @throws AwsRefusal or BuildsError when one cannot be started
 */
export async function startRuns(chosen: readonly DeployedImage[], tools: StartTools): Promise<void> {
  const { client, tell: log, clock, signal } = tools;
  for (const part of partsOf(chosen)) {
    signal.throwIfAborted();
    const [{ project: { name: project, longestBuildMinutes, arn } }] = part;
    const images = part.map(({ variables }) => variables);
    const deadline = clock.now() + MINUTES_TO_START * 60_000;
    const wanted = { project, images, longestBuildMinutes, requestId: randomUUID(), deadline };
    for (const { id } of await inWords(() => startBuilds(wanted, { client, log, clock }))) {
      tools.started({ id, link: consoleLink(arn, id), images: part });
    }
  }
}

/** The images of each build to start. */
function partsOf(images: readonly DeployedImage[]): DeployedImage[][] {
  const byProject = new Map<string, DeployedImage[]>();
  for (const image of images) byProject.set(image.project.name, [...byProject.get(image.project.name) ?? [], image]);
  return [...byProject.values()].flatMap((ofProject) => {
    let start = 0;
    const builds = planBuilds(ofProject.map(({ variables }) => variables), ofProject[0].project.longestBuildMinutes);
    return builds.map((build) => ofProject.slice(start, start += build.images.length));
  });
}

async function inWords<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const refusal = error instanceof BuildsError ? knownRefusal(error.cause, 'codebuild:StartBuild') : undefined;
    throw refusal === undefined ? error : new AwsRefusal(refusal, { cause: error });
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
