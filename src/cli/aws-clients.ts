import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { awsRequestHandler } from '../engine/aws-request-handler';

/** The services of AWS that a deployed mirror is asked of and started with. */
export interface AwsClients {
  readonly cloudFormation: CloudFormationClient;
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  /** CodeBuild too, with requests that go on when the others are given up: a build that is started must be told of. */
  readonly starter: CodeBuildClient;
  /** Closes all connections. */
  destroy(): void;
}

/** Clients with the Region and the credentials of the AWS SDK's own chains; their requests end when the signal says so. */
export function awsClients(signal: AbortSignal): AwsClients {
  const configuration = { requestHandler: new RequestHandler(signal) };
  const clients = {
    cloudFormation: new CloudFormationClient(configuration),
    codeBuild: new CodeBuildClient(configuration),
    logs: new CloudWatchLogsClient(configuration),
    starter: new CodeBuildClient({ requestHandler: new RequestHandler() }),
  };
  return { ...clients, destroy: () => Object.values(clients).forEach((client) => client.destroy()) };
}

type Handle = NodeHttpHandler['handle'];

/** Reaches each host as it is to be reached: which hosts there are is known only when the SDK has found its Region and endpoints. */
class RequestHandler {
  /** The SDK asks for it before it signs in by the same way. */
  readonly metadata = { handlerProtocol: 'http/1.1' };
  private readonly handlers = new Map<string, NodeHttpHandler>();

  constructor(private readonly signal?: AbortSignal) {}

  async handle(request: Parameters<Handle>[0], options: Parameters<Handle>[1] = {}): ReturnType<Handle> {
    const { hostname } = request;
    const handler = this.handlers.get(hostname) ?? awsRequestHandler(hostname);
    this.handlers.set(hostname, handler);
    return handler.handle(request, { ...options, ...this.signal && { abortSignal: this.signal } });
  }

  destroy(): void {
    for (const handler of this.handlers.values()) handler.destroy();
  }
}
