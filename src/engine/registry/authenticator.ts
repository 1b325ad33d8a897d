import type { Challenge } from './challenge';
import type { Endpoint } from './endpoint';
import { Authorization, basicHeader, fetchBearerToken, requestedScope, withheldNote } from './token-service';
import type { Transport } from './transport';
import type { Credential, CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** Milliseconds before its expiry at which a bearer token is renewed. */
const EXPIRY_MARGIN = 10_000;
/** The maximum number of other credentials that are tried after refused credentials: a new login, a renewed login, and anonymous access. */
const MAX_OTHER_CREDENTIALS = 3;

/** The authorization for one challenge. Challenges that lead to the same token request share it. */
interface Grant {
  readonly challenge: Challenge;
  authorization?: Authorization;
  pending?: Promise<string | undefined>;
  /** Whether the registry refused the last header, so that the credentials must be renewed. */
  refused?: boolean;
  /** Whether the registry accepted a request with it. */
  accepted?: boolean;
  /** The header that replaced a header denied without a challenge. When it is denied too, the denial is final. */
  replacement?: string;
  /** The error of the token service. A second try would fail too. */
  failure?: MirrorError;
}

/** Provides the `Authorization` header for one repository of one registry, and renews it. */
export class Authenticator {
  private readonly grants = new Map<string, Grant>();
  /** The grant of the next request. A request with a different challenge, such as a list of referrers, doesn't replace it once it was accepted. */
  private current: Grant | undefined;
  private withheldFrom?: string;
  /** Whether the registry accepted a request without a header. A challenge about another repository then concerns one request only. */
  private acceptsAnonymous = false;

  /** Whether the header uses credentials, rather than anonymous access. */
  authenticated = false;

  /** @param scope the scope of bearer tokens: `repository:library/nginx:pull` */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly scope: string,
    private readonly credentials: CredentialSource,
    private readonly transport: Transport,
    private readonly signal: AbortSignal,
  ) {
    this.current = endpoint.challenge && this.grantFor(endpoint.challenge);
  }

  /** Why existing credentials are not used; undefined when they are, or when there are none. */
  get note(): string | undefined {
    if (this.authenticated) return undefined;
    return this.withheldFrom === undefined ? this.credentials.problem?.(this.endpoint.registry) : withheldNote(this.withheldFrom);
  }

  /** Returns the header for the next request, or undefined for no header. Parallel callers share one token request. */
  async header(): Promise<string | undefined> {
    const grant = this.current;
    if (grant === undefined) return undefined;
    try {
      return await this.headerOf(grant);
    } catch (error) {
      if (grant.challenge.scheme !== 'bearer' || !isFinal(error)) throw error;
      // The challenge may be out of date, so the next request is sent without a header to get the registry's current challenge.
      if (this.current === grant) this.current = undefined;
      return undefined;
    }
  }

  /**
   * Handles a response with a challenge.
   *
   * @param sent the header of the request
   * @returns the header to send the request again with; undefined when the response is final
   * @throws MirrorError when the token service refuses. Other requests are not affected.
   */
  async challenged(challenge: Challenge, sent: string | undefined): Promise<string | undefined> {
    const grant = this.grantFor(challenge);
    const header = await this.renew(grant, sent);
    if (header === undefined || (header === sent && challenge.scheme === 'basic')) return undefined;
    const isProven = this.current?.accepted ?? (this.acceptsAnonymous && !this.isForOwnRepository(challenge));
    if (!isProven) this.current = grant;
    return header;
  }

  /**
   * Handles a denial without a challenge. Amazon ECR responds this way, with status 403, to an expired token.
   *
   * @param sent the header of the request
   * @returns the header to send the request again with; undefined when the denial is final
   */
  async denied(sent: string | undefined): Promise<string | undefined> {
    if (sent === undefined) return undefined;
    const grant = this.grantOf(sent) ?? this.current;
    if (grant === undefined || sent === grant.replacement) return undefined;
    grant.replacement = await this.renew(grant, sent);
    return grant.replacement === sent ? undefined : grant.replacement;
  }

  /**
   * Records that the registry accepted a request.
   *
   * @param header the header of the request
   */
  accepted(header: string | undefined): void {
    const grant = header === undefined ? undefined : this.grantOf(header);
    if (grant !== undefined) grant.accepted = true;
    if (header === undefined) this.acceptsAnonymous = true;
  }

  /** Uses a header for the next requests. A request with a stream as its body cannot be sent again at once. */
  prefer(header: string): void {
    this.current = this.grantOf(header) ?? this.current;
  }

  /** Whether there are credentials for the registry. */
  async hasCredentials(): Promise<boolean> {
    return await this.credential(false) !== undefined;
  }

  private grantFor(challenge: Challenge): Grant {
    const key = challenge.scheme === 'basic' ? 'basic' : JSON.stringify([challenge.realm, challenge.service, requestedScope(challenge, this.scope)]);
    let grant = this.grants.get(key);
    if (grant === undefined) this.grants.set(key, grant = { challenge });
    return grant;
  }

  private grantOf(header: string): Grant | undefined {
    return [...this.grants.values()].find(({ authorization }) => authorization?.header === header);
  }

  private async headerOf(grant: Grant): Promise<string | undefined> {
    const { authorization, failure } = grant;
    if (authorization && authorization.expires - EXPIRY_MARGIN > Date.now()) return authorization.header;
    if (failure) throw failure;
    grant.pending ??= this.authorize(grant).catch((error) => {
      if (isFinal(error) && grant.authorization === undefined && !grant.accepted) grant.failure = error;
      throw error;
    }).finally(() => {
      grant.pending = undefined;
    });
    return grant.pending;
  }

  /** Returns the header of a grant, which is renewed if the registry refused it. When that fails, the old header stays for other requests. */
  private async renew(grant: Grant, sent: string | undefined): Promise<string | undefined> {
    const old = grant.authorization;
    const isRefused = old !== undefined && old.header === sent;
    if (isRefused) {
      grant.refused = true;
      grant.authorization = undefined;
    }
    try {
      return await this.headerOf(grant);
    } catch (error) {
      if (isRefused) grant.authorization ??= old;
      throw error;
    }
  }

  private async authorize(grant: Grant): Promise<string | undefined> {
    let credential = await this.credential(grant.refused ?? false);
    grant.refused = false;
    for (let others = 0; ; others++) {
      try {
        this.authenticated = credential !== undefined;
        grant.authorization = await this.fetchAuthorization(grant.challenge, credential);
        this.authenticated = grant.authorization?.authenticated ?? false;
        this.withheldFrom = grant.authorization?.withheldFrom;
        return grant.authorization?.header;
      } catch (error) {
        const isLast = credential === undefined || !isFinal(error) || others === MAX_OTHER_CREDENTIALS;
        const other = isLast ? credential : await this.credential(true);
        if (isSameCredential(other, credential)) throw error;
        credential = other;
      }
    }
  }

  private isForOwnRepository(challenge: Challenge): boolean {
    return challenge.scheme === 'basic' || requestedScope(challenge, this.scope).includes(`:${this.repository}:`);
  }

  private get repository(): string | undefined {
    return /^repository:(.+):[^:]*$/.exec(this.scope)?.[1];
  }

  private credential(refused: boolean): Promise<Credential | undefined> {
    return this.credentials.credentialFor(this.endpoint.registry, refused, this.repository);
  }

  private async fetchAuthorization(challenge: Challenge, credential: Credential | undefined): Promise<Authorization | undefined> {
    const { endpoint, scope, transport, signal } = this;
    if (credential && 'registryToken' in credential) {
      return { header: `Bearer ${credential.registryToken}`, expires: Infinity, authenticated: true };
    }
    if (challenge.scheme === 'basic') return basicAuthorization(credential);
    const note = this.credentials.problem?.(endpoint.registry);
    return fetchBearerToken({ endpoint, challenge, scope, credential, note, transport, signal });
  }
}

/** Whether a failure is final: the same request would fail again. */
function isFinal(error: unknown): error is MirrorError {
  return error instanceof MirrorError && !error.retryable;
}

function isSameCredential(left: Credential | undefined, right: Credential | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** A Basic header has no expiry date. It is renewed when the registry refuses it. */
function basicAuthorization(credential: Credential | undefined): Authorization | undefined {
  if (credential === undefined || !('username' in credential)) return undefined;
  return { header: basicHeader(credential), expires: Infinity, authenticated: true };
}
