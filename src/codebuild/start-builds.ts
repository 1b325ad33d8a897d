import { createHash } from 'node:crypto';
import { CodeBuildClient, ComputeType, EnvironmentType, StartBuildCommand, StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import { buildQuota, Clock, formatAwsError, isNotFound, isQuotaError, isRetryable, QUOTA_ADVICE, StartBuildError, SYSTEM_CLOCK } from './aws-errors';
import { backoffPause, formatRetry } from '../image/backoff';
import { BuildEnvironmentOverride, MAX_VARIABLE_LENGTH, RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/sanitize';

/** A build that CodeBuild started. */
export interface StartedBuild {
  readonly id: string;
  /** When the build was started, in milliseconds since the epoch; undefined when CodeBuild does not return it. */
  readonly startTime?: number;
  /** The number of images that the build mirrors. A tag filter counts as one image. */
  readonly images: number;
  /** The first of these images, for messages. */
  readonly firstImages: readonly string[];
  /** Whether the build can start builds of customized images. Its results have their ids. */
  readonly customizes?: boolean;
}

/** The project and the images to start builds for. */
export interface StartBuildsRequest {
  /** The name of the CodeBuild project. */
  readonly project: string;
  readonly images: readonly RunVariables[];
  /**
   * The compute environment of the builds.
   *
   * @default - the environment of the project
   */
  readonly environment?: BuildEnvironmentOverride;
  /** The maximum duration of a build, in minutes. */
  readonly longestBuildMinutes: number;
  /**
   * Identifies the request. For a repeated request, CodeBuild returns the builds of the first one, for 5 minutes.
   *
   * @see https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
   */
  readonly requestId: string;
  /** When to stop retrying, in milliseconds since the epoch. */
  readonly deadline: number;
  /**
   * The largest quota of builds in the account with which a retry cannot succeed.
   *
   * A build that starts another build is 1: with a quota of 1, it would wait for the place that it occupies itself.
   *
   * @default 0
   */
  readonly ownBuilds?: number;
}

/** The client of CodeBuild, the log and the clock. */
export interface StartBuildsTools {
  readonly client: CodeBuildClient;
  /** Writes a line for each started build and for each retry. */
  readonly log: (line: string) => void;
  /** @default - the system clock */
  readonly clock?: Clock;
}

const BACKOFF = { firstPause: 1_000, maxPause: 30_000 };
const MAX_FIRST_IMAGES = 3;

/**
 * Starts as many builds as the images need.
 *
 * Transient errors are retried until the deadline: a full queue, throttling, and errors of the service or the network.
 *
 * @throws StartBuildError after any other error, and when a build could not be started by the deadline
 */
export async function startBuilds(request: StartBuildsRequest, tools: StartBuildsTools): Promise<StartedBuild[]> {
  const started: StartedBuild[] = [];
  for (const [index, planned] of planBuilds(request.images, request.longestBuildMinutes).entries()) {
    started.push(await startBuild(planned, index, request, tools));
  }
  return started;
}

/**
 * Starts one build with variables that are not those of a run.
 *
 * Errors are retried as by `startBuilds()`.
 *
 * @throws StartBuildError after any other error, and when the build could not be started by the deadline
 */
export function startSingleBuild(variables: RunVariables, request: StartRequest, tools: StartBuildsTools): Promise<StartedBuild> {
  return startBuild({ value: '', variables, images: [variables[RUN_ENVIRONMENT.IMAGE] ?? ''] }, 0, request, tools);
}

/** The settings that all builds of a request share. */
type StartRequest = Omit<StartBuildsRequest, 'images' | 'longestBuildMinutes'>;

async function startBuild(planned: PlannedBuild, index: number, request: StartRequest, tools: StartBuildsTools): Promise<StartedBuild> {
  const { value, variables = { [RUN_ENVIRONMENT.IMAGES]: value }, images, customizes } = planned;
  const command = new StartBuildCommand({
    projectName: request.project,
    environmentVariablesOverride: Object.entries(variables).map(([name, text]) => ({ name, type: 'PLAINTEXT', value: text })),
    ...environmentOverrides(request.environment),
    idempotencyToken: createHash('sha256').update(`${request.requestId} ${index}`).digest('hex'),
  });
  const { build } = await retryUntilDeadline(() => tools.client.send(command), index, request, tools);
  if (!build?.id) throw new StartBuildError(`CodeBuild returned no build id for the project ${quote(request.project)}; check its builds`);
  tools.log(`started the build ${build.id} for ${describeImages(planned)}`);
  const started = { id: build.id, startTime: build.startTime?.getTime(), images: images.length, firstImages: images.slice(0, MAX_FIRST_IMAGES) };
  return customizes ? { ...started, customizes } : started;
}

/** Describes the images of a build for the log. */
function describeImages({ images, variables }: PlannedBuild): string {
  const catalog = variables?.[RUN_ENVIRONMENT.CATALOG];
  if (catalog !== undefined) return `the catalog ${catalog}`;
  return images.length === 1 ? '1 image' : `${images.length} images`;
}

function environmentOverrides(environment: BuildEnvironmentOverride | undefined): Partial<StartBuildCommandInput> {
  if (environment === undefined) return {};
  const { type, image, computeType } = environment as { type: EnvironmentType; image: string; computeType: ComputeType };
  return { environmentTypeOverride: type, imageOverride: image, computeTypeOverride: computeType };
}

/** @param startedBuilds the number of builds that the request has started before */
async function retryUntilDeadline<T>(
  send: () => Promise<T>, startedBuilds: number, request: StartRequest, { log, clock = SYSTEM_CLOCK }: StartBuildsTools,
): Promise<T> {
  const { deadline, ownBuilds = 0, project } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!isTransient(error, ownBuilds)) throw permanentError(error, project);
      const pause = backoffPause(BACKOFF, attempt, clock.random());
      if (clock.now() + pause >= deadline) throw deadlineError(error, startedBuilds, project);
      log(formatRetry(formatAwsError(error), pause / 1000));
      await clock.sleep(pause);
    }
  }
}

/** Whether a retry can succeed. @param ownBuilds see `StartBuildsRequest` */
export function isTransient(error: unknown, ownBuilds: number): boolean {
  const quota = buildQuota(error);
  return !isNotFound(error) && isRetryable(error) && (quota === undefined || quota > ownBuilds);
}

function permanentError(error: unknown, project: string): StartBuildError {
  const named = `the CodeBuild project ${quote(project)}`;
  if (isNotFound(error)) {
    // A deployment of the same template would not define the project again.
    const remedy = 'run "cdk deploy --revert-drift" for the stack of its ImageMirror';
    return new StartBuildError(`${named} does not exist; ${remedy}`, { cause: error });
  }
  if (isQuotaError(error)) {
    const problem = `this account cannot run the build of ${named} in this Region (${formatAwsError(error)})`;
    return new StartBuildError(`${problem}; ${QUOTA_ADVICE}`, { cause: error });
  }
  return new StartBuildError(`cannot start ${named}: ${formatAwsError(error)}`, { cause: error });
}

function deadlineError(error: unknown, startedBuilds: number, project: string): StartBuildError {
  const builds = startedBuilds === 1 ? '1 started build continues' : `${startedBuilds} started builds continue`;
  const started = startedBuilds === 0 ? '' : `; ${builds} to run`;
  const remedy = isQuotaError(error) ? `try again when fewer builds are queued, or ${QUOTA_ADVICE}` : 'try again later';
  const more = startedBuilds === 0 ? '' : 'more ';
  return new StartBuildError(
    `cannot start ${more}builds of the CodeBuild project ${quote(project)} in time (${formatAwsError(error)})${started}; ${remedy}`, { cause: error },
  );
}

/** A build to start. */
export interface PlannedBuild {
  /** The value of the environment variable `IMAGES`. */
  readonly value: string;
  /** The environment variables of a build that mirrors a catalog. They replace `IMAGES`, because the build itself reads the catalog. */
  readonly variables?: RunVariables;
  /** The upstream images that the build mirrors. */
  readonly images: readonly string[];
  /** `true` when some of the images are customized; otherwise undefined. */
  readonly customizes?: boolean;
}

/** Most images take less than a minute, and a build copies several at a time. With this limit, a build ends before its timeout. */
const IMAGES_PER_MINUTE = 1;

/**
 * Divides images into as few builds as possible, in their order.
 *
 * @param longestBuildMinutes the maximum duration of a build, in minutes
 */
export function planBuilds(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const catalogs = images.filter(mirrorsCatalog).map((variables) => ({ value: '', variables, images: [variables[RUN_ENVIRONMENT.CATALOG]!] }));
  return [...planImageBuilds(images.filter((image) => !mirrorsCatalog(image)), longestBuildMinutes), ...catalogs];
}

/** Whether the variables are those of a catalog. Each catalog has its own build. */
function mirrorsCatalog(image: RunVariables): boolean {
  return image[RUN_ENVIRONMENT.CATALOG] !== undefined;
}

function planImageBuilds(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const maxImages = Math.max(1, Math.floor(longestBuildMinutes * IMAGES_PER_MINUTE));
  const builds: { entries: string[]; images: string[]; customizes?: boolean }[] = [];
  for (const image of images) {
    const entry = JSON.stringify(image);
    let last = builds.at(-1);
    if (last === undefined || last.entries.length >= maxImages || formatImages([...last.entries, entry]).length > MAX_VARIABLE_LENGTH) {
      last = { entries: [], images: [] };
      builds.push(last);
    }
    last.entries.push(entry);
    last.images.push(image.IMAGE ?? '');
    if (image[RUN_ENVIRONMENT.CUSTOM_IMAGE] !== undefined) last.customizes = true;
  }
  return builds.map(({ entries, images: names, customizes }) => ({ value: formatImages(entries), images: names, customizes }));
}

function formatImages(entries: readonly string[]): string {
  return `[${entries.join(',')}]`;
}
