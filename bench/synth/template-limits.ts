import { renderedLength } from '../../src/repositories/repository-arns';

/** A template as it is uploaded. */
export interface FleetTemplate {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
}

interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, any>>;
}

/** How much of one of AWS's limits is used. */
export interface Measure {
  readonly limit: string;
  readonly most: number;
  readonly value: number;
}

/**
 * AWS's limits on what a stack of images is made of, and how much of each one template uses: where there are several roles or queues, the fullest.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export function measuresOf(template: FleetTemplate, bytes: number): Measure[] {
  const resources = Object.values(template.Resources ?? {});
  const of = (type: string) => resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties ?? {});
  const queuePolicies = of('AWS::SQS::QueuePolicy').map(({ PolicyDocument }) => PolicyDocument);
  const customResources = resources.filter(({ Type }) => Type.startsWith('Custom::') || Type === 'AWS::CloudFormation::CustomResource');
  return [
    { limit: 'resources in a stack', most: 500, value: resources.length },
    { limit: 'bytes of a template', most: 1_000_000, value: bytes },
    { limit: 'outputs of a stack', most: 200, value: Object.keys(template.Outputs ?? {}).length },
    { limit: 'parameters of a stack', most: 200, value: Object.keys(template.Parameters ?? {}).length },
    { limit: 'characters of a role\'s inline policies', most: 10_240, value: largest(inlinePolicyLengths(template)) },
    { limit: 'characters of a managed policy', most: 6_144, value: largest(of('AWS::IAM::ManagedPolicy').map(({ PolicyDocument }) => renderedLength(PolicyDocument))) },
    { limit: 'managed policies of a role', most: 10, value: largest(managedPolicyCounts(template)) },
    { limit: 'characters of a role\'s trust policy', most: 2_048, value: largest(of('AWS::IAM::Role').map(({ AssumeRolePolicyDocument }) => renderedLength(AssumeRolePolicyDocument))) },
    { limit: 'characters of a queue\'s policy', most: 8_192, value: largest(queuePolicies.map(renderedLength)) },
    { limit: 'statements of a queue\'s policy', most: 20, value: largest(queuePolicies.map(({ Statement }) => Statement.length)) },
    // An update sends the old properties and the new ones. Lambda took so much when nobody waits for the answer, until October 2025: since then 1 MB.
    { limit: 'bytes of a custom resource\'s request', most: 262_144, value: largest(customResources.map(({ Properties }) => 2 * renderedLength(Properties))) },
    { limit: 'bytes of a schedule\'s input', most: 262_144, value: largest(of('AWS::Scheduler::Schedule').map(({ Target }) => renderedLength(Target.Input))) },
  ];
}

/** Of each limit the measure that is the largest among templates. */
export function worstOf(all: readonly (readonly Measure[])[]): Measure[] {
  return all[0].map((measure, index) => ({ ...measure, value: largest(all.map((measures) => measures[index].value)) }));
}

/** All inline policies of a role together, those included that are resources of their own. */
function inlinePolicyLengths({ Resources = {} }: FleetTemplate): number[] {
  const lengths = new Map<string, number>();
  const add = (role: string, document: unknown) => lengths.set(role, (lengths.get(role) ?? 0) + renderedLength(document));
  for (const [id, { Type, Properties }] of Object.entries(Resources)) {
    if (Type === 'AWS::IAM::Role') for (const { PolicyDocument } of Properties?.Policies ?? []) add(id, PolicyDocument);
    if (Type === 'AWS::IAM::Policy') for (const { Ref } of Properties?.Roles ?? []) add(Ref, Properties?.PolicyDocument);
  }
  return [...lengths.values()];
}

function managedPolicyCounts({ Resources = {} }: FleetTemplate): number[] {
  const counts = new Map<string, number>();
  const add = (role: string, count: number) => counts.set(role, (counts.get(role) ?? 0) + count);
  for (const [id, { Type, Properties }] of Object.entries(Resources)) {
    if (Type === 'AWS::IAM::Role') add(id, Properties?.ManagedPolicyArns?.length ?? 0);
    if (Type === 'AWS::IAM::ManagedPolicy') for (const { Ref } of Properties?.Roles ?? []) add(Ref, 1);
  }
  return [...counts.values()];
}

function largest(values: readonly number[]): number {
  return Math.max(0, ...values);
}
