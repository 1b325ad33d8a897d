import { readAdmission, readAdmissionTools } from './admission/read-admission';
import { EnvironmentCredentials } from './credentials/credential-source';
import { isTimeForLateReferrers } from './late-referrers-time';
import { MirrorError } from './mirror-error';
import type { AdmissionTools, MirrorRequest } from './mirror-request';
import { readUpstreamSettings, UpstreamSettings } from './registry/upstream-settings';
import { isShown, requireNoCredentials, variableError } from './run-variables';
import { rangeProblem } from './tags';
import {
  ATTESTATION_POLICIES, BuildEnvironmentOverride, CredentialVariables, CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TAG_MOVED_POLICIES,
  UPSTREAM_GONE_POLICIES,
} from '../image/contract/environment';
import { CustomImage, customImageProblem, parseCustomImage } from '../image/custom-image';
import { ImageReference, isRepositoryOnly, parseImageReference } from '../image/image-reference';
import { EXPIRES_FORM, isLastDay, isOwner, OWNER_FORM } from '../image/ownership';
import { parseJson } from '../image/parse-json';
import { parsePlatform, Platform, platformTagsProblem, PROCESSORS } from '../image/platform';
import { mirrorRepositoryName, mirrorTag, repositoryNameProblem } from '../image/repository-name';
import { MAX_KEPT_IMAGES } from '../image/retention';
import { sanitizeForLog } from '../image/sanitize';
import { tagKind, TagKindName } from '../image/tag-kind';
import { HIDE_VALUE, MAX_SELECTED_TAGS, parseTagSelection, TagSelection } from '../image/tag-selection';

/** The settings of a CodeBuild project, which apply to each of its builds. */
export interface Settings {
  readonly credentials: EnvironmentCredentials;
  /** How builds use upstream registries. */
  readonly upstreams: UpstreamSettings;
  readonly deadlineSeconds: number;
  /** The event bus for events; undefined for no events. */
  readonly eventBus: string | undefined;
  /** The project that builds customized images; undefined when there is none. */
  readonly customBuilds: CustomBuilds | undefined;
  /** The repositories for checks of new images; undefined when there are none. */
  readonly admissionTools: AdmissionTools | undefined;
}

/** An image, or a tag filter for a repository, as the environment describes it. */
export interface Configuration {
  /** The upstream image. With a tag filter, its tag has no meaning. */
  readonly image: ImageReference;
  /** The tag filter; undefined for the tag of `image`. */
  readonly tags?: TagSelection;
  /** With a tag filter, the number of the newest versions that the mirror keeps; undefined for all. */
  readonly keepVersions?: number;
  /** The tags that other images of the repository need, whatever the filter keeps; none by default. */
  readonly otherTags?: readonly TagSelection[];
  /** The last day on which the image is mirrored; undefined for no last day. */
  readonly expires?: string;
  /** Makes the request that mirrors one image of the repository. */
  readonly requestFor: (source: ImageReference) => MirrorRequest;
}

/** The default timeout of a build, minus one minute to report the reason. */
const DEFAULT_DEADLINE = 59 * 60;
/** One week: CodeBuild supports no longer timeout. */
export const MAX_DEADLINE_SECONDS = 7 * 24 * 60 * 60;
const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

/**
 * Reads the image to mirror from the environment.
 *
 * The parsing is strict, because each principal that can start a build can set any variable.
 *
 * @throws MirrorError that names the variable, its value when it cannot be a secret, and the valid values
 */
export function readConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  requireNoCredentials(environment);
  const image = readImage(environment[RUN_ENVIRONMENT.IMAGE]);
  const tags = readTags(environment, environment[RUN_ENVIRONMENT.TAGS]);
  const keepVersions = readKeepVersions(environment, tags);
  const latest = tags?.latest ?? (keepVersions && Math.min(keepVersions, MAX_SELECTED_TAGS));
  const expires = readLastDay(environment[RUN_ENVIRONMENT.EXPIRES]);
  const otherTags = readOtherTags(environment[RUN_ENVIRONMENT.OTHER_TAGS]);
  return { image, tags: tags && { ...tags, latest }, keepVersions, otherTags, expires, requestFor: readRequest(environment, image) };
}

/**
 * Reads the owner of an image, or of the entries of a catalog.
 *
 * @throws MirrorError when the owner is not valid
 */
export function readOwner(environment: NodeJS.ProcessEnv): string | undefined {
  const owner = environment[RUN_ENVIRONMENT.OWNER];
  if (!owner) return undefined;
  if (!isOwner(owner)) throw variableError(RUN_ENVIRONMENT.OWNER, owner, `it must be ${OWNER_FORM}`);
  return owner;
}

function readLastDay(expires: string | undefined): string | undefined {
  if (!expires) return undefined;
  if (!isLastDay(expires)) throw variableError(RUN_ENVIRONMENT.EXPIRES, expires, `it must be ${EXPIRES_FORM}`);
  return expires;
}

/**
 * Reads the settings of a CodeBuild project from the environment of a build. The parsing is strict.
 *
 * @throws MirrorError that names the variable, and its value when it cannot be a secret
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    credentials: new EnvironmentCredentials(readCredentialVariables(environment[PROJECT_ENVIRONMENT.CREDENTIALS]), environment),
    upstreams: readUpstreamSettings(environment[PROJECT_ENVIRONMENT.REGISTRIES]),
    deadlineSeconds: readDeadline(environment[PROJECT_ENVIRONMENT.DEADLINE_SECONDS]),
    eventBus: environment[PROJECT_ENVIRONMENT.EVENT_BUS] || undefined,
    customBuilds: readCustomBuilds(environment[PROJECT_ENVIRONMENT.CUSTOM_BUILDS]),
    admissionTools: readAdmissionTools(environment),
  };
}

function readImage(image: string | undefined): ImageReference {
  if (!image) throw variableError(RUN_ENVIRONMENT.IMAGE, image ?? '', 'set it to the image to mirror, for example "docker.io/library/nginx:1.27.0"');
  if (!isShown(RUN_ENVIRONMENT.IMAGE, image)) {
    throw variableError(RUN_ENVIRONMENT.IMAGE, image, 'it must be an image reference, for example "docker.io/library/nginx:1.27.0"');
  }
  return withReferenceErrors(() => parseImageReference(image));
}

function readRequest(environment: NodeJS.ProcessEnv, image: ImageReference): Configuration['requestFor'] {
  const registry = environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '';
  if (!isRegistryHost(registry)) throw variableError(PROJECT_ENVIRONMENT.REGISTRY, registry, 'set it to the host of the target registry');
  const repository = readRepository(environment, image);
  const kind = readChoice(RUN_ENVIRONMENT.TAG_KIND, environment, TAG_KINDS);
  const onTagMoved = readChoice(RUN_ENVIRONMENT.ON_TAG_MOVED, environment, TAG_MOVED_POLICIES) ?? TAG_MOVED_POLICIES[0];
  const { platforms, platformsIfAvailable } = readPlatformSelection(environment);
  const platformTags = readPlatformTags(environment, platforms);
  const custom = readCustomImage(environment[RUN_ENVIRONMENT.CUSTOM_IMAGE]);
  const referrers = readChoice(RUN_ENVIRONMENT.REFERRERS, environment, ['true', 'false']) !== 'false';
  const lateReferrers = isTimeForLateReferrers(environment[RUN_ENVIRONMENT.LATE_REFERRERS] || environment[PROJECT_ENVIRONMENT.LATE_REFERRERS]);
  const attestations = readChoice(RUN_ENVIRONMENT.ATTESTATIONS, environment, ATTESTATION_POLICIES);
  const keepPrevious = readCount(RUN_ENVIRONMENT.KEEP_PREVIOUS, environment) ?? readCount(PROJECT_ENVIRONMENT.KEEP_PREVIOUS, environment);
  const settings = {
    onTagMoved,
    platforms,
    platformsIfAvailable,
    platformTags,
    referrers,
    lateReferrers,
    attestations,
    keepPrevious,
    custom,
    owner: readOwner(environment),
    admission: readAdmission(environment),
    isNamed: !environment[RUN_ENVIRONMENT.TAGS],
    onUpstreamGone: readChoice(RUN_ENVIRONMENT.ON_UPSTREAM_GONE, environment, UPSTREAM_GONE_POLICIES),
  };
  return (source) => {
    const tag = mirrorTag(source);
    return { source, target: { registry, repository, tag }, kind: kind ?? tagKind(tag), ...settings };
  };
}

function readRepository(environment: NodeJS.ProcessEnv, image: ImageReference): string {
  const prefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
  if (prefix !== undefined && !isShown(PROJECT_ENVIRONMENT.REPOSITORY_PREFIX, prefix)) {
    throw variableError(PROJECT_ENVIRONMENT.REPOSITORY_PREFIX, prefix, 'it must be the start of a repository name, for example "mirror"');
  }
  const repository = environment[RUN_ENVIRONMENT.REPOSITORY] || withReferenceErrors(() => mirrorRepositoryName(image, prefix));
  const problem = repositoryNameProblem(repository);
  if (problem) throw variableError(RUN_ENVIRONMENT.REPOSITORY, repository, problem);
  return repository;
}

function readTags(environment: NodeJS.ProcessEnv, text: string | undefined): TagSelection | undefined {
  if (!text) return undefined;
  const image = environment[RUN_ENVIRONMENT.IMAGE]!;
  if (!isRepositoryOnly(image)) {
    throw variableError(RUN_ENVIRONMENT.IMAGE, image, `with ${RUN_ENVIRONMENT.TAGS} it must be a repository, without a tag or digest`);
  }
  const selection = parseTagSelection(text);
  const format = 'it must be a tag filter as JSON, for example {"semver":">=1.25 <2","latest":5}';
  const problem = selection === undefined ? format : rangeProblem(selection, HIDE_VALUE);
  if (problem) throw variableError(RUN_ENVIRONMENT.TAGS, text, problem);
  return selection;
}

function readPlatformSelection(environment: NodeJS.ProcessEnv): Pick<MirrorRequest, 'platforms' | 'platformsIfAvailable'> {
  const platforms = readPlatforms(RUN_ENVIRONMENT.PLATFORMS, environment);
  const available = readPlatforms(RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE, environment);
  if (available === undefined) return { platforms };
  if (platforms === undefined) return { platforms: available, platformsIfAvailable: true };
  const problem = `it is set together with ${RUN_ENVIRONMENT.PLATFORMS}; remove one of them`;
  throw variableError(RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE, environment[RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE]!, problem);
}

function readPlatforms(name: 'PLATFORMS' | 'PLATFORMS_IF_AVAILABLE' | 'PLATFORM_TAGS', environment: NodeJS.ProcessEnv): Platform[] | undefined {
  const text = environment[name];
  if (!text) return undefined;
  return text.split(',').map((part) => {
    const platform = parsePlatform(part.trim());
    if (platform === undefined) throw variableError(name, text, 'it must be a list of platforms, for example "linux/amd64,linux/arm64"');
    return platform;
  });
}

function readPlatformTags(environment: NodeJS.ProcessEnv, platforms: readonly Platform[] | undefined): Platform[] | undefined {
  const platformTags = readPlatforms(RUN_ENVIRONMENT.PLATFORM_TAGS, environment);
  const problem = platformTags && platformTagsProblem(platformTags, platforms);
  if (problem) throw variableError(RUN_ENVIRONMENT.PLATFORM_TAGS, environment[RUN_ENVIRONMENT.PLATFORM_TAGS]!, problem);
  return platformTags;
}

function readCustomImage(text: string | undefined): CustomImage | undefined {
  if (!text) return undefined;
  const custom = parseCustomImage(text);
  if (custom === undefined) {
    const format = 'it must be a JSON object with a repository, a list of lines and a list of platforms';
    throw variableError(RUN_ENVIRONMENT.CUSTOM_IMAGE, text, format);
  }
  if (customImageProblem(custom) === undefined) return custom;
  // The other problems contain parts of the value.
  const problem = repositoryNameProblem(custom.repository) ?? 'its Dockerfile lines or its platforms are not valid';
  throw variableError(RUN_ENVIRONMENT.CUSTOM_IMAGE, text, `${problem}; start the build with the variables of the image's schedule`);
}

function readCustomBuilds(text: string | undefined): CustomBuilds | undefined {
  if (!text) return undefined;
  const { project, processor, otherEnvironment } = Object(parseJson(text)) as Partial<Record<keyof CustomBuilds, unknown>>;
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const { type, image, computeType } = Object(otherEnvironment) as Partial<Record<keyof BuildEnvironmentOverride, unknown>>;
  const isValidEnvironment = otherEnvironment === undefined || [type, image, computeType].every(isText);
  if (!isText(project) || !PROCESSORS.some((name) => name === processor) || !isValidEnvironment) {
    const format = 'it must be a JSON object with a project, its processor, and the build environment for the other processor';
    throw variableError(PROJECT_ENVIRONMENT.CUSTOM_BUILDS, text, format);
  }
  return { project, processor, otherEnvironment } as CustomBuilds;
}

/** Whether a text is valid as the host of an image reference. */
function isRegistryHost(registry: string): boolean {
  try {
    return parseImageReference(`${registry}/a/b`).registry === registry;
  } catch {
    return false;
  }
}

function readCredentialVariables(text: string | undefined): CredentialVariables[] {
  if (!text) return [];
  const wellFormed = (entry: unknown): entry is CredentialVariables => {
    const { registry, repositoryNamespace = '', username, password, allowedRealm = '' } = Object(entry) as Record<string, unknown>;
    return [registry, repositoryNamespace, username, password, allowedRealm].every((value) => typeof value === 'string');
  };
  const list = parseJson(text);
  if (!Array.isArray(list) || !list.every(wellFormed)) {
    // Without the value: a password that is in the wrong variable must not be logged.
    const expected = 'a JSON list of objects with registry, username and password; username and password are names of variables';
    throw new MirrorError('invalid-configuration', `the variable ${PROJECT_ENVIRONMENT.CREDENTIALS} must be ${expected}`);
  }
  return list;
}

function readDeadline(text: string | undefined): number {
  if (!text) return DEFAULT_DEADLINE;
  if (!/^[1-9][0-9]{0,6}$/.test(text) || Number(text) > MAX_DEADLINE_SECONDS) {
    throw variableError(PROJECT_ENVIRONMENT.DEADLINE_SECONDS, text, `it must be a whole number of seconds, at most ${MAX_DEADLINE_SECONDS}`);
  }
  return Number(text);
}

/** The filter must not select more versions than the mirror keeps: each run would copy a version again that expired. */
function readKeepVersions(environment: NodeJS.ProcessEnv, tags: TagSelection | undefined): number | undefined {
  const name = RUN_ENVIRONMENT.KEEP_VERSIONS;
  const count = readCount(name, environment, 1);
  if (count === undefined) return undefined;
  const problem = tags === undefined
    ? `only a tag filter has versions; set ${RUN_ENVIRONMENT.TAGS} too, or remove ${name}`
    : rangeProblem({ ...tags, latest: count }, HIDE_VALUE) && 'the tag filter has no order, so no version is the newest';
  if (problem) throw variableError(name, environment[name]!, problem);
  if ((tags?.latest ?? 0) <= count) return count;
  throw variableError(name, environment[name]!, `the tag filter selects the latest ${tags!.latest} versions, so it must be at least ${tags!.latest}`);
}

function readOtherTags(text: string | undefined): TagSelection[] {
  if (!text) return [];
  const list = parseJson(text);
  const selections = Array.isArray(list) ? list.map((item) => parseTagSelection(JSON.stringify(item))) : [undefined];
  return selections.map((selection) => {
    if (selection !== undefined && rangeProblem(selection, HIDE_VALUE) === undefined) return selection;
    throw variableError(RUN_ENVIRONMENT.OTHER_TAGS, text, 'it must be a JSON list of tag filters, for example [{"patterns":["1.20.0"]}]');
  });
}

/** Reads a number of images to keep; undefined when the variable is not set. */
function readCount(name: string, environment: NodeJS.ProcessEnv, least: number = 0): number | undefined {
  const text = environment[name];
  if (!text) return undefined;
  if (/^(?:0|[1-9][0-9]{0,5})$/.test(text) && Number(text) >= least && Number(text) <= MAX_KEPT_IMAGES) return Number(text);
  throw variableError(name, text, `it must be a whole number of images, ${least} to ${MAX_KEPT_IMAGES}`);
}

function readChoice<T extends string>(name: string, environment: NodeJS.ProcessEnv, choices: readonly T[]): T | undefined {
  const value = environment[name];
  if (!value) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw variableError(name, value, `it must be one of ${choices.join(', ')}`);
  return found;
}

function withReferenceErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new MirrorError('invalid-reference', sanitizeForLog(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}
