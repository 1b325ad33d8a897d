import type { IncomingMessage } from 'node:http';
import { errorCode, networkError } from './registry/transport';

/** A request to a service of AWS. */
export interface AwsRequest {
  /** The service as signatures name it: `ssm`, `s3`. */
  readonly service: string;
  readonly region: string;
  /** The address; its path must mean the same in every encoding. */
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How many bytes of the answer are read. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** What the service answered. */
export interface AwsResponse {
  readonly status: number;
  /** Undefined when it is longer than the limit. */
  readonly body: string | undefined;
}

/**
 * Sends a request signed with the credentials of the environment, by the signer of the client for private registries:
 * a client for each service would add as much again to each run, for one small request.
 *
 * @throws MirrorError when the service cannot be reached
 */
export async function sendSigned({ service, region, url, method, headers = {}, body, limit, signal }: AwsRequest): Promise<AwsResponse> {
  const [{ ECRClient }, { awsRequestHandler }] = await Promise.all([import('@aws-sdk/client-ecr'), import('./aws-request-handler.js')]);
  const client = new ECRClient({ region, requestHandler: awsRequestHandler(url.hostname) });
  try {
    const signer = await client.config.signer({ name: 'sigv4', signingName: service, signingRegion: region, properties: {} });
    const { protocol, hostname, host, port, pathname: path } = url;
    const request = { method, protocol, hostname, port: port === '' ? undefined : Number(port), path, query: {}, headers: { host, ...headers }, body };
    const { response } = await client.config.requestHandler.handle(await signer.sign(request), { abortSignal: signal });
    return { status: response.statusCode, body: await limited(response.body as IncomingMessage, limit) };
  } catch (error) {
    throw signal.aborted ? error : unreached(error, url) ?? error;
  } finally {
    client.destroy();
  }
}

async function limited(stream: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += (chunk as Buffer).length;
    if (length > limit) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A failure of the network in words; undefined where there was another, such as the want of credentials. */
function unreached(error: unknown, url: URL): unknown {
  const { name, message = '' } = Object(error) as Partial<Error>;
  const code = errorCode(error) || (name === 'TimeoutError' ? 'ETIMEDOUT' : '');
  if (code === '' && !message.startsWith('Proxy response')) return undefined;
  // The SDK calls a connection that breaks a timeout, as it calls the end of a run.
  return networkError(Object.assign(new Error(message, { cause: error }), { code }), url);
}
