import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { formatAwsError } from '../../codebuild/aws-errors';
import { awsRequestHandler } from '../../engine/aws-request-handler';

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

/** Why AWS did not do what it was asked for, in words that name the remedy. */
export class AwsError extends Error {}

const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError)$/;
const BAD_CREDENTIALS = /ExpiredToken|UnrecognizedClient|InvalidClientTokenId|IncompleteSignature|InvalidSignature|SignatureDoesNotMatch|MissingAuthenticationToken/;

/**
 * Asks AWS, and puts a refusal in words.
 *
 * @param permission the action that the credentials must allow, for example `codebuild:StartBuild`
 * @throws AwsRefusal
 */
export async function withAwsErrors<T>(permission: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new AwsError(knownAwsErrorMessage(error, permission) ?? `${permission}: ${formatAwsError(error)}`, { cause: error });
  }
}

/** Whether a refusal is for want of a permission. */
export function isDenied(error: unknown): boolean {
  return DENIED.test((Object(error) as Error).name ?? '');
}

/** What to do about a refusal of a service, or of the SDK before it; undefined for what has no remedy of its own. */
export function knownAwsErrorMessage(error: unknown, permission: string): string | undefined {
  const { name = '', message = '' } = Object(error) as Partial<Error>;
  if (/^Region (is missing|not accepted)/.test(message)) return 'no AWS Region is set, or it does not exist; set AWS_REGION, or the region of the profile that AWS_PROFILE names';
  if (NO_CREDENTIALS.test(name)) return `there are no AWS credentials; sign in, for example with "aws sso login", or set AWS_PROFILE (${formatAwsError(error)})`;
  if (BAD_CREDENTIALS.test(name)) return `AWS does not take the credentials any more; sign in again (${formatAwsError(error)})`;
  if (isDenied(error)) return `the AWS credentials do not allow ${permission}; sign in as somebody who may do that (${formatAwsError(error)})`;
  return undefined;
}

/** Whether CloudFormation says that there is no such stack, or none with such a resource. It has no error of its own for that. */
export function isNoStack(error: unknown): boolean {
  const { name, message = '' } = Object(error) as Partial<Error>;
  return name === 'ValidationError' && /does not exist/.test(message);
}
