import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { type Dispatcher, EnvHttpProxyAgent, errors } from 'undici';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';

/** One HTTP request to a registry, a token service or a place that one of them redirects to. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** The answer. Its body must be read or dumped, or its connection is lost to the pool. */
export interface HttpResponse {
  /** Where it came from; another host than the registry's after a redirect. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Readable & { dump(): Promise<void> };
}

/** Milliseconds without a byte after which a connection counts as dead. */
const IDLE_TIMEOUT = 60_000;
const CONNECT_TIMEOUT = 15_000;
/** Connections to one host: enough for all transfers of a run, few enough not to be mistaken for an attack. */
const CONNECTIONS_PER_HOST = 32;

/**
 * Sends single requests: no retries, no redirects, no credentials; those are its callers' business.
 *
 * Honors HTTPS_PROXY, HTTP_PROXY and NO_PROXY; NODE_EXTRA_CA_CERTS is honored by Node itself.
 */
export class Transport {
  private readonly dispatcher: Dispatcher;

  constructor(idleTimeout: number = IDLE_TIMEOUT) {
    this.dispatcher = new EnvHttpProxyAgent({
      connections: CONNECTIONS_PER_HOST,
      connect: { timeout: CONNECT_TIMEOUT },
      headersTimeout: idleTimeout,
      bodyTimeout: idleTimeout,
      keepAliveTimeout: 30_000,
    });
  }

  /** Sends a request; whatever keeps an answer from coming is a retryable `MirrorError` that names the host. */
  async send(message: HttpRequest): Promise<HttpResponse> {
    try {
      const { url } = message;
      const { statusCode, headers, body } = await this.dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: message.method,
        headers: { 'user-agent': 'cdk-ecr-mirror', ...message.headers },
        body: message.body as Dispatcher.RequestOptions['body'],
        signal: message.signal,
        reset: false, // undici would close the connection after each HEAD
      });
      return { url, status: statusCode, headers, body };
    } catch (error) {
      throw networkError(error, message.url);
    }
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }
}

/** A whole body; undefined when it is longer than the limit. */
export async function readBody(response: HttpResponse, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > limit) return undefined;
    }
  } catch (error) {
    throw networkError(error, response.url);
  }
  return Buffer.concat(chunks);
}

/** Puts a failure of the network in words; a `MirrorError` or the end of the run passes unchanged. */
export function networkError(error: unknown, url: URL): unknown {
  if (error instanceof MirrorError) return error;
  const refusedByProxy = /^Proxy response \(([0-9]{3})\)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (refusedByProxy !== undefined) {
    const problem = `the proxy that HTTPS_PROXY names refuses to connect to it (HTTP ${refusedByProxy})`;
    return new MirrorError('network', `${url.host}: ${problem}`, { retryable: refusedByProxy.startsWith('5'), cause: error });
  }
  if (error instanceof errors.RequestAbortedError || (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))) return error;
  const code = errorCode(error);
  return new MirrorError('network', `${url.host}: ${wordsFor(code, error, url)}`, { retryable: !FINAL_CODES.test(code), cause: error });
}

/** Certificate problems and unknown names do not pass by waiting; a name service in trouble answers EAI_AGAIN. */
const FINAL_CODES = /^(?:ENOTFOUND$|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|ERR_INVALID)/;

/** The system's or undici's word for a failure, from wherever in its causes; empty when there is none. */
export function errorCode(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause ?? (current as AggregateError).errors?.[0]) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return '';
}

function wordsFor(code: string, error: unknown, url: URL): string {
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return isIP(url.hostname.replace(/[[\]]/g, '')) ? 'cannot be reached' : 'its name cannot be resolved; check the spelling, and the DNS and proxy of the network that this runs in';
    case 'ECONNREFUSED':
      return `nothing answers on port ${port}`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `cannot be reached; open port ${port} to it, or set HTTPS_PROXY`;
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'stopped answering';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'broke the connection off';
    default:
      if (FINAL_CODES.test(code)) return `its certificate is not trusted (${code}); set NODE_EXTRA_CA_CERTS for a private certificate authority`;
      return `the request failed: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}`;
  }
}
