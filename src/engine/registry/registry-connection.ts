import { Authenticator } from './authenticator';
import { type Challenge, parseChallenge } from './challenge';
import { type Endpoint, namedBy, requireSafeUrl } from './endpoint';
import type { RequestRate } from './request-rate';
import { MAX_REDIRECTS, REDIRECT_STATUSES } from './token-service';
import { headerValue, type HttpRequest, type HttpResponse, type Transport } from './transport';
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
  /** Limits the requests to the registry itself. @default - no limit */
  readonly rate?: RequestRate;
}

/** A request to the registry, without its authorization. */
export interface RegistryMessage {
  readonly method: HttpRequest['method'];
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: HttpRequest['body'];
  readonly isSlow?: HttpRequest['isSlow'];
}

/** Statuses of registries that refuse a request, or hide that an image exists. */
const HIDING_STATUSES = [401, 403, 404];
const NO_CREDENTIALS: CredentialSource = { credentialFor: async () => undefined };
/** The challenges of API roots by origin, for each transport, which a run has one of. */
const ROOT_CHALLENGES = new WeakMap<Transport, Map<string, Promise<Challenge | undefined>>>();

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

  /** Why existing credentials are not used; undefined when they are, or when there are none. */
  get note(): string | undefined {
    return this.registryAuthenticator.note;
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
    return requireSafeUrl(this.options.endpoint.registry, headerValue(response.headers.location) ?? '', from);
  }

  /** Returns the URL of a list's next page, by the same rules as `location()`. Undefined on the last page. */
  nextPage(response: HttpResponse): URL | undefined {
    const next = parseNextPage(headerValue(response.headers.link), response.url);
    return next && requireSafeUrl(this.options.endpoint.registry, next.href, response.url);
  }

  private async sendAuthorized(message: RegistryMessage): Promise<HttpResponse> {
    const authenticator = this.authenticatorFor(message.url);
    const sent = await authenticator.header();
    const response = await this.send(message, sent);
    if (![400, ...HIDING_STATUSES].includes(response.status)) authenticator.accepted(sent);
    let header: string | undefined;
    try {
      header = await this.renewedHeader(authenticator, message, response, sent);
    } catch (error) {
      // A refusal concerns this request only: the caller decides whether it ends the image.
      if (error instanceof MirrorError && !error.retryable) return { ...response, refusal: error };
      await response.body.dump(); // so that the connection can be reused
      throw error;
    }
    if (header === undefined) return response;
    await response.body.dump();
    if (isStream(message.body)) {
      authenticator.prefer(header);
      const { registry } = this.options.endpoint;
      throw new MirrorError('unauthorized', `${registry}: the authorization token expired before the upload`, { retryable: true });
    }
    const repeated = await this.send(message, header);
    if (repeated.status !== 401 && repeated.status !== 403) authenticator.accepted(header);
    return repeated;
  }

  /** Renews the authorization when the response requires it. Returns the header to send the request again with; undefined for a final response. */
  private async renewedHeader(
    authenticator: Authenticator, message: RegistryMessage, response: HttpResponse, sent: string | undefined,
  ): Promise<string | undefined> {
    const { status, headers } = response;
    const isHidden = sent === undefined && HIDING_STATUSES.includes(status);
    if (status === 401 || isHidden) {
      const challenge = parseChallenge(joinHeader(headers['www-authenticate']));
      if (challenge) return authenticator.challenged(challenge, sent);
      return isHidden && !isStream(message.body) ? this.headerOfRoot(authenticator, message.url) : undefined;
    }
    // An expired token has status 403 in Amazon ECR, and status 400 in Amazon ECR Public.
    const mayBeExpired = status === 403 || (status === 400 && (message.method === 'GET' || message.method === 'HEAD'));
    return mayBeExpired ? authenticator.denied(sent) : undefined;
  }

  /**
   * Returns the header for the challenge of the API root, which is requested once for each registry, and only when there are credentials.
   * Some registries answer anonymous requests for private images with status 404 or 403, and challenge only there.
   *
   * @see https://github.com/distribution/distribution/issues/1984
   */
  private async headerOfRoot(authenticator: Authenticator, { origin }: URL): Promise<string | undefined> {
    if (!await authenticator.hasCredentials()) return undefined;
    const { transport } = this.options;
    const known = ROOT_CHALLENGES.get(transport) ?? new Map<string, Promise<Challenge | undefined>>();
    ROOT_CHALLENGES.set(transport, known);
    if (!known.has(origin)) known.set(origin, this.rootChallenge(new URL('/v2/', origin)));
    const challenge = await known.get(origin)!.catch((error: unknown) => {
      known.delete(origin); // an image that ended does not end the others
      throw error;
    });
    return challenge && authenticator.challenged(challenge, undefined);
  }

  private async rootChallenge(url: URL): Promise<Challenge | undefined> {
    try {
      const response = await this.send({ method: 'GET', url }, undefined);
      await response.body.dump();
      return response.status === 401 ? parseChallenge(joinHeader(response.headers['www-authenticate'])) : undefined;
    } catch (error) {
      if (error instanceof MirrorError) return undefined; // the registry has already answered the request for the image
      throw error;
    }
  }

  private async send({ headers, ...message }: RegistryMessage, authorization: string | undefined): Promise<HttpResponse> {
    const { endpoint, rate, signal, transport } = this.options;
    if (message.url.origin === new URL(endpoint.origin).origin) await rate?.turn(signal);
    this.requests++;
    const allHeaders = authorization === undefined ? headers : { ...headers, authorization };
    return transport.send({ ...message, headers: allHeaders, signal, namedBy: namedBy(endpoint, message.url) });
  }

  /** Credentials are sent to the registry's own origin only. Redirects to other origins are followed anonymously. */
  private authenticatorFor(url: URL): Authenticator {
    let authenticator = this.authenticators.get(url.origin);
    if (!authenticator) {
      authenticator = this.newAuthenticator(this.foreignEndpoint(url), NO_CREDENTIALS);
      this.authenticators.set(url.origin, authenticator);
    }
    return authenticator;
  }

  private foreignEndpoint(url: URL): Endpoint {
    return { registry: url.host, origin: url.origin, namedBy: namedBy(this.options.endpoint, url) };
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
