import type { AppCatalogs } from './app-catalogs';
import type { AppEnvironment, SynthesizedBuild } from './cloud-assembly';
import { readAdmissionTools } from '../../engine/admission/read-admission';
import { MirrorError } from '../../engine/mirror-error';
import { planImage, PlannedImages } from '../../engine/mirror-plan';
import type { AdmissionTools } from '../../engine/mirror-request';
import { notAttempted } from '../../engine/result';
import { shownSource } from '../../engine/run-variables';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';

/** An environment-agnostic app does not know its registry. */
export const NO_REGISTRY = 'the app is synthesized for any account and Region; set AWS_ACCOUNT_ID and AWS_REGION, or --registry';

/** The account and the Region to use for environment-agnostic stacks: those of the variables of the AWS SDKs and the CDK. */
export function appEnvironment(): AppEnvironment {
  const { AWS_ACCOUNT_ID, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return { account: AWS_ACCOUNT_ID ?? CDK_DEFAULT_ACCOUNT, region: AWS_REGION ?? AWS_DEFAULT_REGION ?? CDK_DEFAULT_REGION };
}

/** The repositories that the checks of a run need; undefined when its mirror has no checks. */
export function gateOf({ environment }: SynthesizedBuild): AdmissionTools | undefined {
  try {
    return readAdmissionTools(environment);
  } catch (error) {
    // The image with the checks has an error with the remedy.
    if (error instanceof MirrorError) return undefined;
    throw error;
  }
}

/**
 * The images of a run, as its build would read them from its environment.
 *
 * @param registry the registry to use instead of that of the app
 */
export function planRun(run: SynthesizedBuild, registry: string | undefined, catalogs: AppCatalogs): PlannedImages[] {
  const environment: Record<string, string> = { ...run.environment, ...registry === undefined ? {} : { [PROJECT_ENVIRONMENT.REGISTRY]: registry } };
  const catalog = environment[RUN_ENVIRONMENT.CATALOG];
  try {
    if (catalog === undefined) return [planImage(environment)];
    if (!environment[PROJECT_ENVIRONMENT.REGISTRY]) throw new MirrorError('invalid-configuration', NO_REGISTRY);
    return catalogs.planImages(run, environment);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    const message = environment[PROJECT_ENVIRONMENT.REGISTRY] ? error.message : NO_REGISTRY;
    return [{ result: notAttempted(shownSource(environment), '', error.reason, message) }];
  }
}
