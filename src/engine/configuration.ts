import { EnvironmentCredentials } from './credentials/environment-credentials';
import { MirrorError } from './mirror-error';
import type { MirrorRequest } from './mirror-image';
import { printable } from './report/printable';
import { CredentialVariables, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TAG_MOVED_POLICIES } from '../image/environment';
import { isTag, parseImageReference, quote } from '../image/image-reference';
import { mirrorRepositoryName, mirrorTag, repositoryNameProblem } from '../image/repository-name';
import { tagKind, TagKindName } from '../image/tag-kind';

/** A run as its environment describes it. */
export interface Configuration {
  readonly request: MirrorRequest;
  readonly credentials: EnvironmentCredentials;
  readonly deadlineSeconds: number;
  readonly eventBus: string | undefined;
}

/** A build's default timeout, less a minute to say why it stops. */
const DEFAULT_DEADLINE = 59 * 60;
/** A week: longer than CodeBuild lets any build run. */
export const LONGEST_DEADLINE = 7 * 24 * 60 * 60;
const TAG_KINDS: readonly TagKindName[] = ['fixed', 'floating'];

/**
 * Reads a run from its environment. Whoever may start a build may set any variable, so each is parsed strictly.
 *
 * @throws MirrorError naming the variable, its value and what is allowed
 */
export function readConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  return {
    request: readRequest(environment),
    credentials: new EnvironmentCredentials(readCredentialVariables(environment[PROJECT_ENVIRONMENT.CREDENTIALS]), environment),
    deadlineSeconds: readDeadline(environment[PROJECT_ENVIRONMENT.DEADLINE_SECONDS]),
    eventBus: environment[PROJECT_ENVIRONMENT.EVENT_BUS] || undefined,
  };
}

function readRequest(environment: NodeJS.ProcessEnv): MirrorRequest {
  const image = environment[RUN_ENVIRONMENT.IMAGE];
  if (!image) throw wrong(RUN_ENVIRONMENT.IMAGE, image ?? '', 'set it to the image to mirror, for example "docker.io/library/nginx:1.27.0"');
  const source = inWords('invalid-reference', () => parseImageReference(image));
  const registry = environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '';
  const prefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
  const named = environment[RUN_ENVIRONMENT.REPOSITORY];
  const repository = named || inWords('invalid-reference', () => mirrorRepositoryName(source, prefix));
  const problem = repositoryNameProblem(repository);
  if (problem) throw wrong(RUN_ENVIRONMENT.REPOSITORY, repository, problem);
  const tag = mirrorTag(source);
  if (!isTag(tag)) throw wrong(RUN_ENVIRONMENT.IMAGE, image, 'its tag is none');
  if (!isRegistryHost(registry)) throw wrong(PROJECT_ENVIRONMENT.REGISTRY, registry, 'set it to the host of the registry to mirror into');
  return {
    source,
    target: { registry, repository, tag },
    kind: oneOf(RUN_ENVIRONMENT.TAG_KIND, environment[RUN_ENVIRONMENT.TAG_KIND], TAG_KINDS) ?? tagKind(tag),
    onTagMoved: oneOf(RUN_ENVIRONMENT.ON_TAG_MOVED, environment[RUN_ENVIRONMENT.ON_TAG_MOVED], TAG_MOVED_POLICIES) ?? TAG_MOVED_POLICIES[0],
  };
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
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list) || !list.every(wellFormed)) {
    // Not quoted: who has put a password in the wrong place must not find it in a log.
    const expected = 'a JSON list of objects with registry, username and password, the last two naming variables';
    throw new MirrorError('invalid-configuration', `the variable ${PROJECT_ENVIRONMENT.CREDENTIALS} must be ${expected}`);
  }
  return list;
}

function readDeadline(text: string | undefined): number {
  if (!text) return DEFAULT_DEADLINE;
  if (!/^[1-9][0-9]{0,6}$/.test(text) || Number(text) > LONGEST_DEADLINE) {
    throw wrong(PROJECT_ENVIRONMENT.DEADLINE_SECONDS, text, `it is a whole number of seconds, at most ${LONGEST_DEADLINE}`);
  }
  return Number(text);
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (!value) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw wrong(name, value, `it is one of ${allowed.join(', ')}`);
  return found;
}

function inWords<T>(reason: 'invalid-reference' | 'invalid-configuration', read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new MirrorError(reason, printable(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

function wrong(name: string, value: string, problem: string): MirrorError {
  const reason = name === RUN_ENVIRONMENT.IMAGE ? 'invalid-reference' : 'invalid-configuration';
  return new MirrorError(reason, `the variable ${name} is ${printable(quote(value))}: ${problem}`);
}
