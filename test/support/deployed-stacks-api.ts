import { Exchange } from './exchange';
import { LocalServer } from './local-server';
import { COMMERCIAL, stackId, TemplateJson, TemplateResolver } from './template-resolver';

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';
const PAGE = 100;

/** A stack that is deployed. */
export interface DeployedStackDefinition {
  readonly name: string;
  readonly template: TemplateJson;
  /** What the template means. */
  readonly resolver: TemplateResolver;
  /** The logical ids of resources that it does not have, for a condition does not hold. @default - none */
  readonly left?: readonly string[];
  /** The template's text. @default - JSON */
  readonly body?: string;
}

/** A refusal of the query protocol. */
class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/**
 * What AWS CloudFormation tells of deployed stacks: `DescribeStacks`, `GetTemplate`, `ListStackResources`, `DescribeStackResources` by a physical id,
 * and `ListExports`.
 *
 * Imitated: the query protocol with its XML, pages, stacks that do not exist, actions that are denied. Not imitated: parameters, transforms,
 * signatures.
 */
export class DeployedStacksApi extends LocalServer {
  readonly stacks: DeployedStackDefinition[] = [];
  /** Actions that the caller may not do. */
  readonly denied = new Set<string>();
  /** The actions that were asked for, in their order. */
  readonly actions: string[] = [];

  protected async handle(exchange: Exchange): Promise<void> {
    const parameters = new URLSearchParams(await exchange.text());
    const action = parameters.get('Action') ?? '';
    this.actions.push(action);
    try {
      if (!exchange.header('authorization')?.startsWith('AWS4-HMAC-SHA256 Credential=')) throw new Refusal(403, 'MissingAuthenticationToken', 'Missing Authentication Token');
      if (this.denied.has(action)) throw new Refusal(403, 'AccessDenied', `User: arn:aws:iam::111122223333:user/dev is not authorized to perform: cloudformation:${action}`);
      const result = `<${action}Result>${this.answer(action, parameters)}</${action}Result>`;
      await reply(exchange, 200, `<${action}Response xmlns="${NAMESPACE}">${result}<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></${action}Response>`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const told = `<Error><Type>Sender</Type><Code>${error.code}</Code><Message>${escaped(error.message)}</Message></Error>`;
      await reply(exchange, error.status, `<ErrorResponse xmlns="${NAMESPACE}">${told}<RequestId>local</RequestId></ErrorResponse>`);
    }
  }

  private answer(action: string, parameters: URLSearchParams): string {
    switch (action) {
      case 'DescribeStacks': return this.describe(this.stack(parameters));
      case 'GetTemplate': return this.template(parameters);
      case 'ListStackResources': return this.resources(this.stack(parameters), parameters);
      case 'DescribeStackResources': return this.resourcesBeside(parameters.get('PhysicalResourceId') ?? '');
      case 'ListExports': return this.exports(parameters);
      default: throw new Refusal(400, 'InvalidAction', `${action} is not imitated`);
    }
  }

  private stack(parameters: URLSearchParams): DeployedStackDefinition {
    const name = parameters.get('StackName') ?? '';
    const stack = this.stacks.find((one) => one.name === name || stackId(COMMERCIAL, one.name) === name);
    if (stack === undefined) throw new Refusal(400, 'ValidationError', `Stack with id ${name} does not exist`);
    return stack;
  }

  private describe({ name }: DeployedStackDefinition): string {
    const fields = { StackId: stackId(COMMERCIAL, name), StackName: name, CreationTime: '2026-01-01T00:00:00Z', StackStatus: 'UPDATE_COMPLETE' };
    return `<Stacks><member>${xml(fields)}</member></Stacks>`;
  }

  private template(parameters: URLSearchParams): string {
    const { template, body = JSON.stringify(template, undefined, 1) } = this.stack(parameters);
    if (parameters.get('TemplateStage') !== 'Processed') throw new Refusal(400, 'ValidationError', 'only the processed template is imitated');
    return xml({ TemplateBody: body });
  }

  private resources(stack: DeployedStackDefinition, parameters: URLSearchParams): string {
    const all = resourcesOf(stack).map(({ LogicalResourceId, PhysicalResourceId, ResourceType }) => {
      const fixed = { LastUpdatedTimestamp: '2026-01-01T00:00:00Z', ResourceStatus: 'CREATE_COMPLETE' };
      return `<member>${xml({ LogicalResourceId, PhysicalResourceId, ResourceType, ...fixed })}</member>`;
    });
    return page('StackResourceSummaries', all, parameters);
  }

  private resourcesBeside(physicalId: string): string {
    const stack = this.stacks.find((one) => resourcesOf(one).some(({ PhysicalResourceId }) => PhysicalResourceId === physicalId));
    if (stack === undefined) throw new Refusal(400, 'ValidationError', `Stack for ${physicalId} does not exist`);
    // Up to 100, the one that was asked for among them.
    const found = resourcesOf(stack).filter(({ PhysicalResourceId }) => PhysicalResourceId === physicalId);
    const members = found.map((fields) => `<member>${xml({ StackName: stack.name, StackId: stackId(COMMERCIAL, stack.name), ...fields, Timestamp: '2026-01-01T00:00:00Z' })}</member>`);
    return `<StackResources>${members.join('')}</StackResources>`;
  }

  private exports(parameters: URLSearchParams): string {
    const all = this.stacks.flatMap(({ name, template, resolver }) => Object.values(template.Outputs ?? {}).flatMap(({ Value, Export }) => {
      if (Export === undefined) return [];
      return `<member>${xml({ ExportingStackId: stackId(COMMERCIAL, name), Name: String(resolver.resolve(Export.Name)), Value: String(resolver.resolve(Value)) })}</member>`;
    }));
    return page('Exports', all, parameters);
  }
}

function resourcesOf({ template, resolver, left = [] }: DeployedStackDefinition) {
  return Object.entries(template.Resources ?? {}).filter(([id]) => !left.includes(id)).map(([id, { Type }]) => {
    return { LogicalResourceId: id, PhysicalResourceId: String(resolver.resolve({ Ref: id })), ResourceType: Type };
  });
}

function page(name: string, members: readonly string[], parameters: URLSearchParams): string {
  const start = Number(parameters.get('NextToken') ?? 0);
  const next = start + PAGE < members.length ? xml({ NextToken: String(start + PAGE) }) : '';
  return `<${name}>${members.slice(start, start + PAGE).join('')}</${name}>${next}`;
}

function xml(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`).join('');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

async function reply(exchange: Exchange, status: number, body: string): Promise<void> {
  return exchange.reply(status, { 'content-type': 'text/xml' }, `<?xml version="1.0"?>${body}`);
}
