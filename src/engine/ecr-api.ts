import type { ECRClient } from '@aws-sdk/client-ecr';
import { awsNetworkError } from './aws-request';
import { MirrorError } from './mirror-error';
import { RetryContext, withRetries } from './registry/retry';
import { awsServiceHost, ecrHost } from '../image/registry-hosts';
import { sanitizeForLog } from '../image/sanitize';

/** A registry in Amazon ECR: its account and Region. */
export type EcrRegistry = NonNullable<ReturnType<typeof ecrHost>>;

/** A repository of Amazon ECR. */
export interface EcrRepository extends EcrRegistry {
  readonly repository: string;
}

/**
 * Runs a task with a client of the API of Amazon ECR. The AWS SDK is loaded on demand.
 *
 * @param maxAttempts the attempts of the AWS SDK. By default 1: the retries are those of the engine, which stop at the deadline and are in the log.
 */
export async function withEcrClient<T>(
  { fips, region }: EcrRegistry, task: (client: ECRClient, sdk: typeof import('@aws-sdk/client-ecr')) => Promise<T>, maxAttempts: number = 1,
): Promise<T> {
  const [sdk, { awsRequestHandler }] = await Promise.all([import('@aws-sdk/client-ecr'), import('./aws-request-handler.js')]);
  const requestHandler = awsRequestHandler(awsServiceHost('ecr', region, { fips }));
  const client = new sdk.ECRClient({ region, useFipsEndpoint: fips, maxAttempts, requestHandler });
  try {
    return await task(client, sdk);
  } finally {
    client.destroy();
  }
}

/** A request to the API of Amazon ECR, as errors name it. */
export interface EcrRequest {
  readonly registry: EcrRegistry;
  /** The problem when it fails: `cannot describe the images of mirror/app`. */
  readonly problem: string;
  /** The remedy for a refusal: `allow ecr:DescribeImages on the repository`. */
  readonly remedy: string;
}

/**
 * Sends a request to the API of Amazon ECR, and retries transient errors.
 *
 * @throws MirrorError when the request fails; its status is that of a refusal, or of a transient error
 */
export function sendToEcr<T>(retryContext: RetryContext, request: EcrRequest, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal } = retryContext;
  return withRetries(retryContext, () => send(signal).catch((error: unknown) => {
    throw signal.aborted ? error : ecrError(error, request);
  }));
}

/** The names of errors that ask for fewer requests. Their status is 400, like that of a refusal. */
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|LimitExceededException/;

function ecrError(error: unknown, { problem, registry: { fips, region }, remedy }: EcrRequest): MirrorError {
  const url = new URL(`https://${awsServiceHost('ecr', region, { fips })}`);
  const network = awsNetworkError(error, url);
  if (network instanceof MirrorError) return network;
  const { $metadata, message = '', name = '' } = Object(error) as { $metadata?: { httpStatusCode?: number }; message?: string; name?: string };
  const isThrottled = THROTTLED.test(name);
  // An error without a response is missing credentials, which other attempts would miss too.
  const status = isThrottled ? 429 : $metadata?.httpStatusCode ?? 401;
  const isTransient = isThrottled || status >= 500;
  const refusal = `${url.host}: ${problem}: ${sanitizeForLog(`${name}: ${message}`)}`;
  const reason = isThrottled ? 'rate-limited' : isTransient ? 'registry-error' : 'unauthorized';
  const text = isTransient ? refusal : `${refusal}; ${remedy}`;
  return new MirrorError(reason, text, { retryable: isTransient, overloaded: isThrottled, status, cause: error });
}
