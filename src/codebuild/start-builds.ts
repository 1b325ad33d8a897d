import { createHash } from 'node:crypto';
import { CodeBuildClient, ComputeType, EnvironmentType, StartBuildCommand, StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import { BuildsError, Clock, isNotFound, isRetryable, hasZeroBuildQuota, formatAwsError, SYSTEM_CLOCK } from './aws-errors';
import { backoffPause, formatRetry } from '../image/backoff';
import { BuildEnvironmentOverride, RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/image-reference';

/** A build that was started. */
export interface StartedBuild {
  readonly id: string;
  /** When, in milliseconds since the epoch; undefined when CodeBuild did not say. */
  readonly startTime?: number;
  /** How many images it mirrors, a selection of tags counted as one. */
  readonly images: number;
  /** The first of them, for messages. */
  readonly firstImages: readonly string[];
  /** Whether it may start builds of customized images, of which its results tell. */
  readonly customizes?: boolean;
}

/** What to start builds of. */
export interface BuildsToStart {
  /** The name of the project. */
  readonly project: string;
  readonly images: readonly RunVariables[];
  /** What builds run in; undefined for the project's own environment. */
  readonly environment?: BuildEnvironmentOverride;
  /** How long a build may take, in minutes. */
  readonly longestBuildMinutes: number;
  /** What makes a repeated request the same one: builds are started once for each, as far as CodeBuild remembers it, which is 5 minutes. */
  readonly requestId: string;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** What builds are started with. */
export interface StartBuildsTools {
  readonly client: CodeBuildClient;
  /** Is told what is waited for. */
  readonly log: (line: string) => void;
  /** @default - the system's */
  readonly clock?: Clock;
}

const BACKOFF = { firstPause: 1_000, longestPause: 30_000 };
const MOST_NAMES = 3;

/**
 * Starts builds that mirror images, as many as the images need.
 *
 * A queue that is full, throttling and failures of the service or the network are waited for; anything else is an error at once.
 *
 * @throws BuildsError in words, when a build cannot be started within the deadline or at all
 */
export async function startBuilds(wanted: BuildsToStart, tools: StartBuildsTools): Promise<StartedBuild[]> {
  const started: StartedBuild[] = [];
  for (const [index, planned] of planBuilds(wanted.images, wanted.longestBuildMinutes).entries()) {
    started.push(await startBuild(planned, index, wanted, tools));
  }
  return started;
}

async function startBuild(planned: PlannedBuild, index: number, wanted: BuildsToStart, tools: StartBuildsTools): Promise<StartedBuild> {
  const { value, variables = { [RUN_ENVIRONMENT.IMAGES]: value }, images, customizes } = planned;
  const command = new StartBuildCommand({
    projectName: wanted.project,
    environmentVariablesOverride: Object.entries(variables).map(([name, text]) => ({ name, type: 'PLAINTEXT', value: text })),
    ...environmentOverrides(wanted.environment),
    idempotencyToken: createHash('sha256').update(`${wanted.requestId} ${index}`).digest('hex'),
  });
  const { build } = await untilDeadline(() => tools.client.send(command), wanted, tools);
  if (!build?.id) throw new BuildsError(`CodeBuild started a build of the project ${quote(wanted.project)} without saying which`);
  tools.log(`started the build ${build.id} for ${subjectOf(planned)}`);
  const started = { id: build.id, startTime: build.startTime?.getTime(), images: images.length, firstImages: images.slice(0, MOST_NAMES) };
  return customizes ? { ...started, customizes } : started;
}

/** What a build mirrors, for people. */
function subjectOf({ images, variables }: PlannedBuild): string {
  const catalog = variables?.[RUN_ENVIRONMENT.CATALOG];
  if (catalog !== undefined) return `the catalog ${catalog}`;
  return images.length === 1 ? '1 image' : `${images.length} images`;
}

function environmentOverrides(environment: BuildEnvironmentOverride | undefined): Partial<StartBuildCommandInput> {
  if (environment === undefined) return {};
  const { type, image, computeType } = environment as { type: EnvironmentType; image: string; computeType: ComputeType };
  return { environmentTypeOverride: type, imageOverride: image, computeTypeOverride: computeType };
}

async function untilDeadline<T>(send: () => Promise<T>, wanted: BuildsToStart, { log, clock = SYSTEM_CLOCK }: StartBuildsTools): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (isNotFound(error) || hasZeroBuildQuota(error) || !isRetryable(error)) throw inWords(error, wanted.project);
      const pause = backoffPause(BACKOFF, attempt, clock.random());
      if (clock.now() + pause >= wanted.deadline) throw tooLate(error, wanted.project);
      log(formatRetry(formatAwsError(error), pause / 1000));
      await clock.sleep(pause);
    }
  }
}

function inWords(error: unknown, project: string): BuildsError {
  const named = `the CodeBuild project ${quote(project)}`;
  if (isNotFound(error)) return new BuildsError(`${named} does not exist; deploy the stack of its ImageMirror again`, { cause: error });
  if (hasZeroBuildQuota(error)) return new BuildsError(`this account may not run builds in this Region (${formatAwsError(error)}); ask AWS Support to raise its limit`, { cause: error });
  return new BuildsError(`${named} could not be started: ${formatAwsError(error)}`, { cause: error });
}

function tooLate(error: unknown, project: string): BuildsError {
  return new BuildsError(
    `no more builds of the CodeBuild project ${quote(project)} could be started in time (${formatAwsError(error)}); those that were started go on: deploy again when fewer builds are queued`,
    { cause: error },
  );
}

/** One build to start. */
export interface PlannedBuild {
  /** The value of the variable `IMAGES`. */
  readonly value: string;
  /** The variables of a build in place of that list: those of a catalog, whose images are known when it runs. */
  readonly variables?: RunVariables;
  /** The upstream images that it names. */
  readonly images: readonly string[];
  /** Whether some of them are customized; undefined when none is. */
  readonly customizes?: boolean;
}

/**
 * The longest value that is given to a variable.
 *
 * CodeBuild documents no limit of its own. This one is cautious: it leaves room for the project's other variables, whatever the limit of all is.
 */
const LONGEST_VALUE = 4_000;

/** An image may take a minute, most take less, and several are under way at a time: a build that is given no more ends in time. */
const IMAGES_PER_MINUTE = 1;

/**
 * Divides images among as few builds as can take them, in their order.
 *
 * @param longestBuildMinutes how long a build may take
 */
export function planBuilds(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const catalogs = images.filter(isCatalog).map((variables) => ({ value: '', variables, images: [variables[RUN_ENVIRONMENT.CATALOG]!] }));
  return [...planLists(images.filter((image) => !isCatalog(image)), longestBuildMinutes), ...catalogs];
}

/** Each is a build by itself. */
function isCatalog(image: RunVariables): boolean {
  return image[RUN_ENVIRONMENT.CATALOG] !== undefined;
}

function planLists(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const mostImages = Math.max(1, Math.floor(longestBuildMinutes * IMAGES_PER_MINUTE));
  const builds: { entries: string[]; images: string[]; customizes?: boolean }[] = [];
  for (const image of images) {
    const entry = JSON.stringify(image);
    let last = builds.at(-1);
    if (last === undefined || last.entries.length >= mostImages || valueOf([...last.entries, entry]).length > LONGEST_VALUE) {
      last = { entries: [], images: [] };
      builds.push(last);
    }
    last.entries.push(entry);
    last.images.push(image.IMAGE ?? '');
    if (image[RUN_ENVIRONMENT.CUSTOM_IMAGE] !== undefined) last.customizes = true;
  }
  return builds.map(({ entries, images: names, customizes }) => ({ value: valueOf(entries), images: names, customizes }));
}

function valueOf(entries: readonly string[]): string {
  return `[${entries.join(',')}]`;
}
