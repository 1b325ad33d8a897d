import { CfnResource } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';

/** A finding of cdk-nag that is as it should be. */
interface Suppression {
  /** The id of the rule. */
  readonly id: string;
  /** Why it is as it should be. */
  readonly reason: string;
  /** The findings that are meant, as cdk-nag writes them; all of the rule's without. */
  readonly applies_to?: readonly (string | { readonly regex: string })[];
}

/** Where cdk-nag looks for them: no library is needed to leave them there. */
const METADATA_KEY = 'cdk_nag';

/** Tells cdk-nag, where it is used, that findings of a resource are as they should be. */
function suppress(resource: CfnResource, suppressions: readonly Suppression[]): void {
  resource.addMetadata(METADATA_KEY, { rules_to_suppress: suppressions });
}

/** Tells cdk-nag that stacks can only be named as far as their names go. */
export function suppressStackNames(role: iam.Role): void {
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'The ARN of a stack ends in an id that CloudFormation makes up; the role may read the status of stacks with these names, and nothing else.',
    applies_to: [{ regex: '/^Resource::arn:.*:cloudformation:.*:stack/.*$/g' }],
  }]);
}

/** Tells cdk-nag that the repositories of catalogs can only be named by their prefixes. */
export function suppressRepositoryPrefixes(role: iam.Role, prefixes: readonly string[]): void {
  const names = prefixes.map((prefix) => prefix.replace(/\./g, '\\.').replace(/\//g, '\\/')).join('|');
  suppress(role.node.defaultChild as iam.CfnRole, [{
    id: 'AwsSolutions-IAM5',
    reason: 'Nobody knows the images of a catalog when the template is written; builds may create and fill repositories under the prefixes of the mirror only.',
    applies_to: [{ regex: `/^Resource::arn:.*:ecr:.*:repository\\/(?:${names})\\/\\*$/g` }],
  }]);
}

/** Tells those versions of cdk-nag that look for it that the builds of a project have to be privileged. */
export function suppressPrivilegedMode(project: codebuild.Project): void {
  suppress(project.node.defaultChild as codebuild.CfnProject, [{
    id: 'AwsSolutions-CB3',
    reason: 'Docker runs in privileged builds only. They build customized images, can pull what these are built from, and push to the repositories of these alone.',
  }]);
}

/** What is found in the CDK's provider framework, which is not ours to define otherwise. */
const FRAMEWORK_SUPPRESSIONS: Readonly<Record<string, readonly Suppression[]>> = {
  'AWS::Lambda::Function': [
    { id: 'AwsSolutions-L1', reason: 'The CDK chooses the runtime of its provider framework: the newest that every Region has.' },
  ],
  'AWS::IAM::Policy': [
    { id: 'AwsSolutions-IAM5', reason: 'The CDK lets its provider framework invoke all versions of the functions that it knows by name.' },
  ],
  'AWS::StepFunctions::StateMachine': [
    { id: 'AwsSolutions-SF1', reason: 'The state machine of the CDK\'s provider framework only repeats a function, which has a log of its own.' },
    { id: 'AwsSolutions-SF2', reason: 'The state machine of the CDK\'s provider framework only repeats a function.' },
  ],
};

/** Does so for all resources of the CDK's provider framework under a construct. */
export function suppressFrameworkFindings(framework: IConstruct): void {
  for (const resource of framework.node.findAll().filter((child) => CfnResource.isCfnResource(child))) {
    const suppressions = FRAMEWORK_SUPPRESSIONS[resource.cfnResourceType];
    if (suppressions !== undefined) suppress(resource, suppressions);
  }
}
