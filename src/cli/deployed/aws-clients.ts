import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { formatAwsError, isNetworkError, isQuotaError, StartBuildError } from '../../codebuild/aws-errors';
import { awsRequestHandler } from '../../engine/aws-request-handler';
import type { FailureReason } from '../../engine/result';

/** The AWS clients of the command `start`. */
export interface AwsClients {
  readonly cloudFormation: CloudFormationClient;
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  /** A CodeBuild client to start builds. The signal does not abort its requests, so that each started build is reported. */
  readonly starter: CodeBuildClient;
  /** Closes all connections. */
  destroy(): void;
}

/** Creates clients with the default Region and credentials of the AWS SDK. The signal aborts their requests. */
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

/** Uses one request handler for each host, because a proxy can depend on the host. The SDK resolves the hosts only when it sends a request. */
class RequestHandler {
  /** The SDK reads this field before it loads credentials with the same handler. */
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

/** A failed request to AWS. The message has the remedy. */
export class AwsError extends Error {}

const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
const MISSING_REGION = /^Region (is missing|not accepted)/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError)$/;
const BAD_CREDENTIALS = new RegExp('ExpiredToken|UnrecognizedClient|InvalidClientTokenId|IncompleteSignature|InvalidSignature|SignatureDoesNotMatch'
  + '|MissingAuthenticationToken');

/**
 * Sends a request to AWS.
 *
 * @param permission the IAM action of the request, for example `codebuild:StartBuild`
 * @throws AwsError when the request fails
 */
export async function withAwsErrors<T>(permission: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw new AwsError(knownAwsErrorMessage(error, permission) ?? `${permission}: ${formatAwsError(error)}`, { cause: error });
  }
}

/** Whether a request failed because of a missing permission. */
export function isDenied(error: unknown): boolean {
  return DENIED.test((Object(error) as Error).name ?? '');
}

/** The message for an error of the SDK or of a service that has a known remedy; undefined for other errors. */
export function knownAwsErrorMessage(error: unknown, permission: string): string | undefined {
  const { name = '', message = '' } = Object(error) as Partial<Error>;
  if (MISSING_REGION.test(message)) return 'the AWS Region is not set or not valid; set AWS_REGION or AWS_PROFILE';
  const cause = formatAwsError(error);
  if (NO_CREDENTIALS.test(name)) return `there are no AWS credentials; sign in, for example with "aws sso login", or set AWS_PROFILE (${cause})`;
  if (BAD_CREDENTIALS.test(name)) return `the AWS credentials are expired or not valid; sign in again (${cause})`;
  if (isDenied(error)) return `the AWS credentials do not allow ${permission}; sign in with a role that allows it (${cause})`;
  return undefined;
}

/** The reason of a failure, for `--json`. */
export function awsFailureReason(error: unknown): FailureReason {
  const cause: unknown = error instanceof AwsError || error instanceof StartBuildError ? error.cause : error;
  const { name = '', message = '' } = Object(cause) as Partial<Error>;
  if (MISSING_REGION.test(message)) return 'invalid-configuration';
  if (NO_CREDENTIALS.test(name) || BAD_CREDENTIALS.test(name) || isDenied(cause)) return 'unauthorized';
  if (isQuotaError(cause)) return 'limit-exceeded';
  return isNetworkError(cause) ? 'network' : 'internal-error';
}

/** Whether CloudFormation reports that a stack, or a stack with a resource, does not exist. It uses a general error for that. */
export function isNoStack(error: unknown): boolean {
  const { name, message = '' } = Object(error) as Partial<Error>;
  return name === 'ValidationError' && /does not exist/.test(message);
}
