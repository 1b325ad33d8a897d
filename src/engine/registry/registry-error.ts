import { isCodeBuild } from './network-advice';
import { readBody } from './response-body';
import { headerValue, HttpResponse } from './transport';
import { DOCKER_HUB } from '../../image/image-reference';
import { PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';
import type { FailureReason } from '../result';

const MAX_ERROR_BODY_BYTES = 64 * 1024;
/** Characters. */
const MAX_DETAIL_LENGTH = 300;

/** The context of a request, for error messages. */
export interface RequestPurpose {
  /** The registry, as written in image references. */
  readonly registry: string;
  /** The action that failed: `read manifest library/nginx:stable`. */
  readonly action: string;
  /** The subject of the request. It decides what a refusal means. */
  readonly subject?: 'manifest' | 'blob' | 'upload';
  /** Whether the request used credentials. */
  readonly authenticated: boolean;
  /** Why credentials are not used; undefined when they are, or when there are none. */
  readonly note?: string;
  /** Whether the response is from a host that doesn't belong to the registry. Its text is then not shown. */
  readonly isForeign?: boolean;
}

/** Converts an error response of a registry to a `MirrorError`. Reads the body. */
export async function registryError(purpose: RequestPurpose, response: HttpResponse): Promise<MirrorError> {
  const text = await readText(response);
  if (response.refusal) return response.refusal;
  const { code, message } = purpose.isForeign ? {} : parseBody(text);
  const details = [code, message].filter(Boolean).map((part) => sanitizeForLog(part!)).join(': ');
  const { status } = response;
  const failure = `${purpose.registry}: cannot ${purpose.action}`;
  const answer = `HTTP ${status}${details ? `, ${details}` : ''}`;
  const reason = reasonFor(status, code, message, purpose);
  const explanation = expectsTls(response, text)
    ? 'the registry expects TLS; remove --plain-http, or use the name of the registry without a port'
    : explainUpload(status, purpose) ?? explain(reason, purpose);
  return new MirrorError(reason, `${failure}: ${explanation} (${answer})`, {
    retryable: isRetryable(status, reason) || code === 'BLOB_UPLOAD_UNKNOWN', // the upload is lost, but a new one can be started
    retryAfterSeconds: parseRetryAfter(response.headers['retry-after']),
    overloaded: isOverload(status) || reason === 'rate-limited',
    status,
  });
}

/** Whether a status asks for fewer requests. */
export function isOverload(status: number): boolean {
  return status === 429 || status === 503;
}

/** Whether a server with TLS refuses a request without it. Go, nginx and Apache answer with status 400 and a text. */
function expectsTls({ status, url }: HttpResponse, text: string): boolean {
  return status === 400 && url.protocol === 'http:' && /HTTP request .*HTTPS (?:server|port)|speaking plain HTTP to an SSL/is.test(text);
}

/** Whether a status is a transient error. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501);
}

function isRetryable(status: number, reason: FailureReason): boolean {
  return isRetryableStatus(status) || reason === 'digest-mismatch';
}

function reasonFor(status: number, code: string | undefined, message: string | undefined, { subject }: RequestPurpose): FailureReason {
  if (status === 429 || code === 'TOOMANYREQUESTS') return 'rate-limited';
  if (code === 'TAG_INVALID' && /immutable/i.test(message ?? '')) return 'immutable-tag';
  if (code === 'DIGEST_INVALID') return 'digest-mismatch';
  if (status === 401 || status === 403) return 'unauthorized';
  if (code === 'BLOB_UPLOAD_UNKNOWN' || code === 'MANIFEST_BLOB_UNKNOWN') return 'registry-error';
  if (status === 404 || status === 410) return 'not-found';
  if (subject === 'blob' || subject === 'upload') return 'registry-error';
  if (code === 'MANIFEST_INVALID' || code === 'UNSUPPORTED' || status === 405 || status === 413 || status === 415) return 'unsupported-manifest';
  return 'registry-error';
}

/** The meaning of a status in the response to an upload; undefined for a status that means the same everywhere. */
function explainUpload(status: number, { subject }: RequestPurpose): string | undefined {
  if (subject !== 'blob' && subject !== 'upload') return undefined;
  if (status === 413) return 'the blob is larger than the registry, or a proxy in front of it, accepts; raise its limit for the size of requests';
  if (status === 405 || status === 501) return 'the registry accepts no uploads; check that it is not a read-only mirror or a pull-through cache';
  return undefined;
}

function explain(reason: FailureReason, purpose: RequestPurpose): string {
  switch (reason) {
    case 'rate-limited':
      return rateLimited(purpose);
    case 'unauthorized':
      if (purpose.authenticated) return 'the credentials don\'t allow it, or the repository doesn\'t exist';
      return `the registry requires credentials, or the repository doesn't exist${purpose.note === undefined ? '' : `; ${purpose.note}`}`;
    case 'not-found':
      return purpose.subject === 'blob'
        ? 'a manifest lists the blob, and the registry doesn\'t have it'
        : 'the image or repository doesn\'t exist';
    case 'immutable-tag':
      return 'the tag already exists and is immutable';
    case 'digest-mismatch':
      return 'the content doesn\'t match its digest';
    case 'unsupported-manifest':
      return 'the registry doesn\'t support this type of manifest';
    default:
      return 'the request failed';
  }
}

function rateLimited({ registry, authenticated }: RequestPurpose): string {
  if (authenticated) return 'the rate limit of these credentials is exceeded; mirror fewer images at once, or use an account with a higher limit';
  const remedy = registry === PUBLIC_GALLERY
    ? 'run with AWS credentials that allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken'
    : `configure credentials for this registry with ${isCodeBuild() ? 'RegistryCredentials' : loginCommand(registry)}`;
  return `the rate limit for anonymous requests is exceeded; ${remedy}`;
}

function loginCommand(registry: string): string {
  return registry === DOCKER_HUB ? '"docker login"' : `"docker login ${registry}"`;
}

/** Parses a `Retry-After` header, which is a number of seconds or a date. Returns seconds, or undefined when it is neither. */
export function parseRetryAfter(header: string | string[] | undefined): number | undefined {
  const value = headerValue(header);
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value.trim())) return Number(value);
  const seconds = /[a-z]{3}/i.test(value) ? (Date.parse(value) - Date.now()) / 1000 : NaN;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Reads the body of an error response. Empty when the body is incomplete or too long, because the status already describes the error. */
async function readText(response: HttpResponse): Promise<string> {
  const bytes = await readBody(response, MAX_ERROR_BODY_BYTES).catch(() => undefined);
  return bytes?.toString('utf8') ?? '';
}

/** Parses the first specific error of an OCI error response. A short body in another format, except HTML, is the message itself. */
function parseBody(text: string): { code?: string; message?: string } {
  try {
    const list = (JSON.parse(text) as { errors?: unknown } | null)?.errors;
    const errors = (Array.isArray(list) ? list : []).map((error) => Object(error) as Record<string, unknown>);
    const { code, message, detail } = errors.find((error) => error.code !== 'UNKNOWN') ?? errors[0] ?? {};
    return {
      code: typeof code === 'string' ? code : undefined,
      // The detail of an unknown error has the cause, such as a full disk.
      message: code === 'UNKNOWN' && detail
        ? `${String(message)} ${JSON.stringify(detail).slice(0, MAX_DETAIL_LENGTH)}`
        : typeof message === 'string' ? message : undefined,
    };
  } catch {
    const plain = text.trim();
    return plain === '' || plain.startsWith('<') || plain.length > MAX_DETAIL_LENGTH ? {} : { message: plain };
  }
}
