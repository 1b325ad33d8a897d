import type { Challenge } from './challenge';
import type { Endpoint } from './endpoint';
import { askedScope, basicHeader, fetchToken, Token } from './token-service';
import type { Transport } from './transport';
import type { Credential, CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** Milliseconds before its expiry at which a token is no longer used. */
const EXPIRY_MARGIN = 10_000;
/** How many other credentials are tried after those that a token service refuses: a new login, a renewed one, and none. */
const MOST_OTHERS = 3;

/** Finds the `Authorization` header for one repository of one registry, and renews it. */
export class Authenticator {
  private challenge: Challenge | undefined;
  private token: Token | undefined;
  private pending: Promise<string | undefined> | undefined;
  private refused = false;
  /** The header that was last made because another was refused; when it is refused too, that is final. */
  private lastResort: string | undefined;
  /** Why the challenge that was known beforehand led to no token. */
  private disproof: MirrorError | undefined;

  /** Whether credentials stand behind the header, rather than anonymous access. */
  authenticated = false;

  /** @param scope what the token is asked for: `repository:library/nginx:pull` */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly scope: string,
    private readonly credentials: CredentialSource,
    private readonly transport: Transport,
    private readonly signal: AbortSignal,
  ) {
    this.challenge = endpoint.challenge;
  }

  /** The header to send now; undefined for none. Parallel callers share one token request. */
  async header(): Promise<string | undefined> {
    if (this.challenge === undefined) return undefined;
    if (this.token && this.token.expires - EXPIRY_MARGIN > Date.now()) return this.token.header;
    this.pending ??= this.renew(this.challenge).finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }

  /**
   * Learns from a 401.
   *
   * @param sent the header that was refused
   * @returns whether another try with the new header makes sense
   */
  async challenged(challenge: Challenge | undefined, sent: string | undefined): Promise<boolean> {
    if (challenge === undefined) return false;
    if (this.disproof && this.asksTheSame(challenge)) throw this.disproof;
    const current = this.token?.header;
    if (current !== undefined && current !== sent) return true; // another request has renewed it meanwhile
    this.refused = sent !== undefined;
    this.token = undefined;
    this.challenge = challenge;
    const renewed = await this.header();
    return renewed !== undefined && (renewed !== sent || challenge.scheme === 'bearer');
  }

  /**
   * Learns from a refusal without a challenge: that is how Amazon ECR tells an expired token, with 403.
   *
   * @param sent the header that was refused
   * @returns whether another try with the new header makes sense; a second refusal is final
   */
  async denied(sent: string | undefined): Promise<boolean> {
    if (sent === undefined || sent === this.lastResort || this.challenge === undefined) return false;
    if (this.token?.header === sent) {
      this.refused = true;
      this.token = undefined;
    }
    this.lastResort = await this.header();
    return this.lastResort !== undefined && this.lastResort !== sent;
  }

  private async renew(challenge: Challenge): Promise<string | undefined> {
    try {
      return await this.fetch(challenge);
    } catch (error) {
      const guessed = challenge === this.endpoint.challenge && challenge.scheme === 'bearer';
      if (!guessed || !(error instanceof MirrorError) || error.retryable) throw error;
      // What was known beforehand may be out of date: the registry itself is asked what it wants.
      this.challenge = undefined;
      this.disproof = error;
      return undefined;
    }
  }

  /** Whether a challenge leads to the token service that has refused already: a password that is wrong is wrong the second time. */
  private asksTheSame(challenge: Challenge): boolean {
    const asked = (one: Challenge | undefined) => one?.scheme === 'bearer' && JSON.stringify([one.realm, one.service, askedScope(one, this.scope)]);
    return asked(challenge) === asked(this.endpoint.challenge);
  }

  private async fetch(challenge: Challenge): Promise<string | undefined> {
    let credential = await this.credential(this.refused);
    this.refused = false;
    for (let others = 0; ; others++) {
      try {
        this.authenticated = credential !== undefined;
        this.token = await this.tokenFor(challenge, credential);
        return this.token?.header;
      } catch (error) {
        const final = credential === undefined || !(error instanceof MirrorError) || error.retryable || others === MOST_OTHERS;
        const other = final ? credential : await this.credential(true);
        if (isSame(other, credential)) throw error;
        credential = other;
      }
    }
  }

  private credential(refused: boolean): Promise<Credential | undefined> {
    return this.credentials.credentialFor(this.endpoint.registry, refused);
  }

  private async tokenFor(challenge: Challenge, credential: Credential | undefined): Promise<Token | undefined> {
    const { endpoint, scope, transport, signal } = this;
    return challenge.scheme === 'basic' ? basicToken(credential) : fetchToken({ endpoint, challenge, scope, credential, transport, signal });
  }
}

function isSame(one: Credential | undefined, other: Credential | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A Basic header does not expire by itself; ECR's is renewed when it is refused. */
function basicToken(credential: Credential | undefined): Token | undefined {
  if (credential === undefined || !('username' in credential)) return undefined;
  return { header: basicHeader(credential), expires: Infinity };
}
