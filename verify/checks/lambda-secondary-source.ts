import type { Check } from '../check';
import { runBuild } from '../probes/builds';
import { UPSTREAM_IMAGE } from '../stack/names';

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/lambda.html */
export const lambdaSecondarySource: Check = {
  id: 'lambda-secondary-source',
  section: 'CodeBuild and Scheduler',
  assumption: 'A build on Lambda compute with a secondary source gets the source, and copies an image.',
  expected: 'SUCCEEDED',
  otherwise: 'MirrorCompute.awsLambda() does not support certificateAuthorityPath.',
  dollars: 0.01,
  minutes: 1,
  local: true,
  async run(context) {
    return runBuild(context, {
      projectName: context.outputs.LambdaProject,
      environmentVariablesOverride: [{ name: 'IMAGE', value: UPSTREAM_IMAGE, type: 'PLAINTEXT' }],
    });
  },
};
