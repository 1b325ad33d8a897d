import { Exchange } from './exchange';
import { LocalServer } from './local-server';

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/**
 * `DescribeStacks` of AWS CloudFormation for stacks whose statuses are set.
 *
 * Imitated: the query protocol with its XML, stacks that do not exist. Not imitated: everything else of a stack, signatures.
 */
export class LocalCloudFormationApi extends LocalServer {
  /** The status of each stack by its id. */
  readonly statuses = new Map<string, string>();

  protected async handle(exchange: Exchange): Promise<void> {
    const parameters = new URLSearchParams(await exchange.text());
    const name = parameters.get('StackName') ?? '';
    const status = this.statuses.get(name);
    if (!exchange.header('authorization')?.startsWith('AWS4-HMAC-SHA256 Credential=')) return refuse(exchange, 403, 'MissingAuthenticationToken', 'Missing Authentication Token');
    if (parameters.get('Action') !== 'DescribeStacks') return refuse(exchange, 400, 'InvalidAction', 'only DescribeStacks is imitated');
    if (status === undefined) return refuse(exchange, 400, 'ValidationError', `Stack with id ${name} does not exist`);
    const stack = `<StackId>${name}</StackId><StackName>${name.split('/')[1]}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>`;
    const result = `<DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult>`;
    return reply(exchange, 200, `<DescribeStacksResponse xmlns="${NAMESPACE}">${result}<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></DescribeStacksResponse>`);
  }
}

async function refuse(exchange: Exchange, status: number, code: string, message: string): Promise<void> {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return reply(exchange, status, `<ErrorResponse xmlns="${NAMESPACE}">${error}<RequestId>local</RequestId></ErrorResponse>`);
}

async function reply(exchange: Exchange, status: number, body: string): Promise<void> {
  return exchange.reply(status, { 'content-type': 'text/xml' }, `<?xml version="1.0"?>${body}`);
}
