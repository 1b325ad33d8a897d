import { MAX_CATALOG_BYTES } from './catalog-syntax';
import { CatalogLocation, formatCatalogLocation } from '../../image/catalog/catalog-location';
import { parseJson } from '../../image/parse-json';
import { sanitizeForLog } from '../../image/sanitize';
import { AwsRequest, AwsResponse, sendAwsRequest } from '../aws-request';
import { serviceHost } from '../fips';
import { MirrorError } from '../mirror-error';
import { isRetryableStatus } from '../registry/registry-error';
import { RetryContext, withRetries } from '../registry/retry';
import type { FailureReason } from '../result';

/** A JSON response can need up to six characters for each byte of the catalog. */
const MAX_PARAMETER_RESPONSE_BYTES = 7 * MAX_CATALOG_BYTES;

/** The account and Region of the mirror, in which its catalogs are too. */
export interface MirrorAccount {
  readonly region: string;
  /** The account ID. Undefined when the host of the mirror's registry doesn't contain it. */
  readonly owner?: string;
}

/**
 * Reads the text of a catalog from Systems Manager or Amazon S3, with the role of the build.
 *
 * @throws MirrorError that names the location, when the catalog cannot be read
 */
export async function readCatalogText(location: CatalogLocation, { region, owner }: MirrorAccount, run: RetryContext): Promise<string> {
  const name = formatCatalogLocation(location);
  if (!/^[a-z]{2,}(?:-[a-z0-9]+)+$/.test(region)) {
    throw new MirrorError('invalid-configuration', `${name}: the variable AWS_REGION is not set to an AWS Region`);
  }
  const request = 'parameter' in location ? parameterRequest(location.parameter, region) : objectRequest(location, { region, owner });
  return withRetries(run, async () => {
    const response = await send({ ...request, signal: run.signal }, name);
    if (response.status !== 200) throw responseError(name, response);
    if (response.body === undefined) {
      throw new MirrorError('invalid-configuration', `${name}: it has more than ${MAX_CATALOG_BYTES} bytes; divide it into several catalogs`);
    }
    return 'parameter' in location ? parameterValue(name, response.body) : response.body;
  });
}

type RequestWithoutSignal = Omit<AwsRequest, 'signal'>;

/** @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html */
function parameterRequest(parameter: string, region: string): RequestWithoutSignal {
  return {
    service: 'ssm',
    region,
    url: new URL(`https://${serviceHost('ssm', region)}/`),
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
    body: JSON.stringify({ Name: parameter }),
    maxBytes: MAX_PARAMETER_RESPONSE_BYTES,
  };
}

/**
 * The bucket name is in the path, because the certificate of Amazon S3 doesn't cover bucket names that contain dots.
 *
 * The bucket must belong to the account of the mirror. Otherwise another account could create a bucket with the name of a deleted bucket,
 * and decide what is mirrored.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
 */
function objectRequest({ bucket, key }: { bucket: string; key: string }, { region, owner }: MirrorAccount): RequestWithoutSignal {
  const url = new URL(`https://${serviceHost('s3', region)}/${bucket}/${key}`);
  const headers = owner === undefined ? undefined : { 'x-amz-expected-bucket-owner': owner };
  return { service: 's3', region, url, method: 'GET', headers, maxBytes: MAX_CATALOG_BYTES };
}

async function send(request: AwsRequest, name: string): Promise<AwsResponse> {
  try {
    return await sendAwsRequest(request);
  } catch (error) {
    if (error instanceof MirrorError || request.signal.aborted) throw error;
    const problem = sanitizeForLog(error instanceof Error ? error.message : String(error));
    throw new MirrorError('unauthorized', `${name}: the request cannot be signed: ${problem}`, { cause: error });
  }
}

function parameterValue(name: string, body: string): string {
  const { Parameter: { Type, Value } = {} } = Object(parseJson(body)) as { Parameter?: { Type?: unknown; Value?: unknown } };
  if (Type === 'SecureString') {
    throw new MirrorError('invalid-configuration', `${name}: SecureString parameters are not supported; use a StringList or a String`);
  }
  if (typeof Value !== 'string') throw new MirrorError('registry-error', `${name}: Systems Manager returned no value`);
  return Value;
}

/** Converts an error response to a `MirrorError`. Systems Manager returns JSON, Amazon S3 returns XML. */
function responseError(name: string, { status, body = '' }: AwsResponse): MirrorError {
  const { __type: type, message, Message = message } = Object(parseJson(body)) as { __type?: unknown; message?: unknown; Message?: unknown };
  const code = (typeof type === 'string' ? type : /<Code>([A-Za-z]+)<\/Code>/.exec(body)?.[1] ?? '').split('#').pop()!;
  const details = [`HTTP ${status}`, code, typeof Message === 'string' ? Message : ''].filter(Boolean).join(', ');
  const [reason, problem] = explain(status, code);
  const retryable = isRetryableStatus(status) || isThrottling(code);
  return new MirrorError(reason, `${name}: ${problem} (${sanitizeForLog(details)})`, { retryable });
}

function explain(status: number, code: string): [FailureReason, string] {
  if (code === 'ParameterNotFound' || status === 404) return ['not-found', 'the catalog doesn\'t exist; check its name, or create it'];
  if (isThrottling(code) || status === 429) return ['rate-limited', 'the requests are throttled'];
  // Without s3:ListBucket, Amazon S3 returns the same error for a missing and a denied object, and it never returns the owner of a bucket.
  if (status === 403 && code === 'AccessDenied') {
    return ['unauthorized', 'the role of the build has no access, the catalog doesn\'t exist, or its bucket is in another account than the mirror'];
  }
  if (status === 401 || status === 403 || code.startsWith('AccessDenied')) {
    return ['unauthorized', 'the role of the build has no access, or the catalog doesn\'t exist'];
  }
  if (status === 301 || status === 307 || code === 'PermanentRedirect') {
    return ['registry-error', 'its bucket is in another Region than the mirror; use a bucket in the Region of the mirror'];
  }
  return ['registry-error', 'it cannot be read'];
}

function isThrottling(code: string): boolean {
  return /Throttling|SlowDown/.test(code);
}
