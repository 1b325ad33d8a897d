import {
  CloudFormationClient, DescribeStackResourcesCommand, DescribeStacksCommand, GetTemplateCommand, ListExportsCommand, ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { parse as parseYaml } from 'yaml';
import { withAwsErrors, AwsError, isDenied, isNoStack } from './aws-clients';
import { awsDomain } from '../../image/registry-hosts';
import { quote } from '../../image/sanitize';
import { describesBuilds, resolveText, StackTemplate, TokenValues } from '../app/stack-template';
import { UsageError } from '../usage-error';

/** A deployed CloudFormation stack. */
export interface DeployedStack {
  readonly name: string;
  /** The template, without resources that are not deployed. */
  readonly template: StackTemplate;
  readonly values: TokenValues;
}

/**
 * Reads a deployed stack with the values of the tokens in its template.
 *
 * @throws UsageError when the stack does not exist
 * @throws AwsError when the stack cannot be read
 */
export async function readDeployedStack(client: CloudFormationClient, name: string): Promise<DeployedStack> {
  const { StackId: stackId = '', StackName = name, Parameters = [] } = await readStack(client, name);
  const { TemplateBody: body = '' } = await withAwsErrors('cloudformation:GetTemplate',
    () => client.send(new GetTemplateCommand({ StackName: stackId, TemplateStage: 'Processed' })));
  const resources = await readPhysicalIds(client, stackId);
  const template = withDeployedResources(resources, parseTemplate(body, name));
  const known = new Map([
    ...resources,
    ...Parameters.map(({ ParameterKey, ParameterValue, ResolvedValue }) => [ParameterKey, ResolvedValue ?? ParameterValue] as const),
    ...pseudoParameters(stackId, StackName),
  ]);
  const exports = usesImports(template) ? await readExports(client) : new Map<string, string>();
  const values: TokenValues = ({ Ref, 'Fn::ImportValue': imported }) => {
    if (Ref !== undefined) return known.get(Ref);
    return imported === undefined ? undefined : exports.get(resolveText(imported, values) ?? '');
  };
  return { name: StackName, template, values };
}

/** The name of the stack that contains a CodeBuild project; undefined when the project is not in a stack. */
export async function readStackOfProject(client: CloudFormationClient, project: string): Promise<string | undefined> {
  try {
    const command = new DescribeStackResourcesCommand({ PhysicalResourceId: project });
    const { StackResources = [] } = await withAwsErrors('cloudformation:DescribeStackResources', () => client.send(command));
    return StackResources.find(({ PhysicalResourceId, ResourceType }) => {
      return PhysicalResourceId === project && ResourceType === 'AWS::CodeBuild::Project';
    })?.StackName;
  } catch (error) {
    if (error instanceof AwsError && isNoStack(error.cause)) return undefined;
    throw error;
  }
}

async function readStack(client: CloudFormationClient, name: string) {
  try {
    const command = new DescribeStacksCommand({ StackName: name });
    const { Stacks: [stack] = [] } = await withAwsErrors('cloudformation:DescribeStacks', () => client.send(command));
    return stack ?? {};
  } catch (error) {
    if (!(error instanceof AwsError) || !isNoStack(error.cause)) throw error;
    const region = await client.config.region();
    throw new UsageError(`the stack ${quote(name)} does not exist in the Region ${region} of this account; check --stack, or set AWS_REGION`);
  }
}

/** The CDK deploys JSON, but other tools can deploy the template as YAML. */
function parseTemplate(body: string, name: string): StackTemplate {
  for (const parse of [(text: string): unknown => JSON.parse(text), (text: string): unknown => parseYaml(text)]) {
    try {
      return Object(parse(body)) as StackTemplate;
    } catch {
      continue;
    }
  }
  throw new UsageError(`the template of the stack ${quote(name)} is not valid JSON or YAML; name another stack with --stack`);
}

/** A template can have resources with conditions that are false. */
function withDeployedResources(deployed: ReadonlyMap<string, string>, template: StackTemplate): StackTemplate {
  return { ...template, Resources: Object.fromEntries(Object.entries(template.Resources ?? {}).filter(([id]) => deployed.has(id))) };
}

/** The physical ids of the deployed resources, by logical id. */
async function readPhysicalIds(client: CloudFormationClient, stackId: string): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const command = new ListStackResourcesCommand({ StackName: stackId, NextToken });
    const response = await withAwsErrors('cloudformation:ListStackResources', () => client.send(command));
    for (const { LogicalResourceId: id = '', PhysicalResourceId: physicalId, ResourceStatus } of response.StackResourceSummaries ?? []) {
      if (physicalId !== undefined && ResourceStatus !== 'DELETE_COMPLETE') ids.set(id, physicalId);
    }
    NextToken = response.NextToken;
  } while (NextToken);
  return ids;
}

/** The id of a stack is an ARN with its account and Region. */
function pseudoParameters(stackId: string, stackName: string): [string, string][] {
  const [, partition = 'aws', , region = '', account = ''] = stackId.split(':');
  return [
    ['AWS::AccountId', account],
    ['AWS::Partition', partition],
    ['AWS::Region', region],
    ['AWS::StackId', stackId],
    ['AWS::StackName', stackName],
    ['AWS::URLSuffix', awsDomain(region)],
  ];
}

function usesImports({ Resources = {} }: StackTemplate): boolean {
  return Object.values(Resources).some((resource) => {
    return describesBuilds(resource) && JSON.stringify(resource).includes('"Fn::ImportValue"');
  });
}

/** Reads the exports of the account. Without permission there are none, because the images can often be found without exports. */
async function readExports(client: CloudFormationClient): Promise<Map<string, string>> {
  const exports = new Map<string, string>();
  let NextToken: string | undefined;
  try {
    do {
      const command = new ListExportsCommand({ NextToken });
      const response = await withAwsErrors('cloudformation:ListExports', () => client.send(command));
      for (const { Name = '', Value = '' } of response.Exports ?? []) exports.set(Name, Value);
      NextToken = response.NextToken;
    } while (NextToken);
  } catch (error) {
    if (!(error instanceof AwsError) || !isDenied(error.cause)) throw error;
  }
  return exports;
}
