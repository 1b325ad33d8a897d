import type { Credential } from './credential-source';

/** A token of Amazon ECR as the credential that it is. */
export interface AwsToken {
  readonly credential: Credential;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** A token is taken as expired this long before it is, so that none expires in the middle of a request. */
const EXPIRY_MARGIN = 5 * 60_000;
/** How long a token is taken to live when AWS does not say. */
const SHORTEST_LIFE = 60 * 60_000;

/** Keeps tokens while they are good. Parallel callers share one request, and a failure is not kept. */
export class AwsTokens {
  private readonly tokens = new Map<string, Promise<AwsToken>>();

  /**
   * The credential for a registry.
   *
   * @param refused whether the one that was last given was refused, so that another is fetched
   */
  async credentialFor(registry: string, refused: boolean, fetch: () => Promise<AwsToken>): Promise<Credential> {
    const pending = this.tokens.get(registry);
    const known = await pending?.catch(() => undefined);
    if (known && !refused && known.expires > Date.now() + EXPIRY_MARGIN) return known.credential;
    // Another caller may have asked meanwhile.
    if (this.tokens.get(registry) === pending) this.tokens.set(registry, fetch());
    return (await this.tokens.get(registry)!).credential;
  }
}

/**
 * Reads what `GetAuthorizationToken` answers.
 *
 * @param token base64 of the user, a colon and the password
 * @throws Error when it is none
 */
export function readAwsToken(token: string | undefined, expiresAt: Date | undefined): AwsToken {
  const [username, password] = Buffer.from(token ?? '', 'base64').toString('utf8').split(/:(.*)/s);
  if (!username || !password) throw new Error('Amazon ECR answered no token');
  return { credential: { username, password }, expires: expiresAt?.getTime() || Date.now() + SHORTEST_LIFE };
}
