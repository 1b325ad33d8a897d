import { AwsToken, AwsTokens, readAwsToken } from './aws-tokens';
import type { Credential, CredentialSource } from './credential-source';
import { isKnownToPublicGallery, PUBLIC_GALLERY } from '../../image/public-gallery';
import { sendSigned } from '../signed-request';

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
      const credential = await this.tokens.credentialFor(registry, refused, () => fetchToken(this.environment));
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
async function fetchToken(environment: NodeJS.ProcessEnv): Promise<AwsToken> {
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
