import type { Challenge } from './challenge';
import { type Endpoint, isTrustedHost, namedBy, requireSafeUrl } from './endpoint';
import { registryError } from './registry-error';
import { readBody } from './response-body';
import { headerValue, HttpRequest, HttpResponse, Transport } from './transport';
import { parseJson } from '../../image/parse-json';
import { quote, redactCredentials } from '../../image/sanitize';
import type { Credential } from '../credentials/credential-source';
import { MirrorError } from '../mirror-error';

/** The value of an `Authorization` header, and when it expires. */
export interface Authorization {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Whether it was obtained with credentials. */
  readonly authenticated: boolean;
  /** The host that got no credentials, because it doesn't belong to the registry. Undefined when none was withheld. */
  readonly withheldFrom?: string;
}

/** A request for a bearer token. */
export interface TokenRequest {
  readonly endpoint: Endpoint;
  readonly challenge: Challenge & { readonly scheme: 'bearer' };
  readonly scope: string;
  readonly credential?: Credential;
  /** Why there are no credentials, for the message of a refusal. */
  readonly note?: string;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

const MAX_RESPONSE_BYTES = 1024 * 1024;
/** Characters. Servers accept headers of 8 to 64 KB. */
const MAX_TOKEN_LENGTH = 64 * 1024;
export const MAX_REDIRECTS = 5;
export const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];
/** A scope: its type with an optional class, its resource, which may contain a port, and its actions. */
const SCOPE = /^([a-z0-9]+)(\([^)]*\))?:(.+):([a-z*,]*)$/i;
/** The lifetime of a token in seconds when the response has none. */
const DEFAULT_LIFETIME = 60;

/**
 * Requests a bearer token from the token service of a registry. Follows its redirects.
 *
 * Credentials go only to hosts that belong to the registry (`isTrustedHost`), and to hosts that the credential names.
 * Other hosts get an anonymous request.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/ for identity tokens
 */
export async function fetchBearerToken(request: TokenRequest): Promise<Authorization> {
  const { endpoint, challenge, credential } = request;
  let url = realmUrl(endpoint, challenge.realm);
  let withheldFrom = isReceiver(endpoint, url, credential) ? undefined : url.host;
  let message = tokenMessage(request, url, withheldFrom === undefined ? credential : undefined);
  for (let hops = 0; ; hops++) {
    const response = await send(request, message);
    const location = REDIRECT_STATUSES.includes(response.status) ? headerValue(response.headers.location) : undefined;
    if (location === undefined) return readToken({ ...request, credential: message.credential }, response, withheldFrom);
    await response.body.dump();
    if (hops === MAX_REDIRECTS) {
      throw new MirrorError('registry-error', `${endpoint.registry}: the token service sends more than ${MAX_REDIRECTS} redirects`);
    }
    url = requireSafeUrl(endpoint.registry, location, url);
    if (!isReceiver(endpoint, url, message.credential)) withheldFrom = url.host;
    const losesForm = response.status === 303 && message.method === 'POST';
    message = withheldFrom === undefined && !losesForm ? { ...message, url } : { method: 'GET', url, headers: {} };
  }
}

/** Whether a host may receive the credential. True without a credential. */
function isReceiver(endpoint: Endpoint, url: URL, credential: Credential | undefined): boolean {
  return credential === undefined || isTrustedHost(endpoint, url.hostname) || isAllowedRealm(url, credential);
}

function isAllowedRealm({ host, hostname }: URL, { allowedRealms = [] }: Pick<Credential, 'allowedRealms'>): boolean {
  return allowedRealms.includes(host) || allowedRealms.includes(hostname);
}

/** A request to a token service, with the credential that it contains. */
interface TokenMessage extends Omit<HttpRequest, 'signal'> {
  readonly credential?: Credential;
}

function send({ endpoint, transport, signal }: TokenRequest, { credential, ...message }: TokenMessage): Promise<HttpResponse> {
  // A host that the user allows may have any address.
  const isAllowed = credential !== undefined && isAllowedRealm(message.url, credential);
  return transport.send({ ...message, signal, namedBy: isAllowed ? undefined : namedBy(endpoint, message.url) });
}

function tokenMessage({ challenge, scope }: TokenRequest, realm: URL, credential: Credential | undefined): TokenMessage {
  const requested = requestedScope(challenge, scope);
  if (credential && 'identityToken' in credential) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token', refresh_token: credential.identityToken, client_id: 'cdk-ecr-mirror', scope: requested,
    });
    if (challenge.service !== undefined) form.set('service', challenge.service);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: form.toString(), credential };
  }
  const url = new URL(realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const part of scopeParts(requested)) url.searchParams.append('scope', part);
  const headers: Record<string, string> = {};
  if (credential && 'username' in credential) headers.authorization = basicHeader(credential);
  return { method: 'GET', url, headers, credential };
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
  const [, ownType, , ownResource, ownActions] = SCOPE.exec(scope) ?? [];
  return scopeParts(challenge.scope).map((part) => {
    const [, type, resourceClass = '', resource, actions] = SCOPE.exec(part) ?? [];
    if (resource === undefined || type !== ownType || resource !== ownResource) return part;
    const all = new Set([...ownActions.split(','), ...actions.split(',')].filter(Boolean));
    return `${type}${resourceClass}:${resource}:${[...all].join(',')}`;
  }).join(' ');
}

function scopeParts(scope: string): string[] {
  return scope.split(/\s+/).filter(Boolean);
}

/** @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A realm must use https, because it receives credentials. Only a registry that uses http itself may have a realm with http. */
function realmUrl(endpoint: Endpoint, realm: string): URL {
  try {
    const url = requireSafeUrl(endpoint.registry, realm, new URL(endpoint.origin));
    if (URL.canParse(realm) && url.username === '' && url.password === '') return url;
  } catch {
    // The error below describes it.
  }
  const problem = `its challenge names the token service ${quote(redactCredentials(realm))}`;
  throw new MirrorError('unauthorized', `${endpoint.registry}: ${problem}; a token service must have an https URL without a user name`);
}

async function readToken(request: TokenRequest, response: HttpResponse, withheldFrom: string | undefined): Promise<Authorization> {
  const { endpoint: { registry }, credential } = request;
  if (response.status < 200 || response.status > 203) throw await tokenError(request, response, withheldFrom);
  const body = await readBody(response, MAX_RESPONSE_BYTES);
  if (body === undefined) {
    throw new MirrorError('registry-error', `${registry}: the response of the token service is longer than ${MAX_RESPONSE_BYTES} bytes`);
  }
  return { ...parseToken(registry, body.toString('utf8')), authenticated: credential !== undefined, withheldFrom };
}

/** The text of a host that doesn't belong to the registry is not part of the error. */
async function tokenError(request: TokenRequest, response: HttpResponse, withheldFrom: string | undefined): Promise<MirrorError> {
  const { endpoint, credential, note } = request;
  const { registry } = endpoint;
  const { host, hostname } = response.url;
  const isForeign = !isTrustedHost(endpoint, hostname);
  const action = isForeign ? `sign in at ${host}` : 'sign in';
  const notes = withheldFrom === undefined ? note : withheldNote(withheldFrom);
  const error = await registryError({ registry, action, authenticated: credential !== undefined, note: notes, isForeign }, response);
  if (error.reason !== 'not-found') return error;
  const problem = `the token service of its challenge doesn't exist (HTTP ${response.status} from ${host})`;
  return new MirrorError('registry-error', `${registry}: ${problem}`);
}

/** Why credentials were not sent to a host, and the remedy. */
export function withheldNote(host: string): string {
  return `the credentials were not sent to its token service ${host}, which is on another domain; `
    + 'to allow it, set allowedRealm of the credentials, or --allow-realm';
}

function parseToken(registry: string, text: string): Pick<Authorization, 'header' | 'expires'> {
  const { token, access_token: accessToken, expires_in: expiresIn } = Object(parseJson(text.replace(/^\uFEFF/, ''))) as Record<string, unknown>;
  const found = token === undefined || token === null || token === '' ? accessToken : token;
  if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) {
    throw new MirrorError('registry-error', `${registry}: the token service returned no token`, { retryable: true });
  }
  if (found.length > MAX_TOKEN_LENGTH) {
    const problem = `the token service returned a token of ${found.length} characters, which is too long for a header`;
    throw new MirrorError('registry-error', `${registry}: ${problem}; the maximum is ${MAX_TOKEN_LENGTH}`);
  }
  return { header: `Bearer ${found}`, expires: Date.now() + lifetime(expiresIn) * 1000 };
}

/** In seconds, from a number or its text. The time of issue is ignored, because the clocks of servers differ. A refused token is renewed anyway. */
function lifetime(value: unknown): number {
  const seconds = typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : NaN;
  return seconds > 0 ? seconds : DEFAULT_LIFETIME;
}
