import { type Check, NotChecked } from '../check';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
export const deploymentWaits: Check = {
  id: 'deployment-waits',
  section: 'CloudFormation',
  assumption: 'The custom resource of a mirror starts a build, and CloudFormation waits until the images are copied.',
  expected: 'UPDATE_COMPLETE',
  otherwise: 'Deployments fail unless onDeploy is OFF.',
  dollars: 0.01,
  minutes: 5,
  local: false,
  async run({ deployWithCopies }) {
    try {
      await deployWithCopies();
      return { seen: 'UPDATE_COMPLETE' };
    } catch (error) {
      if (error instanceof NotChecked) throw error;
      return { seen: 'UPDATE_FAILED', detail: (error as Error).message };
    }
  },
};
