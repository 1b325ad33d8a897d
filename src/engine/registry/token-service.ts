import type { Challenge } from './challenge';
import type { Endpoint } from './endpoint';
import { registryError } from './registry-error';
import { readBody } from './response-body';
import type { HttpRequest, Transport } from './transport';
import { parseJson } from '../../image/parse-json';
import type { Credential } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** The value of an `Authorization` header, and when it expires. */
export interface Authorization {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** A request for a bearer token. */
export interface TokenRequest {
  readonly endpoint: Endpoint;
  readonly challenge: Challenge & { readonly scheme: 'bearer' };
  readonly scope: string;
  readonly credential?: Credential;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

const MAX_RESPONSE_BYTES = 1024 * 1024;
/** A scope: its resource, which may contain a port, and its actions. */
const SCOPE = /^([^ ]+):([a-z*,]+)$/;
/** The lifetime of a token in seconds when the response has none. */
const DEFAULT_LIFETIME = 60;

/**
 * Requests a bearer token from the token service of a registry.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/ for identity tokens
 */
export async function fetchBearerToken(request: TokenRequest): Promise<Authorization> {
  const { endpoint, credential } = request;
  const response = await request.transport.send(toHttpRequest(request));
  if (response.status !== 200) {
    const error = await registryError({ registry: endpoint.registry, action: 'sign in', authenticated: credential !== undefined }, response);
    if (error.reason !== 'not-found') throw error;
    const problem = `the token service of its challenge doesn't exist (HTTP ${response.status} from ${response.url.host})`;
    throw new MirrorError('registry-error', `${endpoint.registry}: ${problem}`);
  }
  const body = await readBody(response, MAX_RESPONSE_BYTES);
  if (body === undefined) {
    throw new MirrorError('registry-error', `${endpoint.registry}: the response of the token service is longer than ${MAX_RESPONSE_BYTES} bytes`);
  }
  return parseToken(endpoint, body.toString('utf8'));
}

function toHttpRequest({ endpoint, challenge, scope, credential, signal }: TokenRequest): HttpRequest {
  const realm = requireSafeRealm(endpoint, challenge.realm);
  const requested = requestedScope(challenge, scope);
  if (credential && 'identityToken' in credential) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token', refresh_token: credential.identityToken, client_id: 'cdk-ecr-mirror', scope: requested,
    });
    if (challenge.service !== undefined) form.set('service', challenge.service);
    return { method: 'POST', url: realm, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString(), signal };
  }
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
  for (const part of requested.split(' ').filter(Boolean)) realm.searchParams.append('scope', part);
  const headers: Record<string, string> = {};
  if (credential) headers.authorization = basicHeader(credential);
  return { method: 'GET', url: realm, headers, signal };
}

/**
 * The scope of a bearer token: the scope of the challenge, with all actions of the client for its own repository.
 *
 * One token is then enough. Otherwise a request for a blob would get a token with `pull`, and the next request, a push, would need another token.
 *
 * @param scope the scope of the client: `repository:mirror/nginx:pull,push`
 */
export function requestedScope(challenge: Challenge & { readonly scheme: 'bearer' }, scope: string): string {
  if (challenge.scope === undefined) return scope;
  const [, resource, ownActions] = SCOPE.exec(scope) ?? [];
  return challenge.scope.split(' ').filter(Boolean).map((part) => {
    const [, partResource, actions] = SCOPE.exec(part) ?? [];
    if (partResource === undefined || partResource !== resource) return part;
    return `${resource}:${[...new Set(`${ownActions},${actions}`.split(','))].join(',')}`;
  }).join(' ');
}

/** @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A realm must use https, because it receives credentials. Only a registry that uses http itself may have a realm with http. */
function requireSafeRealm(endpoint: Endpoint, realm: string): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const allowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && endpoint.origin.startsWith('http:'));
  if (!url || !allowed || url.username !== '' || url.password !== '') {
    throw new MirrorError('unauthorized', `${endpoint.registry}: the token service of its challenge doesn't use https, so it gets no credentials`);
  }
  return url;
}

function parseToken(endpoint: Endpoint, text: string): Authorization {
  const response = Object(parseJson(text)) as Record<string, unknown>;
  const token = response.token ?? response.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new MirrorError('registry-error', `${endpoint.registry}: the token service returned no token`, { retryable: true });
  }
  const lifetime = typeof response.expires_in === 'number' && response.expires_in > 0 ? response.expires_in : DEFAULT_LIFETIME;
  return { header: `Bearer ${token}`, expires: Date.now() + lifetime * 1000 };
}
