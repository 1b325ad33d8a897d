import { Aspects, Stack } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NagSuppressions } from 'cdk-nag';

/** What the AWS Solutions checks find in a stack with a mirror, and why it is as it should be. */
const SUPPRESSIONS = [
  {
    id: 'AwsSolutions-IAM5',
    appliesTo: ['Resource::*'],
    reason: 'ecr:GetAuthorizationToken knows no resource; what may be pushed to is named repository by repository.',
  },
  {
    id: 'AwsSolutions-CB4',
    reason: 'The key would encrypt the artifacts of builds, and these builds have none.',
  },
  {
    id: 'AwsSolutions-SQS3',
    reason: 'The queue is the dead-letter queue of the schedules; the check knows only those of other queues.',
  },
];

/** Lets cdk-nag judge a stack whenever it is synthesized. */
export function addSecurityChecks(stack: Stack): void {
  NagSuppressions.addStackSuppressions(stack, SUPPRESSIONS);
  Aspects.of(stack).add(new AwsSolutionsChecks({ verbose: true }));
}
