import { Authenticator } from './authenticator';
import { parseChallenge } from './challenge';
import type { Endpoint } from './endpoint';
import type { HttpRequest, HttpResponse, Transport } from './transport';
import { sanitizeForLog } from '../../image/sanitize';
import type { CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** What a connection is made of. */
export interface RegistryConnectionOptions {
  readonly endpoint: Endpoint;
  /** What tokens are asked for: `repository:library/nginx:pull`. */
  readonly scope: string;
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
}

/** A request as the protocol sees it. */
export interface RegistryMessage {
  readonly method: HttpRequest['method'];
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: HttpRequest['body'];
}

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
const NO_CREDENTIALS: CredentialSource = { credentialFor: async () => undefined };

/** Sends requests to a registry with the authorization that it asks for, and follows it where it redirects to: there without credentials. */
export class RegistryConnection {
  /** Requests sent, those to token services not included. */
  requests = 0;

  private readonly authenticators = new Map<string, Authenticator>();
  private readonly own: Authenticator;

  constructor(private readonly options: RegistryConnectionOptions) {
    this.own = this.authenticator(options.endpoint, options.credentials);
    this.authenticators.set(new URL(options.endpoint.origin).origin, this.own);
  }

  /** Whether credentials stand behind the requests, rather than anonymous access. */
  get authenticated(): boolean {
    return this.own.authenticated;
  }

  /** One try: authorized, and following the redirects of reading requests. */
  async exchange(message: RegistryMessage): Promise<HttpResponse> {
    let { url } = message;
    for (let hops = 0; ; hops++) {
      const response = await this.authorized({ ...message, url });
      if (!REDIRECTS.includes(response.status) || (message.method !== 'GET' && message.method !== 'HEAD')) return response;
      await response.body.dump();
      if (hops === MOST_REDIRECTS) throw this.unusable(`it redirects more than ${MOST_REDIRECTS} times`);
      url = this.location(response, url);
    }
  }

  /** Where a `Location` leads: it may be relative, and never from https down to http. */
  location(response: HttpResponse, from: URL): URL {
    const header = single(response.headers.location) ?? '';
    if (header === '' || !URL.canParse(header, from.href)) throw this.unusable('it sends to no usable place');
    return this.safe(new URL(header, from), from);
  }

  /** Where the next page of a list is, held to the same rules; undefined when there is none. */
  nextPage(response: HttpResponse): URL | undefined {
    const next = nextPage(single(response.headers.link), response.url);
    return next && this.safe(next, response.url);
  }

  private safe(url: URL, from: URL): URL {
    if (!/^https?:$/.test(url.protocol)) throw this.unusable('it sends to no usable place');
    if (from.protocol !== 'https:' || url.protocol === 'https:') return url;
    // Registries behind a TLS proxy often name themselves with http.
    if (url.protocol === 'http:' && url.hostname === from.hostname) return new URL(url.href.replace(/^http:/, 'https:'));
    throw this.unusable(`it sends from https to ${sanitizeForLog(url.origin)}, which is not safe`);
  }

  private async authorized(message: RegistryMessage): Promise<HttpResponse> {
    const authenticator = this.authenticatorFor(message.url);
    const authorization = await authenticator.header();
    const response = await this.send(message, authorization);
    let renewed = true;
    try {
      renewed = await this.renewed(authenticator, message, response, authorization);
    } finally {
      if (renewed) await response.body.dump(); // also when the token service fails: the connection is of use to others
    }
    if (!renewed) return response;
    if (isStream(message.body)) {
      throw new MirrorError('unauthorized', `${this.options.endpoint.registry}: the token expired before the upload`, { retryable: true });
    }
    return this.send(message, await authenticator.header());
  }

  /** Whether a refusal led to another authorization, with which it makes sense to try again. */
  private async renewed(authenticator: Authenticator, message: RegistryMessage, response: HttpResponse, sent: string | undefined): Promise<boolean> {
    const { method } = message;
    const { status, headers } = response;
    if (status === 401) return authenticator.challenged(parseChallenge(joined(headers['www-authenticate'])), sent);
    // Amazon ECR answers 403 to an expired token, and its public gallery 400.
    const mayBeExpired = status === 403 || (status === 400 && (method === 'GET' || method === 'HEAD'));
    return mayBeExpired && authenticator.denied(sent);
  }

  private async send({ method, url, headers, body }: RegistryMessage, authorization: string | undefined): Promise<HttpResponse> {
    this.requests++;
    const all = authorization === undefined ? headers : { ...headers, authorization };
    return this.options.transport.send({ method, url, headers: all, body, signal: this.options.signal });
  }

  /** Credentials belong to the registry's own origin; where it redirects to, access is anonymous. */
  private authenticatorFor(url: URL): Authenticator {
    let authenticator = this.authenticators.get(url.origin);
    if (!authenticator) {
      authenticator = this.authenticator({ registry: url.host, origin: url.origin }, NO_CREDENTIALS);
      this.authenticators.set(url.origin, authenticator);
    }
    return authenticator;
  }

  private authenticator(endpoint: Endpoint, credentials: CredentialSource): Authenticator {
    const { scope, transport, signal } = this.options;
    return new Authenticator(endpoint, scope, credentials, transport, signal);
  }

  private unusable(problem: string): MirrorError {
    return new MirrorError('registry-error', `${this.options.endpoint.registry}: ${problem}`);
  }
}

/** A header's only value, or its first. */
export function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** A body that can be sent only once. */
function isStream(body: RegistryMessage['body']): boolean {
  return body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
}

/**
 * The address of the next page in a `Link` header; undefined when there is none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 */
export function nextPage(header: string | undefined, from: URL): URL | undefined {
  if (header === undefined || header.length > LONGEST_HEADER) return undefined;
  for (const link of header.split(/,\s*(?=<)/)) {
    const match = /^\s*<([^<>]*)>([^<>]*)$/.exec(link);
    if (match && /;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(match[2]) && URL.canParse(match[1], from.href)) return new URL(match[1], from);
  }
  return undefined;
}

const LONGEST_HEADER = 8192;
