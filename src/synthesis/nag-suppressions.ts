import { CfnResource } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';

/** A suppression of a cdk-nag rule. */
interface Suppression {
  /** The ID of the rule. */
  readonly id: string;
  /** The reason for the suppression. */
  readonly reason: string;
  /** The suppressed findings, as cdk-nag formats them. By default, all findings of the rule are suppressed. */
  readonly applies_to?: readonly (string | { readonly regex: string })[];
}

/** The metadata key that cdk-nag reads. Writing the metadata needs no dependency on cdk-nag. */
const METADATA_KEY = 'cdk_nag';

/** Suppresses rules of cdk-nag for a resource. */
function suppress(resource: CfnResource, suppressions: readonly Suppression[]): void {
  const present: readonly Suppression[] = resource.getMetadata(METADATA_KEY)?.rules_to_suppress ?? [];
  const known = new Set(present.map((suppression) => JSON.stringify(suppression)));
  const added = suppressions.filter((suppression) => !known.has(JSON.stringify(suppression)));
  resource.addMetadata(METADATA_KEY, { rules_to_suppress: [...present, ...added] });
}

/** Suppresses the finding for the wildcard ARNs of stacks. The ID at the end of the ARN is not known at synthesis. */
export function suppressStackNames(role: iam.Role): void {
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'The ARN of a stack ends with an ID that CloudFormation generates; the role can read only the status of stacks with these names.',
    applies_to: [{ regex: '/^Resource::arn:.*:cloudformation:.*:stack/.*$/g' }],
  }]);
}

/** Suppresses the finding for the network interfaces of a function in a VPC. */
export function suppressNetworkInterfaces(role: iam.Role): void {
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'AWS Lambda needs the permissions on network interfaces for all resources. A statement denies them to the code of the function.',
    applies_to: ['Resource::*'],
  }]);
}

/** Suppresses the finding for a runtime of AWS Lambda that is not the newest in the CDK. */
export function suppressRuntime(handler: lambda.Function): void {
  suppress(handler.node.defaultChild as lambda.CfnFunction, [{
    id: 'AwsSolutions-L1',
    reason: 'Node.js 22 is the newest runtime that the AWS CDK lists for all Regions.',
  }]);
}

/** Suppresses the finding for the wildcard ARN of the key of the assets. */
export function suppressKeys(role: iam.Role): void {
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'The key of the bucket with the assets is not known at synthesis; conditions restrict the decryption to these assets, by Amazon S3.',
    applies_to: [{ regex: '/^Resource::arn:.*:kms:.*:key\\/\\*$/g' }],
  }]);
}

/** Suppresses the finding for the wildcard ARNs of the repositories of catalogs. */
export function suppressRepositoryPrefixes(role: iam.Role, prefixes: readonly string[]): void {
  const names = prefixes.map((prefix) => prefix.replace(/\./g, '\\.').replace(/\//g, '\\/')).join('|');
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'The images of a catalog are not known at synthesis; builds can create, and push to, only repositories under the prefixes of the mirror.',
    applies_to: [{ regex: `/^Resource::arn:.*:ecr:.*:repository\\/(?:${names})\\/\\*$/g` }],
  }]);
}

/** Suppresses the finding for privileged builds, which some versions of cdk-nag report. */
export function suppressPrivilegedMode(project: codebuild.Project): void {
  suppress(project.node.defaultChild as codebuild.CfnProject, [{
    id: 'AwsSolutions-CB3',
    reason: 'Docker needs privileged builds. They can pull only the images that customized images are built from, '
      + 'and push only to the repositories of customized images.',
  }]);
}

/** The suppressions for the CDK's provider framework, which this library does not define. */
const FRAMEWORK_SUPPRESSIONS: Readonly<Record<string, readonly Suppression[]>> = {
  'AWS::Lambda::Function': [
    { id: 'AwsSolutions-L1', reason: 'The CDK sets the runtime of its provider framework: the newest runtime that is available in all Regions.' },
  ],
  'AWS::IAM::Policy': [
    { id: 'AwsSolutions-IAM5', reason: 'The CDK allows its provider framework to invoke all versions of specific functions.' },
  ],
  'AWS::StepFunctions::StateMachine': [
    { id: 'AwsSolutions-SF1', reason: 'The state machine of the CDK\'s provider framework only repeats calls of a function, which has its own log.' },
    { id: 'AwsSolutions-SF2', reason: 'The state machine of the CDK\'s provider framework only repeats calls of a function.' },
  ],
};

/** Suppresses the findings of all resources of the CDK's provider framework under a construct. */
export function suppressFrameworkFindings(framework: IConstruct): void {
  for (const resource of framework.node.findAll().filter((child) => CfnResource.isCfnResource(child))) {
    const suppressions = FRAMEWORK_SUPPRESSIONS[resource.cfnResourceType];
    if (suppressions !== undefined) suppress(resource, suppressions);
  }
}
