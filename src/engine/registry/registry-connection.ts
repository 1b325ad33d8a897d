import { Authenticator } from './authenticator';
import { parseChallenge } from './challenge';
import type { Endpoint } from './endpoint';
import { headerValue, type HttpRequest, type HttpResponse, type Transport } from './transport';
import { sanitizeForLog } from '../../image/sanitize';
import type { CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** Options of a `RegistryConnection`. */
export interface RegistryConnectionOptions {
  readonly endpoint: Endpoint;
  /** The scope of bearer tokens: `repository:library/nginx:pull`. */
  readonly scope: string;
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
}

/** A request to the registry, without its authorization. */
export interface RegistryMessage {
  readonly method: HttpRequest['method'];
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: HttpRequest['body'];
  readonly isSlow?: HttpRequest['isSlow'];
}

const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES = [301, 302, 303, 307, 308];
const NO_CREDENTIALS: CredentialSource = { credentialFor: async () => undefined };

/** Sends requests to a registry with the required authorization. Follows redirects to other hosts without credentials. */
export class RegistryConnection {
  /** The number of requests, without requests to token services. */
  requests = 0;

  private readonly authenticators = new Map<string, Authenticator>();
  private readonly registryAuthenticator: Authenticator;

  constructor(private readonly options: RegistryConnectionOptions) {
    this.registryAuthenticator = this.newAuthenticator(options.endpoint, options.credentials);
    this.authenticators.set(new URL(options.endpoint.origin).origin, this.registryAuthenticator);
  }

  /** Whether requests use credentials, rather than anonymous access. */
  get authenticated(): boolean {
    return this.registryAuthenticator.authenticated;
  }

  /** Sends a request with authorization. Follows redirects of GET and HEAD requests. */
  async exchange(message: RegistryMessage): Promise<HttpResponse> {
    let { url } = message;
    for (let hops = 0; ; hops++) {
      const response = await this.sendAuthorized({ ...message, url });
      if (!REDIRECT_STATUSES.includes(response.status) || (message.method !== 'GET' && message.method !== 'HEAD')) return response;
      await response.body.dump();
      if (hops === MAX_REDIRECTS) throw this.protocolError(`more than ${MAX_REDIRECTS} redirects`);
      url = this.location(response, url);
    }
  }

  /** Returns the URL of a `Location` header, which may be relative. A redirect from https to http is an error. */
  location(response: HttpResponse, from: URL): URL {
    const header = headerValue(response.headers.location) ?? '';
    if (header === '' || !URL.canParse(header, from.href)) throw this.protocolError('the Location or Link header is not a valid URL');
    return this.requireSafeUrl(new URL(header, from), from);
  }

  /** Returns the URL of a list's next page, by the same rules as `location()`. Undefined on the last page. */
  nextPage(response: HttpResponse): URL | undefined {
    const next = parseNextPage(headerValue(response.headers.link), response.url);
    return next && this.requireSafeUrl(next, response.url);
  }

  private requireSafeUrl(url: URL, from: URL): URL {
    if (!/^https?:$/.test(url.protocol)) throw this.protocolError('the Location or Link header is not a valid URL');
    if (from.protocol !== 'https:' || url.protocol === 'https:') return url;
    // Registries behind a TLS proxy often return http URLs for themselves.
    if (url.protocol === 'http:' && url.hostname === from.hostname) return new URL(url.href.replace(/^http:/, 'https:'));
    throw this.protocolError(`redirect from https to ${sanitizeForLog(url.origin)}, which is not secure`);
  }

  private async sendAuthorized(message: RegistryMessage): Promise<HttpResponse> {
    const authenticator = this.authenticatorFor(message.url);
    const authorization = await authenticator.header();
    const response = await this.send(message, authorization);
    let renewed = true;
    try {
      renewed = await this.renewed(authenticator, message, response, authorization);
    } finally {
      if (renewed) await response.body.dump(); // also when the token service fails, so that the connection can be reused
    }
    if (!renewed) return response;
    if (isStream(message.body)) {
      const { registry } = this.options.endpoint;
      throw new MirrorError('unauthorized', `${registry}: the authorization token expired before the upload`, { retryable: true });
    }
    return this.send(message, await authenticator.header());
  }

  /** Renews the authorization when the response requires it. Returns whether to send the request again. */
  private async renewed(authenticator: Authenticator, message: RegistryMessage, response: HttpResponse, sent: string | undefined): Promise<boolean> {
    const { method } = message;
    const { status, headers } = response;
    if (status === 401) return authenticator.challenged(parseChallenge(joinHeader(headers['www-authenticate'])), sent);
    // An expired token has status 403 in Amazon ECR, and status 400 in Amazon ECR Public.
    const mayBeExpired = status === 403 || (status === 400 && (method === 'GET' || method === 'HEAD'));
    return mayBeExpired && authenticator.denied(sent);
  }

  private async send({ headers, ...message }: RegistryMessage, authorization: string | undefined): Promise<HttpResponse> {
    this.requests++;
    const allHeaders = authorization === undefined ? headers : { ...headers, authorization };
    return this.options.transport.send({ ...message, headers: allHeaders, signal: this.options.signal });
  }

  /** Credentials are sent to the registry's own origin only. Redirects to other origins are followed anonymously. */
  private authenticatorFor(url: URL): Authenticator {
    let authenticator = this.authenticators.get(url.origin);
    if (!authenticator) {
      authenticator = this.newAuthenticator({ registry: url.host, origin: url.origin }, NO_CREDENTIALS);
      this.authenticators.set(url.origin, authenticator);
    }
    return authenticator;
  }

  private newAuthenticator(endpoint: Endpoint, credentials: CredentialSource): Authenticator {
    const { scope, transport, signal } = this.options;
    return new Authenticator(endpoint, scope, credentials, transport, signal);
  }

  private protocolError(problem: string): MirrorError {
    return new MirrorError('registry-error', `${this.options.endpoint.registry}: ${problem}`);
  }
}

function joinHeader(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** Whether a body can be sent only once. */
function isStream(body: RegistryMessage['body']): boolean {
  return body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
}

const MAX_HEADER_LENGTH = 8192;

/**
 * Parses the URL of the next page in a `Link` header. Undefined when there is none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 */
export function parseNextPage(header: string | undefined, from: URL): URL | undefined {
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return undefined;
  for (const link of header.split(/,\s*(?=<)/)) {
    const match = /^\s*<([^<>]*)>([^<>]*)$/.exec(link);
    if (match && /;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(match[2]) && URL.canParse(match[1], from.href)) return new URL(match[1], from);
  }
  return undefined;
}
