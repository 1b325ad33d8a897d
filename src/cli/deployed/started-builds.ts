import { randomUUID } from 'node:crypto';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { AwsError, knownAwsErrorMessage } from './aws-clients';
import { DeployedItem, isCatalog, itemName } from './deployed-items';
import type { MirrorProject } from './mirror-projects';
import { StartBuildError, type Clock } from '../../codebuild/aws-errors';
import { planBuilds, startBuilds, startSingleBuild } from '../../codebuild/start-builds';
import { RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';

/** A started build with its images. */
export interface StartedMirrorBuild {
  readonly id: string;
  /** The URL of the build in the AWS console; undefined in partitions without a known console. */
  readonly link?: string;
  /** The `source` of the expected result lines: upstream images (without a tag for a tag filter), or the location of a catalog. */
  readonly sources: readonly string[];
}

/** The client and the settings to start builds with. */
export interface StartMirrorBuildsTools {
  readonly client: CodeBuildClient;
  readonly log: (line: string) => void;
  readonly clock: Clock;
  /** Interrupts the command: no more builds are started. */
  readonly signal: AbortSignal;
  /** Called for each started build, so that the build is reported even if a later one cannot be started. */
  readonly onStart: (build: StartedMirrorBuild) => void;
}

/** How long to retry the start of a build, in minutes. */
const START_MINUTES = 8;

/**
 * Starts as many builds as the images and catalogs need.
 *
 * @throws AwsError when a build cannot be started and the error has a known remedy
 * @throws StartBuildError when a build cannot be started for another reason
 */
export async function startMirrorBuilds(items: readonly DeployedItem[], tools: StartMirrorBuildsTools): Promise<void> {
  const { client, log, clock, signal } = tools;
  for (const group of groupByBuild(items)) {
    signal.throwIfAborted();
    const [{ project: { name: project, longestBuildMinutes, arn } }] = group;
    const images = group.map(({ variables }) => variables);
    const deadline = clock.now() + START_MINUTES * 60_000;
    const request = { project, images, longestBuildMinutes, requestId: randomUUID(), deadline };
    for (const { id } of await withKnownAwsErrors(() => startBuilds(request, { client, log, clock }))) {
      tools.onStart({ id, link: consoleLink(arn, id), sources: group.map(itemName) });
    }
  }
}

/** Groups items by build: several images of one project, or one catalog. */
function groupByBuild(items: readonly DeployedItem[]): DeployedItem[][] {
  const byProject = new Map<string, DeployedItem[]>();
  for (const item of items) byProject.set(item.project.name, [...byProject.get(item.project.name) ?? [], item]);
  return [...byProject.values()].flatMap((ofProject) => {
    let start = 0;
    const images = ofProject.filter((item) => !isCatalog(item));
    const builds = planBuilds(images.map(({ variables }) => variables), ofProject[0].project.longestBuildMinutes);
    const groups = builds.map((build) => images.slice(start, start += build.images.length));
    return [...groups, ...ofProject.filter(isCatalog).map((catalog) => [catalog])];
  });
}

/**
 * Starts a build that is not one of the mirror's images, with variables of its own.
 *
 * @throws AwsError when the build cannot be started and the error has a known remedy
 * @throws StartBuildError when it cannot be started for another reason
 */
export async function startOtherBuild(
  project: Pick<MirrorProject, 'arn' | 'name'>, variables: RunVariables, { client, clock, log }: Omit<StartMirrorBuildsTools, 'onStart' | 'signal'>,
): Promise<StartedMirrorBuild> {
  const request = { project: project.name, requestId: randomUUID(), deadline: clock.now() + START_MINUTES * 60_000 };
  const permission = `codebuild:StartBuild on the project ${project.name}`;
  const { id } = await withKnownAwsErrors(() => startSingleBuild(variables, request, { client, log, clock }), permission);
  return { id, link: consoleLink(project.arn, id), sources: [variables[RUN_ENVIRONMENT.IMAGE] ?? ''] };
}

async function withKnownAwsErrors<T>(start: () => Promise<T>, permission: string = 'codebuild:StartBuild'): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const message = error instanceof StartBuildError ? knownAwsErrorMessage(error.cause, permission) : undefined;
    throw message === undefined ? error : new AwsError(message, { cause: error });
  }
}

/** The host of the AWS console by partition. */
const CONSOLES: Readonly<Record<string, string>> = {
  'aws': 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** The URL of a build in the AWS console. A queued build has a URL, but no log yet. */
function consoleLink(projectArn: string, id: string): string | undefined {
  const [, partition, , region, account, resource = ''] = projectArn.split(':');
  const host = CONSOLES[partition];
  const project = resource.replace(/^project\//, '');
  return host && `https://${region}.${host}/codesuite/codebuild/${account}/projects/${project}/build/${encodeURIComponent(id)}/log?region=${region}`;
}
