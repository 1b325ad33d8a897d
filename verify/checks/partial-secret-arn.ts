import type { Check } from '../check';
import { runBuild } from '../probes/builds';
import { UPSTREAM_IMAGE } from '../stack/names';

/** @see https://github.com/aws/aws-cdk/issues/13706 */
export const partialSecretArn: Check = {
  id: 'partial-secret-arn',
  section: 'CodeBuild and Scheduler',
  assumption: 'CodeBuild resolves a variable with the partial ARN of a secret and the name of a JSON field.',
  expected: 'SUCCEEDED',
  otherwise: 'Builds with RegistryCredentials of an imported secret fail before they start.',
  dollars: 0.01,
  minutes: 1.5,
  local: false,
  async run(context) {
    return runBuild(context, {
      projectName: context.outputs.SecretProject,
      environmentVariablesOverride: [{ name: 'IMAGE', value: UPSTREAM_IMAGE, type: 'PLAINTEXT' }],
    });
  },
};
