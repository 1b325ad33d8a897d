import { reasonProblem } from '../../image/admission/decision-reason';
import { parseLockPolicy } from '../../image/admission/parse-policy';
import { decisionRepository } from '../../image/admission/quarantine';
import { DECISION_ENVIRONMENT, PROJECT_ENVIRONMENT } from '../../image/contract/environment';
import type { AdmissionDecision } from '../../image/contract/mirror-result';
import { ImageReference, parseImageReference } from '../../image/image-reference';
import { mirrorRepositoryName, repositoryNameProblem } from '../../image/repository-name';
import { sanitizeForLog, sanitizeLine } from '../../image/sanitize';
import { lockState, MAX_PRINCIPAL_LENGTH } from '../admission/decisions';
import { MirrorError } from '../mirror-error';
import { isShown, variableError } from '../run-variables';

/** A decision to record, as the environment of the build describes it. */
export interface DecisionRequest {
  readonly kind: AdmissionDecision['decision'];
  readonly source: ImageReference & { readonly tag: string };
  readonly target: ImageReference & { readonly tag: string };
  /** The digest of the upstream image. */
  readonly digest: string;
  readonly reason: string;
  /** The principal that started the build. */
  readonly by: string;
  /** The state of the lock: see `lockState()`. */
  readonly lock: string;
  readonly quarantine: string;
  readonly decisions: string;
}

/** The principal outside of CodeBuild. */
const UNKNOWN_PRINCIPAL = 'unknown principal';

const KINDS: Readonly<Record<string, DecisionRequest['kind'] | undefined>> = { RELEASE: 'released', REFUSE: 'refused' };

const EXAMPLE = 'docker.io/library/nginx:stable@sha256:…';

/**
 * Reads a decision from the environment of a build. The parsing is strict, because each principal that can start a build can set these variables.
 *
 * @throws MirrorError that names the variable, and its value if that cannot be a secret
 */
export function readDecisionRequest(environment: NodeJS.ProcessEnv): DecisionRequest {
  const image = readImage(environment[DECISION_ENVIRONMENT.IMAGE] ?? '');
  const quarantine = readRepositoryName(PROJECT_ENVIRONMENT.QUARANTINE, environment);
  const decisions = readRepositoryName(PROJECT_ENVIRONMENT.DECISIONS, environment);
  const { digest, registry, repository, tag } = image;
  const target = { registry: readRegistry(environment), repository: readRepository(environment, image, decisions), tag };
  return {
    kind: readKind(environment[DECISION_ENVIRONMENT.DECISION] ?? ''),
    source: { registry, repository, tag },
    target,
    digest,
    reason: readReason(environment[DECISION_ENVIRONMENT.REASON] ?? ''),
    by: readPrincipal(environment),
    lock: readLock(environment[DECISION_ENVIRONMENT.LOCK], tag),
    quarantine,
    decisions,
  };
}

function readImage(text: string): Required<ImageReference> {
  const name = DECISION_ENVIRONMENT.IMAGE;
  if (!isShown(name, text) || text === '') throw variableError(name, text, `it must be an image with a tag and a digest: ${EXAMPLE}`);
  let image: ImageReference;
  try {
    image = parseImageReference(text);
  } catch (error) {
    throw new MirrorError('invalid-reference', sanitizeForLog(error instanceof Error ? error.message : String(error)), { cause: error });
  }
  const { digest, tag } = image;
  if (digest === undefined) throw variableError(name, text, `a decision is about a digest; add it: ${EXAMPLE}`);
  if (tag === undefined) throw variableError(name, text, `it has no tag; add the tag of the mirror: ${EXAMPLE}`);
  return { ...image, digest, tag };
}

function readKind(text: string): DecisionRequest['kind'] {
  const kind = Object.hasOwn(KINDS, text) ? KINDS[text] : undefined;
  if (kind === undefined) throw variableError(DECISION_ENVIRONMENT.DECISION, text, 'it must be RELEASE or REFUSE');
  return kind;
}

function readReason(text: string): string {
  const problem = reasonProblem(text);
  if (problem !== undefined) throw variableError(DECISION_ENVIRONMENT.REASON, text, problem);
  return text;
}

/**
 * CodeBuild sets the variable: the name of a user, or the names of a role and its session. Names that start with `CODEBUILD_` are reserved, so the
 * variables of a build cannot replace it.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
 */
function readPrincipal({ CODEBUILD_BUILD_ID, CODEBUILD_INITIATOR }: NodeJS.ProcessEnv): string {
  const by = sanitizeLine(CODEBUILD_INITIATOR ?? '', MAX_PRINCIPAL_LENGTH);
  if (by !== '') return by;
  if (!CODEBUILD_BUILD_ID) return UNKNOWN_PRINCIPAL;
  throw new MirrorError('invalid-configuration', 'CodeBuild does not name the principal that started the build; start another build');
}

function readRegistry(environment: NodeJS.ProcessEnv): string {
  const name = PROJECT_ENVIRONMENT.REGISTRY;
  const registry = environment[name] ?? '';
  if (!isShown(name, registry) || registry === '') throw variableError(name, registry, 'set it to the host of the registry of the mirror');
  return registry;
}

function readRepositoryName(name: string, environment: NodeJS.ProcessEnv): string {
  const repository = environment[name] ?? '';
  const problem = repositoryNameProblem(repository);
  if (problem !== undefined) throw variableError(name, repository, problem);
  return repository;
}

/** The prefix of the mirror is part of the name of its repository of decisions. */
function readRepository(environment: NodeJS.ProcessEnv, image: ImageReference, decisions: string): string {
  const name = DECISION_ENVIRONMENT.REPOSITORY;
  const suffix = decisionRepository('');
  const prefix = decisions.endsWith(suffix) ? decisions.slice(0, -suffix.length) : undefined;
  const repository = environment[name] || mirrorRepositoryName(image, prefix);
  const problem = repositoryNameProblem(repository);
  if (problem !== undefined) throw variableError(name, repository, problem);
  return repository;
}

/** The state of the lock, as a release keeps it. */
function readLock(text: string | undefined, tag: string): string {
  if (!text) return '';
  const lock = parseLockPolicy(text);
  if (lock === undefined) {
    throw variableError(DECISION_ENVIRONMENT.LOCK, text, 'it must be the variable LOCK of the image: a JSON object with digests by tag');
  }
  return lockState(lock, tag);
}
