import type { AdmissionPolicy } from '../../image/admission/admission-policy';
import { parseAdmissionPolicy, parseLockPolicy } from '../../image/admission/parse-policy';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';
import { repositoryNameProblem } from '../../image/repository-name';
import type { AdmissionTools } from '../mirror-request';
import { variableError } from '../run-variables';

/**
 * Reads the checks of an image: its own, or those of the mirror, and its lock.
 *
 * The parsing is strict. An unknown field is an error, because a check that is not understood would not be made.
 *
 * @throws MirrorError when a variable is not valid
 */
export function readAdmission(environment: NodeJS.ProcessEnv): AdmissionPolicy | undefined {
  const policy = readPolicy(environment, RUN_ENVIRONMENT.ADMISSION) ?? readPolicy(environment, PROJECT_ENVIRONMENT.ADMISSION);
  const text = environment[RUN_ENVIRONMENT.LOCK];
  if (!text) return policy;
  const lock = parseLockPolicy(text);
  if (lock === undefined) {
    throw variableError(RUN_ENVIRONMENT.LOCK, text, 'it must be a lock as JSON, for example {"digests":{"stable":"sha256:<64 hexadecimal digits>"}}');
  }
  return { ...policy, lock };
}

/**
 * Reads the repositories of admission; undefined when the mirror has none.
 *
 * @throws MirrorError when the name of a repository is not valid
 */
export function readAdmissionTools(environment: NodeJS.ProcessEnv): AdmissionTools | undefined {
  const quarantine = readRepositoryName(environment, PROJECT_ENVIRONMENT.QUARANTINE);
  const decisions = readRepositoryName(environment, PROJECT_ENVIRONMENT.DECISIONS);
  const trustRootFile = environment[PROJECT_ENVIRONMENT.TRUST_ROOT] || undefined;
  if (quarantine !== undefined && decisions !== undefined) return { quarantine, decisions, ...trustRootFile === undefined ? {} : { trustRootFile } };
  if (quarantine === decisions) return undefined;
  const [set, missing] = quarantine === undefined
    ? [PROJECT_ENVIRONMENT.DECISIONS, PROJECT_ENVIRONMENT.QUARANTINE] : [PROJECT_ENVIRONMENT.QUARANTINE, PROJECT_ENVIRONMENT.DECISIONS];
  throw variableError(missing, '', `set it too, because ${set} is set`);
}

function readPolicy(environment: NodeJS.ProcessEnv, name: string): AdmissionPolicy | undefined {
  const text = environment[name];
  if (!text) return undefined;
  const policy = parseAdmissionPolicy(text);
  if (policy === undefined) {
    throw variableError(name, text, 'it must be a list of checks as JSON, for example {"minimumAge":{"hours":72,"maximumGapHours":37}}');
  }
  return policy;
}

function readRepositoryName(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const repository = environment[name];
  if (!repository) return undefined;
  const problem = repositoryNameProblem(repository);
  if (problem) throw variableError(name, repository, problem);
  return repository;
}
