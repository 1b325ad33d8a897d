import { Exchange } from './exchange';
import { digestOf } from './fixture-blob';
import { LocalRegistry, LocalRegistryOptions, RegistryAction } from './local-registry';
import { RegistryError } from './registry-error';

/** Someone who may log in. */
export interface RegistryUser {
  readonly username: string;
  readonly password: string;
}

export interface BearerRegistryOptions extends LocalRegistryOptions {
  /** The token endpoint's address, where it is reached under another name. @default - `/token` on this server */
  readonly realm?: string;
  /** The service that the challenge names. @default 'registry.local' */
  readonly service?: string;
  /** A scope that reads all public repositories, as ECR Public's `aws` does; challenges ask for it. @default - each repository has its own */
  readonly publicScope?: string;
  /** Who may log in. @default - nobody */
  readonly users?: readonly RegistryUser[];
  /** Repositories that only users can read. @default - none */
  readonly privateRepositories?: readonly string[];
  /** Seconds for which a token is valid. @default 300 */
  readonly tokenSeconds?: number;
  /** The time in milliseconds. @default Date.now */
  readonly now?: () => number;
}

interface Token {
  readonly scopes: readonly string[];
  readonly username: string | undefined;
  expires: number;
}

/**
 * A registry behind the token flow that Docker Hub, Quay, GHCR, GitLab and ECR Public have in common.
 *
 * Imitates: a request without a valid token is answered 401 with `Bearer realm, service, scope`; the token endpoint (`GET <realm>?service=&scope=`)
 * gives anonymous tokens, and with Basic credentials a user's; wrong credentials are 401 there. A token reads what its scopes name and nothing else.
 * What the token may not read, and what does not exist, is 401 with `error="insufficient_scope"`, as on Docker Hub: nobody learns which of the two.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export class BearerRegistry extends LocalRegistry {
  private readonly tokens = new Map<string, Token>();

  constructor(protected readonly bearerOptions: BearerRegistryOptions = {}) {
    super(bearerOptions);
  }

  /** Requests to the token endpoint so far. */
  get tokenRequests(): number {
    return this.count({ path: this.tokenPath });
  }

  /** Makes all tokens given out so far expire now. */
  expireTokens(): void {
    for (const token of this.tokens.values()) token.expires = 0;
  }

  /** Which user a request's token belongs to; undefined for anonymous ones. */
  protected userOf(exchange: Exchange): string | undefined {
    return this.tokenOf(exchange)?.username;
  }

  protected async handle(exchange: Exchange): Promise<void> {
    if (exchange.path !== this.tokenPath) return super.handle(exchange);
    const users = this.bearerOptions.users ?? [];
    const authorization = exchange.header('authorization');
    const user = users.find(({ username, password }) => authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
    if (authorization !== undefined && !user) return exchange.json(401, { details: 'incorrect username or password' });
    const token = digestOf(`token ${this.tokens.size}`).slice('sha256:'.length);
    const scopes = exchange.url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    this.tokens.set(token, { scopes, username: user?.username, expires: this.now() + this.tokenSeconds * 1000 });
    return exchange.json(200, { token, access_token: token, expires_in: this.tokenSeconds, issued_at: new Date(this.now()).toISOString() });
  }

  protected async authorize(exchange: Exchange, repository: string | undefined, action: RegistryAction): Promise<void> {
    const token = this.tokenOf(exchange);
    if (!token) throw this.challenge(repository, action, exchange.header('authorization') ? 'invalid_token' : undefined);
    if (repository !== undefined && !this.grants(token, repository, action)) throw this.challenge(repository, action, 'insufficient_scope');
  }

  private grants(token: Token, repository: string, action: RegistryAction): boolean {
    const isPrivate = (this.bearerOptions.privateRepositories ?? []).includes(repository);
    const readable = this.exists(repository) && (token.username !== undefined || !isPrivate);
    const scoped = token.scopes.some((scope) => {
      if (scope === this.bearerOptions.publicScope) return action === 'pull';
      const [type, name, actions = ''] = scope.split(':');
      return type === 'repository' && name === repository && actions.split(',').includes(action);
    });
    return scoped && (action === 'pull' ? readable : token.username !== undefined);
  }

  private challenge(repository: string | undefined, action: RegistryAction, error?: string): RegistryError {
    const scope = this.bearerOptions.publicScope ?? `repository:${repository}:${action === 'push' ? 'pull,push' : 'pull'}`;
    const parts = [
      `realm="${this.bearerOptions.realm ?? `${this.url}/token`}"`,
      `service="${this.bearerOptions.service ?? 'registry.local'}"`,
      ...repository === undefined ? [] : [`scope="${scope}"`],
      ...error === undefined ? [] : [`error="${error}"`],
    ];
    const detail = repository === undefined ? undefined : [{ Type: 'repository', Class: '', Name: repository, Action: action }];
    return new RegistryError(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': `Bearer ${parts.join(',')}` }, detail);
  }

  private tokenOf(exchange: Exchange): Token | undefined {
    const [scheme, value] = (exchange.header('authorization') ?? '').split(' ');
    const token = scheme === 'Bearer' ? this.tokens.get(value) : undefined;
    return token && token.expires > this.now() ? token : undefined;
  }

  private get tokenPath(): string {
    return this.bearerOptions.realm === undefined ? '/token' : new URL(this.bearerOptions.realm).pathname;
  }

  private get tokenSeconds(): number {
    return this.bearerOptions.tokenSeconds ?? 300;
  }

  private now(): number {
    return (this.bearerOptions.now ?? Date.now)();
  }
}
