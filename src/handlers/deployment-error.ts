import { BuildsError, saidBy } from '../builds/service-failure';

/** An error whose message is what CloudFormation shows. */
export class DeploymentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeploymentError';
    // The framework adds the stack to the message, and CloudFormation takes 4,096 bytes of both.
    this.stack = '';
  }
}

/** Puts whatever went wrong in words that CloudFormation can show. */
export async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeploymentError) throw error;
    throw new DeploymentError(error instanceof BuildsError ? error.message : `the images could not be mirrored: ${saidBy(error)}`);
  }
}
