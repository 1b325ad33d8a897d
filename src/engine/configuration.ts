import { EnvironmentCredentials } from './credentials/credential-source';
import { MirrorError } from './mirror-error';
import type { MirrorRequest } from './mirror-image';
import { rangeProblem } from './tags';
import { BuildEnvironmentOverride, CredentialVariables, CustomBuilds, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TAG_MOVED_POLICIES } from '../image/contract/environment';
import { CustomImage, customImageProblem, parseCustomImage } from '../image/custom-image';
import { ImageReference, isRepositoryOnly, parseImageReference } from '../image/image-reference';
import { parsePlatform, Platform, platformTagsProblem, PROCESSORS } from '../image/platform';
import { mirrorRepositoryName, mirrorTag, repositoryNameProblem } from '../image/repository-name';
import { sanitizeForLog, quote, redactCredentials } from '../image/sanitize';
import { tagKind, TagKindName } from '../image/tag-kind';
import { parseTagSelection, TagSelection } from '../image/tag-selection';

/** What the project sets for everything that a build does. */
export interface Settings {
  readonly credentials: EnvironmentCredentials;
  readonly deadlineSeconds: number;
  readonly eventBus: string | undefined;
  /** Where customized images are built; undefined where there are none. */
  readonly customBuilds: CustomBuilds | undefined;
}

/** An image, or a selection of a repository's tags, as the environment describes it. */
export interface Configuration {
  /** The upstream image; its tag means nothing when tags are selected. */
  readonly image: ImageReference;
  /** Which of the repository's tags to mirror; undefined for the one that the image names. */
  readonly tags?: TagSelection;
  /** How to mirror one image of the repository. */
  readonly requestFor: (source: ImageReference) => MirrorRequest;
}

/** A build's default timeout, less a minute to say why it stops. */
const DEFAULT_DEADLINE = 59 * 60;
/** A week: longer than CodeBuild lets any build run. */
export const MAX_DEADLINE_SECONDS = 7 * 24 * 60 * 60;
const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

/**
 * Reads what to mirror from the environment. Whoever may start a build may set any variable, so each is parsed strictly.
 *
 * @throws MirrorError naming the variable, its value and what is allowed
 */
export function readConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  const image = readImage(environment[RUN_ENVIRONMENT.IMAGE]);
  const tags = readTags(environment, environment[RUN_ENVIRONMENT.TAGS]);
  return { image, tags, requestFor: readRequest(environment, image) };
}

/**
 * Reads the settings of a build, as strictly.
 *
 * @throws MirrorError naming the variable, and its value where that can be no secret
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    credentials: new EnvironmentCredentials(readCredentialVariables(environment[PROJECT_ENVIRONMENT.CREDENTIALS]), environment),
    deadlineSeconds: readDeadline(environment[PROJECT_ENVIRONMENT.DEADLINE_SECONDS]),
    eventBus: environment[PROJECT_ENVIRONMENT.EVENT_BUS] || undefined,
    customBuilds: readCustomBuilds(environment[PROJECT_ENVIRONMENT.CUSTOM_BUILDS]),
  };
}

function readImage(image: string | undefined): ImageReference {
  if (!image) throw wrong(RUN_ENVIRONMENT.IMAGE, image ?? '', 'set it to the image to mirror, for example "docker.io/library/nginx:1.27.0"');
  return inWords('invalid-reference', () => parseImageReference(image));
}

function readRequest(environment: NodeJS.ProcessEnv, image: ImageReference): Configuration['requestFor'] {
  const registry = environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '';
  if (!isRegistryHost(registry)) throw wrong(PROJECT_ENVIRONMENT.REGISTRY, registry, 'set it to the host of the registry to mirror into');
  const repository = readRepository(environment, image);
  const kind = oneOf(RUN_ENVIRONMENT.TAG_KIND, environment[RUN_ENVIRONMENT.TAG_KIND], TAG_KINDS);
  const onTagMoved = oneOf(RUN_ENVIRONMENT.ON_TAG_MOVED, environment[RUN_ENVIRONMENT.ON_TAG_MOVED], TAG_MOVED_POLICIES) ?? TAG_MOVED_POLICIES[0];
  const platforms = readPlatforms(RUN_ENVIRONMENT.PLATFORMS, environment);
  const platformTags = readPlatformTags(environment, platforms);
  const custom = readCustomImage(environment[RUN_ENVIRONMENT.CUSTOM_IMAGE]);
  const referrers = oneOf(RUN_ENVIRONMENT.REFERRERS, environment[RUN_ENVIRONMENT.REFERRERS], ['true', 'false']) !== 'false';
  return (source) => {
    const tag = mirrorTag(source);
    return { source, target: { registry, repository, tag }, kind: kind ?? tagKind(tag), onTagMoved, platforms, platformTags, referrers, custom };
  };
}

function readRepository(environment: NodeJS.ProcessEnv, image: ImageReference): string {
  const prefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
  const repository = environment[RUN_ENVIRONMENT.REPOSITORY] || inWords('invalid-reference', () => mirrorRepositoryName(image, prefix));
  const problem = repositoryNameProblem(repository);
  if (problem) throw wrong(RUN_ENVIRONMENT.REPOSITORY, repository, problem);
  return repository;
}

function readTags(environment: NodeJS.ProcessEnv, text: string | undefined): TagSelection | undefined {
  if (!text) return undefined;
  const image = environment[RUN_ENVIRONMENT.IMAGE]!;
  if (!isRepositoryOnly(image)) throw wrong(RUN_ENVIRONMENT.IMAGE, image, `with ${RUN_ENVIRONMENT.TAGS} it must be a repository, without a tag or digest`);
  const selection = parseTagSelection(text);
  const problem = selection === undefined ? 'it must be a selection of tags as JSON, for example {"semver":">=1.25 <2","latest":5}' : rangeProblem(selection);
  if (problem) throw wrong(RUN_ENVIRONMENT.TAGS, text, problem);
  return selection;
}

function readPlatforms(name: 'PLATFORMS' | 'PLATFORM_TAGS', environment: NodeJS.ProcessEnv): Platform[] | undefined {
  const text = environment[name];
  if (!text) return undefined;
  return text.split(',').map((part) => {
    const platform = parsePlatform(part.trim());
    if (platform === undefined) throw wrong(name, text, 'it must be a list of platforms, for example "linux/amd64,linux/arm64"');
    return platform;
  });
}

function readPlatformTags(environment: NodeJS.ProcessEnv, platforms: readonly Platform[] | undefined): Platform[] | undefined {
  const tagged = readPlatforms(RUN_ENVIRONMENT.PLATFORM_TAGS, environment);
  const problem = tagged && platformTagsProblem(tagged, platforms);
  if (problem) throw wrong(RUN_ENVIRONMENT.PLATFORM_TAGS, environment[RUN_ENVIRONMENT.PLATFORM_TAGS]!, problem);
  return tagged;
}

function readCustomImage(text: string | undefined): CustomImage | undefined {
  if (!text) return undefined;
  const custom = parseCustomImage(text);
  const problem = custom === undefined ? 'it must be a JSON object with a repository, a list of lines and a list of platforms' : customImageProblem(custom);
  if (problem) throw wrong(RUN_ENVIRONMENT.CUSTOM_IMAGE, text, problem);
  return custom;
}

function readCustomBuilds(text: string | undefined): CustomBuilds | undefined {
  if (!text) return undefined;
  const { project, processor, otherEnvironment } = Object(parsedJson(text)) as Partial<Record<keyof CustomBuilds, unknown>>;
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const { type, image, computeType } = Object(otherEnvironment) as Partial<Record<keyof BuildEnvironmentOverride, unknown>>;
  const isOtherWhole = otherEnvironment === undefined || [type, image, computeType].every(isText);
  const isWhole = isText(project) && PROCESSORS.some((one) => one === processor) && isOtherWhole;
  if (!isWhole) throw wrong(PROJECT_ENVIRONMENT.CUSTOM_BUILDS, text, 'it must be a JSON object with a project, its processor, and what builds on the other one run in');
  return { project, processor, otherEnvironment } as CustomBuilds;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Held to the same grammar as the host of every reference. */
function isRegistryHost(registry: string): boolean {
  try {
    return parseImageReference(`${registry}/a/b`).registry === registry;
  } catch {
    return false;
  }
}

function readCredentialVariables(text: string | undefined): CredentialVariables[] {
  if (!text) return [];
  const wellFormed = (entry: unknown): entry is CredentialVariables => ['registry', 'username', 'password']
    .every((field) => typeof (Object(entry) as Record<string, unknown>)[field] === 'string');
  const list = parsedJson(text);
  if (!Array.isArray(list) || !list.every(wellFormed)) {
    // Not quoted: who has put a password in the wrong place must not find it in a log.
    const expected = 'a JSON list of objects with registry, username and password, the last two naming variables';
    throw new MirrorError('invalid-configuration', `the variable ${PROJECT_ENVIRONMENT.CREDENTIALS} must be ${expected}`);
  }
  return list;
}

function readDeadline(text: string | undefined): number {
  if (!text) return DEFAULT_DEADLINE;
  if (!/^[1-9][0-9]{0,6}$/.test(text) || Number(text) > MAX_DEADLINE_SECONDS) {
    throw wrong(PROJECT_ENVIRONMENT.DEADLINE_SECONDS, text, `it must be a whole number of seconds, at most ${MAX_DEADLINE_SECONDS}`);
  }
  return Number(text);
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (!value) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw wrong(name, value, `it must be one of ${allowed.join(', ')}`);
  return found;
}

function inWords<T>(reason: 'invalid-reference' | 'invalid-configuration', read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new MirrorError(reason, sanitizeForLog(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

function wrong(name: string, value: string, problem: string): MirrorError {
  const reason = name === RUN_ENVIRONMENT.IMAGE ? 'invalid-reference' : 'invalid-configuration';
  return new MirrorError(reason, `the variable ${name} is ${sanitizeForLog(quote(redactCredentials(value)))}: ${problem}`);
}
