import type { Challenge } from './challenge';
import type { Endpoint } from './endpoint';
import { Authorization, basicHeader, fetchBearerToken, requestedScope } from './token-service';
import type { Transport } from './transport';
import type { Credential, CredentialSource } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** Milliseconds before its expiry at which a bearer token is renewed. */
const EXPIRY_MARGIN = 10_000;
/** The maximum number of other credentials that are tried after refused credentials: a new login, a renewed login, and anonymous access. */
const MAX_OTHER_CREDENTIALS = 3;

/** Provides the `Authorization` header for one repository of one registry, and renews it. */
export class Authenticator {
  private challenge: Challenge | undefined;
  private authorization: Authorization | undefined;
  private pending: Promise<string | undefined> | undefined;
  private refused = false;
  /** The header that replaced a header denied without a challenge. When it is denied too, the denial is final. */
  private replacement: string | undefined;
  /** Why the token service refused the request for the endpoint's known challenge. */
  private knownChallengeError: MirrorError | undefined;

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
    this.challenge = endpoint.challenge;
  }

  /** Returns the header for the next request, or undefined for no header. Parallel callers share one token request. */
  async header(): Promise<string | undefined> {
    if (this.challenge === undefined) return undefined;
    if (this.authorization && this.authorization.expires - EXPIRY_MARGIN > Date.now()) return this.authorization.header;
    this.pending ??= this.renew(this.challenge).finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }

  /**
   * Handles a response with status 401.
   *
   * @param sent the header of the request
   * @returns whether to send the request again with a new header
   */
  async challenged(challenge: Challenge | undefined, sent: string | undefined): Promise<boolean> {
    if (challenge === undefined) return false;
    if (this.knownChallengeError && this.isKnownChallenge(challenge)) throw this.knownChallengeError;
    const current = this.authorization?.header;
    if (current !== undefined && current !== sent) return true; // a parallel request has already renewed it
    this.refused = sent !== undefined;
    this.authorization = undefined;
    this.challenge = challenge;
    const renewed = await this.header();
    return renewed !== undefined && (renewed !== sent || challenge.scheme === 'bearer');
  }

  /**
   * Handles a denial without a challenge. Amazon ECR responds this way, with status 403, to an expired token.
   *
   * @param sent the header of the request
   * @returns whether to send the request again with a new header; a second denial is final
   */
  async denied(sent: string | undefined): Promise<boolean> {
    if (sent === undefined || sent === this.replacement || this.challenge === undefined) return false;
    if (this.authorization?.header === sent) {
      this.refused = true;
      this.authorization = undefined;
    }
    this.replacement = await this.header();
    return this.replacement !== undefined && this.replacement !== sent;
  }

  private async renew(challenge: Challenge): Promise<string | undefined> {
    try {
      return await this.authorize(challenge);
    } catch (error) {
      const isKnown = challenge === this.endpoint.challenge && challenge.scheme === 'bearer';
      if (!isKnown || !(error instanceof MirrorError) || error.retryable) throw error;
      // The known challenge may be out of date, so the next request is sent without a header to get the registry's own challenge.
      this.challenge = undefined;
      this.knownChallengeError = error;
      return undefined;
    }
  }

  /** Whether a challenge leads to the same token request as the known challenge, which the token service has refused: a second try would fail too. */
  private isKnownChallenge(challenge: Challenge): boolean {
    return this.tokenRequestOf(challenge) === this.tokenRequestOf(this.endpoint.challenge);
  }

  private tokenRequestOf(challenge: Challenge | undefined): string | undefined {
    if (challenge?.scheme !== 'bearer') return undefined;
    return JSON.stringify([challenge.realm, challenge.service, requestedScope(challenge, this.scope)]);
  }

  private async authorize(challenge: Challenge): Promise<string | undefined> {
    let credential = await this.credential(this.refused);
    this.refused = false;
    for (let others = 0; ; others++) {
      try {
        this.authenticated = credential !== undefined;
        this.authorization = await this.fetchAuthorization(challenge, credential);
        return this.authorization?.header;
      } catch (error) {
        const isFinal = credential === undefined || !(error instanceof MirrorError) || error.retryable || others === MAX_OTHER_CREDENTIALS;
        const other = isFinal ? credential : await this.credential(true);
        if (isSameCredential(other, credential)) throw error;
        credential = other;
      }
    }
  }

  private credential(refused: boolean): Promise<Credential | undefined> {
    return this.credentials.credentialFor(this.endpoint.registry, refused);
  }

  private async fetchAuthorization(challenge: Challenge, credential: Credential | undefined): Promise<Authorization | undefined> {
    const { endpoint, scope, transport, signal } = this;
    return challenge.scheme === 'basic'
      ? basicAuthorization(credential)
      : fetchBearerToken({ endpoint, challenge, scope, credential, transport, signal });
  }
}

function isSameCredential(left: Credential | undefined, right: Credential | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** A Basic header has no expiry date. It is renewed when the registry refuses it. */
function basicAuthorization(credential: Credential | undefined): Authorization | undefined {
  if (credential === undefined || !('username' in credential)) return undefined;
  return { header: basicHeader(credential), expires: Infinity };
}
