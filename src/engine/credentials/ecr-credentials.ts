import { AwsToken, AwsTokens, readAwsToken } from './aws-tokens';
import type { Credential, CredentialSource } from './credential-source';
import { EcrPublicCredentials } from './ecr-public-credentials';
import { ecrHost } from '../../image/ecr-host';
import { MirrorError } from '../mirror-error';
import { networkError } from '../registry/transport';
import { printable } from '../report/printable';

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
    return this.tokens.credentialFor(registry, refused, () => fetchToken(registry, host.region, host.fips));
  }
}

async function fetchToken(registry: string, region: string, fips: boolean): Promise<AwsToken> {
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
  return new MirrorError('unauthorized', `${registry}: cannot sign in to Amazon ECR: ${printable(message)}; it takes AWS credentials that allow ecr:GetAuthorizationToken`, { cause: error });
}
