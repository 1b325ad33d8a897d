import type { Credential, CredentialSource } from './credential-source';
import { ecrHost, isKnownToPublicGallery, PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { sendSigned } from '../aws-request';
import { MirrorError } from '../mirror-error';
import { networkError } from '../registry/transport';

/**
 * Credentials for Amazon ECR, from the AWS credential chain.
 *
 * A private registry cannot be read without them, so what goes wrong is told; its public gallery can.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export class EcrCredentials implements CredentialSource {
  private readonly tokens = new AwsTokens();
  private readonly gallery = new EcrPublicCredentials(process.env);

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    const host = ecrHost(registry);
    if (host === undefined) return this.gallery.credentialFor(registry, refused);
    return this.tokens.credentialFor(registry, refused, () => fetchPrivateToken(registry, host.region, host.fips));
  }
}

async function fetchPrivateToken(registry: string, region: string, fips: boolean): Promise<AwsToken> {
  const api = apiHost(region, fips);
  // Loaded only here: a copy between other registries does not wait for the AWS SDK.
  const [{ ECRClient, GetAuthorizationTokenCommand }, { awsRequestHandler }] = await Promise.all([import('@aws-sdk/client-ecr'), import('../aws-request-handler.js')]);
  const client = new ECRClient({ region, useFipsEndpoint: fips, requestHandler: awsRequestHandler(api) });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    return readAwsToken(authorizationData?.[0]?.authorizationToken, authorizationData?.[0]?.expiresAt);
  } catch (error) {
    throw unreachable(error, api) ?? refusal(error, registry);
  } finally {
    client.destroy();
  }
}

/** The host of the ECR API, for the choice of a proxy. */
function apiHost(region: string, fips: boolean): string {
  return `${fips ? 'ecr-fips' : 'api.ecr'}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** What keeps the API from answering is told of its host, for no credentials would help; the SDK has tried again already. */
function unreachable(error: unknown, api: string): MirrorError | undefined {
  const { name, code = name === 'TimeoutError' ? 'ETIMEDOUT' : undefined } = Object(error) as { name?: unknown; code?: unknown };
  if (typeof code !== 'string' || !/^(?:E[A-Z_]+$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return undefined;
  const cause = Object.assign(new Error(error instanceof Error ? error.message : String(error), { cause: error }), { code });
  const told = networkError(cause, new URL(`https://${api}`));
  return told instanceof MirrorError ? new MirrorError(told.reason, told.message, { cause }) : undefined;
}

function refusal(error: unknown, registry: string): MirrorError {
  const message = error instanceof Error ? error.message : String(error);
  return new MirrorError('unauthorized', `${registry}: cannot sign in to Amazon ECR: ${sanitizeForLog(message)}; it takes AWS credentials that allow ecr:GetAuthorizationToken`, { cause: error });
}

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

/** The gallery gives tokens in this Region alone. */
const REGION = 'us-east-1';
const API = `https://api.ecr-public.${REGION}.amazonaws.com`;

/** Milliseconds after which a run goes on anonymously, rather than wait for more pulls in a second. */
const PATIENCE = 5_000;

/** Bytes; a token has about two thousand. */
const LONGEST_ANSWER = 64 * 1024;

/** Variables of which each set holds credentials of AWS, without asking a person or the network whether there are any. */
const CREDENTIAL_VARIABLES = [
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'],
];

/**
 * Credentials for Amazon ECR's public gallery: with them it allows ten pulls in a second, without them one.
 *
 * They are only asked for where the environment itself holds credentials of AWS, as that of a build does. They are never needed: where AWS refuses
 * them, or does not answer soon, access is anonymous.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
export class EcrPublicCredentials implements CredentialSource {
  private readonly tokens = new AwsTokens();
  private given = false;
  private refusals = 0;
  private anonymous = false;

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    if (registry !== PUBLIC_GALLERY || !holdsCredentials(this.environment)) return undefined;
    // A token that is refused may have expired; when its successor is refused too, the gallery wants none.
    if (refused && this.given && this.refusals++ > 0) this.anonymous = true;
    if (this.anonymous) return undefined;
    try {
      const credential = await this.tokens.credentialFor(registry, refused, () => fetchPublicToken(this.environment));
      this.given = true;
      return credential;
    } catch {
      this.anonymous = true;
      return undefined;
    }
  }
}

function holdsCredentials(environment: NodeJS.ProcessEnv): boolean {
  // A profile may ask a person for a code, which an image that anybody may pull is not worth.
  if (environment.AWS_PROFILE || !isKnownToPublicGallery(environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? '')) return false;
  return CREDENTIAL_VARIABLES.some((names) => names.every((name) => environment[name]));
}

/** What the API answers; anything else is taken for a refusal. */
interface GivenToken {
  readonly authorizationData: {
    readonly authorizationToken: string;
    /** Seconds since the epoch. */
    readonly expiresAt: number;
  };
}

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html */
async function fetchPublicToken(environment: NodeJS.ProcessEnv): Promise<AwsToken> {
  const { body = '' } = await sendSigned({
    service: 'ecr-public',
    region: REGION,
    url: new URL(environment.AWS_ENDPOINT_URL_ECR_PUBLIC || API),
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'SpencerFrontendService.GetAuthorizationToken' },
    body: '{}',
    limit: LONGEST_ANSWER,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const { authorizationToken, expiresAt } = (JSON.parse(body) as GivenToken).authorizationData;
  return readAwsToken(authorizationToken, new Date(expiresAt * 1000));
}
