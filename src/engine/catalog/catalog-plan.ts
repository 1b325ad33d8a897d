import { catalogRuns } from './catalog-runs';
import { LARGEST_CATALOG } from './parse-catalog';
import { CatalogLocation, formatCatalogLocation, parseCatalogLocation } from '../../image/catalog/catalog-location';
import { formatDay } from '../../image/catalog/catalog';
import { MAX_SHARD_IMAGES, parseShard, SINGLE_SHARD } from '../../image/catalog/catalog-shard';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';
import { ecrHost } from '../../image/registry-hosts';
import { sanitizeForLog, quote } from '../../image/sanitize';
import { AwsRequest, AwsResponse, sendSigned } from '../aws-request';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import { MirrorTools } from '../mirror-image';
import { requireNoOtherVariables, MirrorPlan } from '../mirror-plan';
import { isRetryableStatus } from '../registry/registry-error';
import { retryContext } from '../registry/repository-access';
import { RetryContext, withRetries } from '../registry/retry';
import { notAttempted } from '../result';

/**
 * Reads what a build is to mirror from the catalog that its environment names.
 *
 * A catalog that cannot be read is the result of the whole run, so that an event tells of it.
 *
 * @throws MirrorError when the environment itself cannot be meant
 */
export async function readCatalogPlan(environment: NodeJS.ProcessEnv, tools: MirrorTools): Promise<MirrorPlan> {
  requireNoOtherVariables(RUN_ENVIRONMENT.CATALOG, environment, [RUN_ENVIRONMENT.SHARD, RUN_ENVIRONMENT.ON_TAG_MOVED]);
  const { [RUN_ENVIRONMENT.CATALOG]: name = '', [RUN_ENVIRONMENT.SHARD]: part } = environment;
  const location = parseCatalogLocation(name);
  if (location === undefined) throw wrong(RUN_ENVIRONMENT.CATALOG, name, 'it must be a parameter or an object in Amazon S3, for example "ssm:/platform/images" or "s3://bucket/images.yaml"');
  const shard = part ? parseShard(part) : SINGLE_SHARD;
  if (shard === undefined) throw wrong(RUN_ENVIRONMENT.SHARD, part!, 'it must be one of so many parts, for example "1/4"');
  try {
    const owner = ecrHost(environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '')?.account;
    const text = await readCatalogText(location, { region: environment.AWS_REGION ?? '', owner }, retryContext(tools));
    const images = catalogRuns({ name, text, shard, today: formatDay(Date.now()), most: MAX_SHARD_IMAGES }, environment);
    tools.progress.line(`${name} has ${images.length} entries for this build`);
    return { images, hasSummary: true };
  } catch (error) {
    const { reason, message } = describeFailure(error, tools);
    return { images: [{ result: notAttempted(name, '', reason, message) }], hasSummary: true };
  }
}

function wrong(variable: string, value: string, problem: string): MirrorError {
  return new MirrorError('invalid-configuration', `the variable ${variable} is ${sanitizeForLog(quote(value))}: ${problem}`);
}

/** JSON may write each byte as six characters. */
const LARGEST_ANSWER = 7 * LARGEST_CATALOG;

/** The account and Region of the mirror, which its lists are in too. */
export interface MirrorAccount {
  readonly region: string;
  /** The account; undefined where the registry does not tell. */
  readonly owner?: string;
}

/**
 * Reads a catalog from where it lies, with the role of the build.
 *
 * @throws MirrorError in words that name the location, when it cannot be read
 */
export async function readCatalogText(location: CatalogLocation, { region, owner }: MirrorAccount, run: RetryContext): Promise<string> {
  const name = formatCatalogLocation(location);
  if (!/^[a-z]{2,}(?:-[a-z0-9]+)+$/.test(region)) throw new MirrorError('invalid-configuration', `${name}: the variable AWS_REGION is not set to a Region of AWS`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const request = 'parameter' in location ? parameterRequest(location.parameter, region, suffix) : objectRequest(location, { region, owner }, suffix);
  return withRetries(run, async () => {
    const response = await send({ ...request, signal: run.signal }, name);
    if (response.status !== 200) throw refusal(name, response);
    if (response.body === undefined) throw new MirrorError('invalid-configuration', `${name}: it has more than ${LARGEST_CATALOG} bytes; divide it into several catalogs`);
    return 'parameter' in location ? parameterValue(name, response.body) : response.body;
  });
}

type Unsent = Omit<AwsRequest, 'signal'>;

/** @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html */
function parameterRequest(parameter: string, region: string, suffix: string): Unsent {
  return {
    service: 'ssm',
    region,
    url: new URL(`https://ssm.${region}.${suffix}/`),
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
    body: JSON.stringify({ Name: parameter }),
    limit: LARGEST_ANSWER,
  };
}

/**
 * The bucket is in the path: a certificate of Amazon S3 does not hold for a name with a dot in it. Whoever takes the name of a bucket that was
 * deleted would decide what is mirrored, so the bucket must be of the mirror's own account.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
 */
function objectRequest({ bucket, key }: { bucket: string; key: string }, { region, owner }: MirrorAccount, suffix: string): Unsent {
  const url = new URL(`https://s3.${region}.${suffix}/${bucket}/${key}`);
  const headers = owner === undefined ? undefined : { 'x-amz-expected-bucket-owner': owner };
  return { service: 's3', region, url, method: 'GET', headers, limit: LARGEST_CATALOG };
}

async function send(request: AwsRequest, name: string): Promise<AwsResponse> {
  try {
    return await sendSigned(request);
  } catch (error) {
    if (error instanceof MirrorError || request.signal.aborted) throw error;
    throw new MirrorError('unauthorized', `${name}: the request cannot be signed: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
}

function parameterValue(name: string, body: string): string {
  const { Parameter: { Type, Value } = {} } = parsed(body) as { Parameter?: { Type?: unknown; Value?: unknown } };
  if (Type === 'SecureString') throw new MirrorError('invalid-configuration', `${name}: it is a SecureString, and a catalog is no secret; make it a StringList or a String`);
  if (typeof Value !== 'string') throw new MirrorError('registry-error', `${name}: Systems Manager answers without a value`);
  return Value;
}

/** What the service says it is, in the words of both: JSON for a parameter, XML for an object. */
function refusal(name: string, { status, body = '' }: AwsResponse): MirrorError {
  const { __type: type, message, Message = message } = parsed(body) as { __type?: unknown; message?: unknown; Message?: unknown };
  const code = String(type ?? /<Code>([A-Za-z]+)<\/Code>/.exec(body)?.[1] ?? '').split('#').pop()!;
  const said = [`HTTP ${status}`, code, typeof Message === 'string' ? Message : ''].filter(Boolean).join(', ');
  const [reason, words] = wordsFor(status, code);
  return new MirrorError(reason, `${name}: ${words} (${sanitizeForLog(said)})`, { retryable: isRetryableStatus(status) || /Throttling|SlowDown/.test(code) });
}

function wordsFor(status: number, code: string): ['not-found' | 'unauthorized' | 'rate-limited' | 'registry-error', string] {
  if (code === 'ParameterNotFound' || status === 404) return ['not-found', 'there is no such list; check its name, or create it'];
  if (/Throttling|SlowDown/.test(code) || status === 429) return ['rate-limited', 'it is asked for too often'];
  // Amazon S3 does not tell those who may not list a bucket what is not in it, nor anybody whose bucket it is.
  if (status === 403 && code === 'AccessDenied') return ['unauthorized', 'the role of the build may not read it, there is no such list, or its bucket is of another account than the mirror'];
  if (status === 401 || status === 403 || code.startsWith('AccessDenied')) return ['unauthorized', 'the role of the build may not read it, or there is no such list'];
  if (status === 301 || status === 307 || code === 'PermanentRedirect') return ['registry-error', 'its bucket is in another Region than the mirror; use a bucket in that of the mirror'];
  return ['registry-error', 'it cannot be read'];
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}
