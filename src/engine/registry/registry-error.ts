import { HttpResponse, readBody } from './transport';
import { PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';
import type { FailureReason } from '../result';

const LONGEST_ERROR_BODY = 64 * 1024;
const LONGEST_DETAIL = 300;

/** What a request was for, so that its failure can say so. */
export interface RequestPurpose {
  /** The registry as references name it. */
  readonly registry: string;
  /** For example `read manifest library/nginx:stable`. */
  readonly action: string;
  /** Whether credentials were sent. */
  readonly authenticated: boolean;
}

/** Turns a registry's refusal into words and a reason. Reads the body. */
export async function registryError(purpose: RequestPurpose, response: HttpResponse): Promise<MirrorError> {
  const { code, message } = parseBody(await readText(response));
  const said = [code, message].filter(Boolean).map((part) => sanitizeForLog(part!)).join(': ');
  const { status } = response;
  const where = `${purpose.registry}: cannot ${purpose.action}`;
  const answer = `HTTP ${status}${said ? `, ${said}` : ''}`;
  const reason = reasonFor(status, code, message);
  return new MirrorError(reason, `${where}: ${explain(reason, purpose)} (${answer})`, {
    retryable: isRetryable(status, reason) || code === 'BLOB_UPLOAD_UNKNOWN', // a lost upload can be started anew
    retryAfterSeconds: retryAfter(response.headers['retry-after']),
  });
}

/** Whether a status can pass by waiting. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501);
}

function isRetryable(status: number, reason: FailureReason): boolean {
  return isRetryableStatus(status) || reason === 'digest-mismatch';
}

function reasonFor(status: number, code: string | undefined, message: string | undefined): FailureReason {
  if (status === 429 || code === 'TOOMANYREQUESTS') return 'rate-limited';
  if (code === 'TAG_INVALID' && /immutable/i.test(message ?? '')) return 'immutable-tag';
  if (code === 'DIGEST_INVALID') return 'digest-mismatch';
  if (status === 401 || status === 403) return 'unauthorized';
  if (code === 'BLOB_UPLOAD_UNKNOWN' || code === 'MANIFEST_BLOB_UNKNOWN') return 'registry-error';
  if (status === 404 || status === 410) return 'not-found';
  if (code === 'MANIFEST_INVALID' || code === 'UNSUPPORTED' || status === 405 || status === 413 || status === 415) return 'unsupported-manifest';
  return 'registry-error';
}

function explain(reason: FailureReason, purpose: RequestPurpose): string {
  switch (reason) {
    case 'rate-limited':
      return rateLimited(purpose);
    case 'unauthorized':
      return purpose.authenticated
        ? 'these credentials may not do that, or there is no such repository'
        : 'it wants credentials, or there is no such repository';
    case 'not-found':
      return 'there is no such image or repository';
    case 'immutable-tag':
      return 'the tag is immutable and already taken';
    case 'digest-mismatch':
      return 'what arrived is not what its digest says';
    case 'unsupported-manifest':
      return 'it does not accept this kind of manifest';
    default:
      return 'it failed';
  }
}

function rateLimited({ registry, authenticated }: RequestPurpose): string {
  if (authenticated) return 'its rate limit is reached for these credentials; mirror fewer images at once, or use an account with a higher limit';
  const remedy = registry === PUBLIC_GALLERY
    ? 'run with AWS credentials that allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken'
    : 'give credentials for this registry';
  return `its rate limit for anonymous requests is reached; ${remedy}`;
}

/** Seconds that a `Retry-After` asks to wait, from a number or a date; undefined when it is neither. */
export function retryAfter(header: string | string[] | undefined): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value.trim())) return Number(value);
  const seconds = /[a-z]{3}/i.test(value) ? (Date.parse(value) - Date.now()) / 1000 : NaN;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The status already tells what went wrong; a body that breaks off, or has no end, adds nothing. */
async function readText(response: HttpResponse): Promise<string> {
  const bytes = await readBody(response, LONGEST_ERROR_BODY).catch(() => undefined);
  return bytes?.toString('utf8') ?? '';
}

/** The first error of OCI's JSON body that says something, or the text itself when it is short and no HTML. */
function parseBody(text: string): { code?: string; message?: string } {
  try {
    const list = (JSON.parse(text) as { errors?: unknown } | null)?.errors;
    const errors = (Array.isArray(list) ? list : []).map((error) => Object(error) as Record<string, unknown>);
    const { code, message, detail } = errors.find((error) => error.code !== 'UNKNOWN') ?? errors[0] ?? {};
    return {
      code: typeof code === 'string' ? code : undefined,
      // An "unknown error" is known in its detail, such as a full disk.
      message: code === 'UNKNOWN' && detail ? `${String(message)} ${JSON.stringify(detail).slice(0, LONGEST_DETAIL)}` : typeof message === 'string' ? message : undefined,
    };
  } catch {
    const plain = text.trim();
    return plain === '' || plain.startsWith('<') || plain.length > 300 ? {} : { message: plain };
  }
}
