import type { Credential, CredentialSource } from './credential-source';
import { awsServiceHost, ecrHost, isKnownToPublicGallery, PUBLIC_GALLERY } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import { awsNetworkError, sendAwsRequest } from '../aws-request';
import { connectedRegistry } from '../fips';
import { MirrorError } from '../mirror-error';
import { withRunSignal } from '../run-signal';

/**
 * Credentials for Amazon ECR and Amazon ECR Public, from the AWS credential chain.
 *
 * A private registry requires credentials, so a failure to get them is an error. Amazon ECR Public also allows anonymous access.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export class EcrCredentials implements CredentialSource {
  private readonly tokens = new EcrTokenCache();
  private readonly publicCredentials = new EcrPublicCredentials(process.env);

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    const host = ecrHost(registry);
    if (host === undefined) return this.publicCredentials.credentialFor(registry, refused);
    const fips = host.fips || connectedRegistry(registry) !== registry;
    return this.tokens.credentialFor(registry, refused, () => fetchEcrToken(registry, host.region, fips));
  }
}

async function fetchEcrToken(registry: string, region: string, fips: boolean): Promise<EcrToken> {
  const host = awsServiceHost('ecr', region, { fips });
  // Imported here: a copy between other registries doesn't wait for the AWS SDK.
  const [{ ECRClient, GetAuthorizationTokenCommand }, { awsRequestHandler }] = await Promise.all([
    import('@aws-sdk/client-ecr'), import('../aws-request-handler.js'),
  ]);
  const client = new ECRClient({ region, useFipsEndpoint: fips, requestHandler: awsRequestHandler(host) });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    return parseAuthorizationToken(authorizationData?.[0]?.authorizationToken, authorizationData?.[0]?.expiresAt);
  } catch (error) {
    throw tokenError(error, registry, new URL(`https://${host}`));
  } finally {
    client.destroy();
  }
}

/** A network error names the host of the API, because other credentials would not help. It is final, because the AWS SDK has already retried. */
function tokenError(error: unknown, registry: string, url: URL): MirrorError {
  const networkProblem = awsNetworkError(error, url);
  if (networkProblem instanceof MirrorError) return new MirrorError(networkProblem.reason, networkProblem.message, { cause: networkProblem.cause });
  const problem = sanitizeForLog(error instanceof Error ? error.message : String(error));
  const message = `${registry}: cannot sign in to Amazon ECR: ${problem}; use AWS credentials that allow ecr:GetAuthorizationToken`;
  return new MirrorError('unauthorized', message, { cause: error });
}

/** An authorization token of Amazon ECR. */
interface EcrToken {
  readonly credential: Credential;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Tokens are renewed this many milliseconds before they expire, so that none expires during a request. */
const EXPIRY_MARGIN = 5 * 60_000;
/** The lifetime of a token when AWS doesn't return an expiry date. Milliseconds. */
const DEFAULT_LIFETIME = 60 * 60_000;

/** Caches tokens until they expire. Parallel callers share one request. Failures are not cached. */
class EcrTokenCache {
  private readonly tokens = new Map<string, Promise<EcrToken>>();

  /**
   * Returns the credential for a registry.
   *
   * @param refused whether the registry refused the previous token; a new token is then fetched
   */
  async credentialFor(registry: string, refused: boolean, fetch: () => Promise<EcrToken>): Promise<Credential> {
    const pending = this.tokens.get(registry);
    const cached = await pending?.catch(() => undefined);
    if (cached && !refused && cached.expires > Date.now() + EXPIRY_MARGIN) return cached.credential;
    // A parallel caller may already have started a request.
    if (this.tokens.get(registry) === pending) this.tokens.set(registry, fetch());
    return (await this.tokens.get(registry)!).credential;
  }
}

/**
 * Parses the response of `GetAuthorizationToken`.
 *
 * @param token `user:password` in base64
 * @throws Error when it is not a valid token
 */
function parseAuthorizationToken(token: string | undefined, expiresAt: Date | undefined): EcrToken {
  const [username, password] = Buffer.from(token ?? '', 'base64').toString('utf8').split(/:(.*)/s);
  if (!username || !password) throw new Error('Amazon ECR returned no token');
  return { credential: { username, password }, expires: expiresAt?.getTime() || Date.now() + DEFAULT_LIFETIME };
}

/** The only Region that returns tokens for Amazon ECR Public. */
const PUBLIC_REGION = 'us-east-1';

/** After this many milliseconds without a token, access is anonymous: a token only raises the pull rate limit. */
const PUBLIC_TOKEN_TIMEOUT = 5_000;

/** Bytes. A token has about 2,000 bytes. */
const MAX_TOKEN_RESPONSE_BYTES = 64 * 1024;

/** Sets of variables. Each set provides AWS credentials without a prompt and without a request to find out whether there are any. */
const CREDENTIAL_VARIABLES = [
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'],
];

/**
 * Credentials for Amazon ECR Public, which raise the rate limit from 1 to 10 pulls per second.
 *
 * They are used only when environment variables provide AWS credentials, as in a build. They are optional: when AWS refuses them,
 * or doesn't respond in time, access is anonymous.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
export class EcrPublicCredentials implements CredentialSource {
  private readonly tokens = new EcrTokenCache();
  private hasToken = false;
  private refusals = 0;
  private anonymous = false;

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    if (registry !== PUBLIC_GALLERY || !hasAwsCredentials(this.environment)) return undefined;
    // The first refused token may have expired. When its replacement is refused too, access is anonymous.
    if (refused && this.hasToken && this.refusals++ > 0) this.anonymous = true;
    if (this.anonymous) return undefined;
    try {
      const credential = await this.tokens.credentialFor(registry, refused, () => fetchEcrPublicToken(this.environment));
      this.hasToken = true;
      return credential;
    } catch {
      this.anonymous = true;
      return undefined;
    }
  }
}

function hasAwsCredentials(environment: NodeJS.ProcessEnv): boolean {
  // A profile may prompt for a code. A public image is not worth that.
  if (environment.AWS_PROFILE || !isKnownToPublicGallery(environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? '')) return false;
  return CREDENTIAL_VARIABLES.some((names) => names.every((name) => environment[name]));
}

/** The response of the API. A response of any other form is handled as a refusal. */
interface PublicTokenResponse {
  readonly authorizationData: {
    readonly authorizationToken: string;
    /** Seconds since the epoch. */
    readonly expiresAt: number;
  };
}

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html */
async function fetchEcrPublicToken(environment: NodeJS.ProcessEnv): Promise<EcrToken> {
  const limits = { deadline: Date.now() + PUBLIC_TOKEN_TIMEOUT, signal: new AbortController().signal };
  const { body = '' } = await withRunSignal(limits, (signal) => sendAwsRequest({
    service: 'ecr-public',
    region: PUBLIC_REGION,
    url: new URL(environment.AWS_ENDPOINT_URL_ECR_PUBLIC || `https://${awsServiceHost('ecr-public', PUBLIC_REGION)}`),
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'SpencerFrontendService.GetAuthorizationToken' },
    body: '{}',
    maxBytes: MAX_TOKEN_RESPONSE_BYTES,
    signal,
  }));
  const { authorizationToken, expiresAt } = (JSON.parse(body) as PublicTokenResponse).authorizationData;
  return parseAuthorizationToken(authorizationToken, new Date(expiresAt * 1000));
}
