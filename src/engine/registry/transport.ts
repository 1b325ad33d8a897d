import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, errors, ProxyAgent } from 'undici';
import { HostResolver, isPrivateAddress, PRIVATE_ADDRESS, privateAddressError } from './endpoint';
import { isCodeBuild, proxyFor } from './network-advice';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';

/** An HTTP request to a registry, to a token service, or to a host that one of them redirects to. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** Whether the server may need minutes for its response: it scans, assembles, or fetches a blob first. */
  readonly isSlow?: boolean;
  /**
   * The host name of the registry that named the URL in a challenge, redirect or link; undefined for a request to the registry itself.
   * Such a request goes to a private address only if the registry has one too.
   */
  readonly namedBy?: string;
}

/** An HTTP response. The caller must read or dump the body, so that the connection returns to the pool. */
export interface HttpResponse {
  /** The URL of the request. After a redirect, its host is not the registry. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Readable & { dump(): Promise<void> };
  /** For a response with status 401: the reason why the token service gave no token. */
  readonly refusal?: MirrorError;
  /** The time, in milliseconds, in which the body must deliver the minimum number of bytes. */
  readonly throughputWindow: number;
}

/** Time limits of a `Transport`, in milliseconds. */
export interface TransportTimeouts {
  /** Without a byte, after which a connection is closed. @default 60,000 */
  readonly idle?: number;
  /** Until the response to a slow request begins. @default 600,000 */
  readonly slowResponse?: number;
  /** In which a body must deliver 1,024 bytes for each second. @default 60,000 */
  readonly throughputWindow?: number;
}

const IDLE_TIMEOUT = 60_000;
/**
 * Proxies that scan blobs, and registries that assemble them, respond after minutes. The deadline of the run is the other limit.
 *
 * @see https://github.com/moby/moby/issues/53700
 */
const SLOW_RESPONSE_TIMEOUT = 10 * 60_000;
const THROUGHPUT_WINDOW = 60_000;
/** Milliseconds. */
const MAX_CLOSE_TIME = 500;
/** Milliseconds. */
const CONNECT_TIMEOUT = 15_000;
/** The maximum number of connections to one host: enough for all transfers of a run, and few enough to stay below abuse limits. */
const CONNECTIONS_PER_HOST = 32;
/** Bytes. Node.js allows 16 KB, and some proxies and content delivery networks send more. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Sends single HTTP requests. Callers add retries, redirects and credentials.
 *
 * Honors HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Node.js itself honors NODE_EXTRA_CA_CERTS.
 */
export class Transport {
  private readonly resolver = new HostResolver();
  private readonly options: Agent.Options;
  private readonly direct: Agent;
  /** For hosts that a registry on the internet names. */
  private readonly publicOnly: Agent;
  private readonly proxies = new Map<string, ProxyAgent>();

  constructor(private readonly timeouts: TransportTimeouts = {}) {
    const { idle = IDLE_TIMEOUT } = timeouts;
    const limits = { headersTimeout: idle, bodyTimeout: idle, keepAliveTimeout: 30_000, maxHeaderSize: MAX_HEADER_BYTES };
    this.options = { connections: CONNECTIONS_PER_HOST, ...limits };
    this.direct = new Agent({ ...this.options, connect: { timeout: CONNECT_TIMEOUT, lookup: this.resolver.lookup } });
    this.publicOnly = new Agent({ ...this.options, connect: { timeout: CONNECT_TIMEOUT, lookup: this.resolver.lookupPublic } });
  }

  /** @throws MirrorError that names the host, when there is no response */
  async send(message: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.dispatch(message, message.namedBy !== undefined);
    } catch (error) {
      if (errorCode(error) !== PRIVATE_ADDRESS) throw networkError(error, message.url);
      return this.sendPrivately(message);
    }
  }

  /** Sends a request to a private address, if the registry that named the host has a private address too. */
  private async sendPrivately(message: HttpRequest): Promise<HttpResponse> {
    const { namedBy, url } = message;
    if (!await this.resolver.isPrivate(namedBy!)) {
      throw new MirrorError('registry-error', `${namedBy}: the registry leads to ${url.host}, which has a private, loopback or link-local address; `
        + 'only a registry that has such an address itself may do so');
    }
    try {
      return await this.dispatch(message, false);
    } catch (error) {
      throw networkError(error, url);
    }
  }

  private async dispatch(message: HttpRequest, publicOnly: boolean): Promise<HttpResponse> {
    const { slowResponse = SLOW_RESPONSE_TIMEOUT, throughputWindow = THROUGHPUT_WINDOW } = this.timeouts;
    const { url } = message;
    const proxy = proxyFor(url);
    if (publicOnly && isPrivateAddress(url.hostname)) throw privateAddressError(url.hostname);
    const dispatcher = proxy ? this.proxyAgent(proxy) : publicOnly ? this.publicOnly : this.direct;
    const { statusCode, headers, body } = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: message.method,
      headers: { 'user-agent': 'cdk-ecr-mirror', 'accept-encoding': 'identity', ...message.headers },
      body: message.body as Dispatcher.RequestOptions['body'],
      signal: message.signal,
      ...message.isSlow ? { headersTimeout: slowResponse } : {},
      reset: false, // otherwise undici closes the connection after each HEAD request
    });
    return { url, status: statusCode, headers, body, throughputWindow };
  }

  private proxyAgent({ origin, username, password }: URL): ProxyAgent {
    const key = `${username}:${password}@${origin}`;
    let agent = this.proxies.get(key);
    if (agent === undefined) {
      const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      const token = login === ':' ? undefined : `Basic ${Buffer.from(login, 'utf8').toString('base64')}`;
      agent = new ProxyAgent({ ...this.options, uri: origin, token });
      this.proxies.set(key, agent);
    }
    return agent;
  }

  /** Closes all connections. It waits only a short time for a connection that cannot be closed. */
  async close(): Promise<void> {
    const timeout = new AbortController();
    const closed = Promise.all([this.direct, this.publicOnly, ...this.proxies.values()].map((agent) => agent.destroy()));
    await Promise.race([closed, sleep(MAX_CLOSE_TIME, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
  }
}

/** Returns the first value of a header. */
export function headerValue(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Converts a network error to a `MirrorError` with a clear message. Returns a `MirrorError` and the abort of the run unchanged. */
export function networkError(error: unknown, url: URL): unknown {
  if (error instanceof MirrorError) return error;
  const proxyStatus = /^Proxy response \(([0-9]{3})\)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (proxyStatus !== undefined) {
    const problem = `the proxy in HTTPS_PROXY refused the connection (HTTP ${proxyStatus}); check the credentials and rules of the proxy`;
    return new MirrorError('network', `${url.host}: ${problem}`, { retryable: proxyStatus.startsWith('5'), cause: error });
  }
  if (error instanceof errors.RequestAbortedError || (error instanceof Error && ABORT_NAMES.includes(error.name))) return error;
  const code = errorCode(error);
  return new MirrorError('network', `${url.host}: ${networkProblem(code, error, url)}`, { retryable: !FINAL_CODES.test(code), cause: error });
}

/** The names of the errors with which an abort signal ends a request. */
const ABORT_NAMES = ['AbortError', 'TimeoutError'];

/**
 * Errors that are not transient: untrusted certificates, failed handshakes, unknown names, and headers that are too large.
 *
 * A DNS server that fails returns EAI_AGAIN, which is transient.
 */
const FINAL_CODES = new RegExp(
  '^(?:ENOTFOUND$|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|ERR_INVALID|UND_ERR_HEADERS_OVERFLOW|ERR_SSL_|EPROTO$)',
);
/** The errors of OpenSSL when a server sends plain HTTP in place of a TLS handshake. */
const NO_TLS = /wrong version number|packet length too long|unknown protocol|http request/i;

/** The error code of the system or of undici, from the error or one of its causes. Empty when there is none. */
export function errorCode(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause ?? (current as AggregateError).errors?.[0]) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return '';
}

function networkProblem(code: string, error: unknown, url: URL): string {
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return isIP(url.hostname.replace(/[[\]]/g, ''))
        ? 'cannot be reached'
        : 'the name cannot be resolved; check the spelling, and the DNS and proxy settings of the network';
    case 'ECONNREFUSED':
      return `the connection to port ${port} was refused`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `cannot be reached; open port ${port} to it, or set HTTPS_PROXY`;
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'the server stopped responding';
    case 'UND_ERR_HEADERS_OVERFLOW':
      return `the headers of the response are larger than ${MAX_HEADER_BYTES} bytes, which is the limit`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'the connection was closed by the server';
    default:
      if (/^(?:ERR_SSL_|EPROTO$)/.test(code)) return tlsProblem(error, port);
      if (FINAL_CODES.test(code)) return `the certificate is not trusted (${code}); for a custom CA, set NODE_EXTRA_CA_CERTS`;
      return `the request failed: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}`;
  }
}

function tlsProblem(error: unknown, port: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const details = sanitizeForLog(/SSL routines:[^:]*:([^:]+)/.exec(text)?.[1] ?? text);
  if (!NO_TLS.test(text)) return `the TLS handshake failed (${details}); check the TLS versions and ciphers of the server, and proxies on the way`;
  const remedy = isCodeBuild() ? 'a build needs a registry with TLS' : 'for a registry without TLS, use --plain-http';
  return `the server doesn't use TLS on port ${port} (${details}); ${remedy}`;
}
