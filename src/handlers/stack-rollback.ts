import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { saidBy } from '../builds/service-failure';

/**
 * Whether a stack is on its way back to what it was. Nothing is mirrored then: the images of the old declaration are there,
 * and an error would leave the stack in `UPDATE_ROLLBACK_FAILED`, which a person must get it out of.
 *
 * @returns false too when CloudFormation does not say
 */
export async function isRollingBack(client: CloudFormationClient, stackId: string | undefined, log: (line: string) => void): Promise<boolean> {
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackId }));
    return /ROLLBACK_IN_PROGRESS$/.test(stack?.StackStatus ?? '');
  } catch (error) {
    log(`the status of the stack could not be read: ${saidBy(error)}`);
    return false;
  }
}
