import { Aspects, Stack } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NagPackSuppression, NagSuppressions } from 'cdk-nag';
import { addSecurityChecks as addMirrorChecks } from '../sample-app/security-checks';

/** What the AWS Solutions checks find in the workloads, and why it is as it should be. */
const SUPPRESSIONS: NagPackSuppression[] = [
  { id: 'AwsSolutions-CB4', reason: 'The key would encrypt the artifacts of builds, and these builds have none.' },
  { id: 'AwsSolutions-CB5', reason: 'The build image is the mirror\'s copy, scanned when it arrived.' },
  {
    id: 'AwsSolutions-IAM4',
    appliesTo: ['Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    reason: 'The CDK gives a function the right to write its log.',
  },
  { id: 'AwsSolutions-IAM5', reason: 'ecr:GetAuthorizationToken knows no resource; logs and test reports have names that begin with the project\'s.' },
];

/** Lets cdk-nag judge the stack of the mirror. */
export { addMirrorChecks };

/** Lets cdk-nag judge the stack of the workloads. */
export function addWorkloadChecks(stack: Stack): void {
  NagSuppressions.addStackSuppressions(stack, SUPPRESSIONS);
  Aspects.of(stack).add(new AwsSolutionsChecks({ verbose: true }));
}
