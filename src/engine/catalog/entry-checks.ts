/** The checks of new images of a catalog: those of the catalog or its mirror, made stricter by those of an entry. */
import { enforcePolicy, tightenPolicy } from '../../image/admission/admission-policy';
import { EntryAdmission, entryPolicy } from '../../image/catalog/entry-admission';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { readAdmission, readAdmissionTools } from '../admission/read-admission';
import { MirrorError } from '../mirror-error';

/**
 * The value of the variable `ADMISSION` of an entry; undefined for the checks of the mirror.
 *
 * @throws MirrorError when the entry has checks and the mirror has no quarantine, and when a variable is not valid
 */
export function entryChecks(admission: EntryAdmission | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  if (admission === undefined) return environment[RUN_ENVIRONMENT.ADMISSION];
  if (readAdmissionTools(environment) === undefined) {
    throw new MirrorError('invalid-configuration', 'its admission needs the quarantine repository of the mirror, and this mirror has none; '
      + 'set admission on the catalog in the app, also without checks, and deploy it');
  }
  const policy = readAdmission(environment) ?? {};
  const floor = admission.mode === 'ENFORCE' ? enforcePolicy(policy) : policy;
  return JSON.stringify(tightenPolicy(floor, entryPolicy(admission)));
}
