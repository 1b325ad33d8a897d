import { StartBuildCommand } from '@aws-sdk/client-codebuild';
import type { Check } from '../check';

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html */
export const buildLimit: Check = {
  id: 'build-limit',
  section: 'CodeBuild and Scheduler',
  assumption: 'If a project has reached its limit of concurrent builds, StartBuild fails with AccountLimitExceededException.',
  expected: 'AccountLimitExceededException',
  otherwise: 'A deployment that cannot start a build fails instead of trying again.',
  dollars: 0.02,
  minutes: 0.2,
  local: false,
  async run({ codeBuild, outputs, signal }) {
    // The schedule of the project also starts builds, so the first request can already be one too many.
    for (let builds = 0; builds < 3; builds++) {
      try {
        await codeBuild.send(new StartBuildCommand({ projectName: outputs.LimitedProject }), { abortSignal: signal });
      } catch (error) {
        return { seen: (error as Error).name, detail: (error as Error).message };
      }
    }
    return { seen: 'a queue', detail: 'three builds of a project with the limit 1 were started' };
  },
};
