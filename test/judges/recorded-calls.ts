/** The requests to AWS services that programs send to the local ones. */
import type { AwsCall } from './programs';
import { Exchange } from '../support/exchange';

/** The services by the first part of `x-amz-target`, as botocore names them. */
const SERVICES: Readonly<Record<string, string>> = {
  AmazonEC2ContainerRegistry_V20150921: 'ecr',
  AmazonSSM: 'ssm',
  AWSEvents: 'events',
  CodeBuild_20161006: 'codebuild',
  Logs_20140328: 'logs',
  SpencerFrontendService: 'ecr-public',
};

/** Records all requests in AWS JSON and in the query protocol, until the mocks are restored. */
export function recordCalls(): AwsCall[] {
  const calls: AwsCall[] = [];
  const text = Exchange.prototype.text;
  jest.spyOn(Exchange.prototype, 'text').mockImplementation(async function read(this: Exchange) {
    const body = await text.call(this);
    const call = callOf(this.header('x-amz-target'), body);
    if (call !== undefined) calls.push(call);
    return body;
  });
  return calls;
}

function callOf(target: string | undefined, body: string): AwsCall | undefined {
  if (target !== undefined) {
    const [prefix, operation] = target.split('.');
    // An unknown service is one that botocore refuses.
    return { service: SERVICES[prefix] ?? prefix, operation, input: JSON.parse(body || '{}') };
  }
  const { Action: operation, Version, ...input } = Object.fromEntries(new URLSearchParams(body));
  return operation === undefined ? undefined : { service: Version === '2010-05-15' ? 'cloudformation' : String(Version), operation, input };
}
