import type { Challenge } from './challenge';
import type { Endpoint } from './endpoint';
import { registryError } from './registry-error';
import { HttpRequest, readBody, Transport } from './transport';
import type { Credential } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** A header that opens a repository, and until when. */
export interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** What a token is asked for with. */
export interface TokenRequest {
  readonly endpoint: Endpoint;
  readonly challenge: Challenge & { readonly scheme: 'bearer' };
  readonly scope: string;
  readonly credential?: Credential;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

const LONGEST_ANSWER = 1024 * 1024;
/** A scope's resource, which may hold the port of a host, and its actions. */
const RESOURCE = /^([^ ]+):([a-z*,]+)$/;
/** Seconds that a token lives when the service does not say. */
const DEFAULT_LIFETIME = 60;

/**
 * Asks a registry's token service for a token.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/ for identity tokens
 */
export async function fetchToken(asked: TokenRequest): Promise<Token> {
  const { endpoint, credential } = asked;
  const response = await asked.transport.send(tokenMessage(asked));
  if (response.status !== 200) {
    const refusal = await registryError({ registry: endpoint.registry, action: 'sign in', authenticated: credential !== undefined }, response);
    if (refusal.reason !== 'not-found') throw refusal;
    throw new MirrorError('registry-error', `${endpoint.registry}: the token service that it names is not there (HTTP ${response.status} from ${response.url.host})`);
  }
  const answer = await readBody(response, LONGEST_ANSWER);
  if (answer === undefined) throw new MirrorError('registry-error', `${endpoint.registry}: its token service answered more than ${LONGEST_ANSWER} bytes`);
  return readToken(endpoint, answer.toString('utf8'));
}

function tokenMessage({ endpoint, challenge, scope, credential, signal }: TokenRequest): HttpRequest {
  const realm = realmUrl(endpoint, challenge.realm);
  const asked = askedScope(challenge, scope);
  if (credential && 'identityToken' in credential) {
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: credential.identityToken, client_id: 'cdk-ecr-mirror', scope: asked });
    if (challenge.service !== undefined) form.set('service', challenge.service);
    return { method: 'POST', url: realm, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString(), signal };
  }
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
  for (const one of asked.split(' ').filter(Boolean)) realm.searchParams.append('scope', one);
  const headers: Record<string, string> = {};
  if (credential) headers.authorization = basicHeader(credential);
  return { method: 'GET', url: realm, headers, signal };
}

/**
 * What a token is asked for: what the challenge names. Where that is less than a run will do in its own repository, it is that, so that one token is
 * enough: a registry that is asked for a blob challenges for `pull`, and the next request pushes one.
 *
 * @param scope what the run will do: `repository:mirror/nginx:pull,push`
 */
export function askedScope(challenge: Challenge & { readonly scheme: 'bearer' }, scope: string): string {
  if (challenge.scope === undefined) return scope;
  const [, resource, ownActions] = RESOURCE.exec(scope) ?? [];
  return challenge.scope.split(' ').filter(Boolean).map((one) => {
    const [, named, actions] = RESOURCE.exec(one) ?? [];
    return named !== undefined && named === resource ? `${named}:${[...new Set(`${ownActions},${actions}`.split(','))].join(',')}` : one;
  }).join(' ');
}

/** @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A realm must be https, for credentials are sent to it; only a registry that is itself plain http may name a plain one. */
function realmUrl(endpoint: Endpoint, realm: string): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const allowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && endpoint.origin.startsWith('http:'));
  if (!url || !allowed || url.username !== '' || url.password !== '') {
    throw new MirrorError('unauthorized', `${endpoint.registry}: it names a token service that is not https, so no credentials are sent to it`);
  }
  return url;
}

function readToken(endpoint: Endpoint, text: string): Token {
  let answer: Record<string, unknown> = {};
  try {
    answer = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // Told below: an answer without a token is one that is no JSON, too.
  }
  const token = answer.token ?? answer.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new MirrorError('registry-error', `${endpoint.registry}: its token service answered no token`, { retryable: true });
  }
  const lifetime = typeof answer.expires_in === 'number' && answer.expires_in > 0 ? answer.expires_in : DEFAULT_LIFETIME;
  return { header: `Bearer ${token}`, expires: Date.now() + lifetime * 1000 };
}
