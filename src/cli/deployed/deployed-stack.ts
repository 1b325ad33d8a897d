import { CloudFormationClient, DescribeStackResourcesCommand, DescribeStacksCommand, GetTemplateCommand, ListExportsCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { parse as parseYaml } from 'yaml';
import { withAwsErrors, AwsError, isDenied, isNoStack } from './aws-clients';
import { quote } from '../../image/sanitize';
import { resolveText, StackTemplate, TokenValues } from '../app/stack-template';
import { UsageError } from '../usage-error';

/** A stack as it is deployed. */
export interface DeployedStack {
  readonly name: string;
  readonly template: StackTemplate;
  readonly values: TokenValues;
}

/**
 * Reads a stack as it is deployed, with what the tokens of its template stand for.
 *
 * @throws UsageError when there is no such stack, AwsRefusal when it cannot be read
 */
export async function readDeployedStack(client: CloudFormationClient, name: string): Promise<DeployedStack> {
  const { StackId: stackId = '', StackName = name, Parameters = [] } = await describe(client, name);
  const { TemplateBody: body = '' } = await withAwsErrors('cloudformation:GetTemplate',
    () => client.send(new GetTemplateCommand({ StackName: stackId, TemplateStage: 'Processed' })));
  const resources = await physicalIds(client, stackId);
  const template = withOnly(resources, parse(body, name));
  const known = new Map([
    ...resources,
    ...Parameters.map(({ ParameterKey, ParameterValue, ResolvedValue }) => [ParameterKey, ResolvedValue ?? ParameterValue] as const),
    ...pseudoParameters(stackId, StackName),
  ]);
  const exports = importsSomething(template) ? await readExports(client) : new Map<string, string>();
  const values: TokenValues = ({ Ref, 'Fn::ImportValue': imported }) => {
    if (Ref !== undefined) return known.get(Ref);
    return imported === undefined ? undefined : exports.get(resolveText(imported, values) ?? '');
  };
  return { name: StackName, template, values };
}

/** The name of the stack that a project is a resource of; undefined when it is in none. */
export async function stackOfProject(client: CloudFormationClient, project: string): Promise<string | undefined> {
  try {
    const question = new DescribeStackResourcesCommand({ PhysicalResourceId: project });
    const { StackResources = [] } = await withAwsErrors('cloudformation:DescribeStackResources', () => client.send(question));
    return StackResources.find(({ PhysicalResourceId, ResourceType }) => PhysicalResourceId === project && ResourceType === 'AWS::CodeBuild::Project')?.StackName;
  } catch (error) {
    if (error instanceof AwsError && isNoStack(error.cause)) return undefined;
    throw error;
  }
}

async function describe(client: CloudFormationClient, name: string) {
  try {
    const { Stacks: [stack] = [] } = await withAwsErrors('cloudformation:DescribeStacks', () => client.send(new DescribeStacksCommand({ StackName: name })));
    return stack ?? {};
  } catch (error) {
    if (!(error instanceof AwsError) || !isNoStack(error.cause)) throw error;
    throw new UsageError(`there is no stack ${quote(name)} in the Region ${await client.config.region()} of this account; name it as CloudFormation does, and set AWS_REGION if it is elsewhere`);
  }
}

/** What is deployed is JSON, unless somebody has turned it into YAML. */
function parse(body: string, name: string): StackTemplate {
  for (const read of [(text: string): unknown => JSON.parse(text), (text: string): unknown => parseYaml(text)]) {
    try {
      return Object(read(body)) as StackTemplate;
    } catch {
      continue;
    }
  }
  throw new UsageError(`the template of the stack ${quote(name)} is neither JSON nor YAML`);
}

/** A template may have resources on conditions that do not hold. */
function withOnly(deployed: ReadonlyMap<string, string>, template: StackTemplate): StackTemplate {
  return { ...template, Resources: Object.fromEntries(Object.entries(template.Resources ?? {}).filter(([id]) => deployed.has(id))) };
}

/** The physical id of each resource that is there, by its logical one. */
async function physicalIds(client: CloudFormationClient, stackId: string): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const page = new ListStackResourcesCommand({ StackName: stackId, NextToken });
    const answer = await withAwsErrors('cloudformation:ListStackResources', () => client.send(page));
    for (const { LogicalResourceId: id = '', PhysicalResourceId: physicalId, ResourceStatus } of answer.StackResourceSummaries ?? []) {
      if (physicalId !== undefined && ResourceStatus !== 'DELETE_COMPLETE') ids.set(id, physicalId);
    }
    NextToken = answer.NextToken;
  } while (NextToken);
  return ids;
}

/** The stack's id is an ARN, which says where it is. */
function pseudoParameters(stackId: string, stackName: string): [string, string][] {
  const [, partition = 'aws', , region = '', account = ''] = stackId.split(':');
  return [
    ['AWS::AccountId', account],
    ['AWS::Partition', partition],
    ['AWS::Region', region],
    ['AWS::StackId', stackId],
    ['AWS::StackName', stackName],
    ['AWS::URLSuffix', partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'],
  ];
}

function importsSomething({ Resources = {} }: StackTemplate): boolean {
  return Object.values(Resources).some((resource) => resource.Type === 'AWS::Scheduler::Schedule' && JSON.stringify(resource).includes('"Fn::ImportValue"'));
}

/** What stacks of the account export; as good as nothing when that may not be read, for a mirror may be found without. */
async function readExports(client: CloudFormationClient): Promise<Map<string, string>> {
  const exports = new Map<string, string>();
  let NextToken: string | undefined;
  try {
    do {
      const page = new ListExportsCommand({ NextToken });
      const answer = await withAwsErrors('cloudformation:ListExports', () => client.send(page));
      for (const { Name = '', Value = '' } of answer.Exports ?? []) exports.set(Name, Value);
      NextToken = answer.NextToken;
    } while (NextToken);
  } catch (error) {
    if (!(error instanceof AwsError) || !isDenied(error.cause)) throw error;
  }
  return exports;
}
