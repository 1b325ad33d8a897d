import type { Credential, CredentialSource } from './credential-source';
import { awsRequestHandler } from '../aws-request-handler';
import { MirrorError } from '../mirror-error';
import { ecrHost } from '../registry/endpoint';
import { printable } from '../report/printable';

/** A token is taken as expired this long before it is, so that none expires in the middle of a request. */
const EXPIRY_MARGIN = 5 * 60_000;

/**
 * Credentials for Amazon ECR's private registries, from the AWS credential chain.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export class EcrCredentials implements CredentialSource {
  private readonly tokens = new Map<string, Promise<{ credential: Credential; expires: number }>>();

  async credentialFor(registry: string, refused: boolean): Promise<Credential | undefined> {
    const host = ecrHost(registry);
    if (host === undefined) return undefined;
    const pending = this.tokens.get(registry);
    const known = await pending?.catch(() => undefined);
    if (known && !refused && known.expires > Date.now() + EXPIRY_MARGIN) return known.credential;
    // Another caller may have asked meanwhile.
    if (this.tokens.get(registry) === pending) this.tokens.set(registry, fetchToken(registry, host.region, host.fips));
    return (await this.tokens.get(registry)!).credential;
  }
}

async function fetchToken(registry: string, region: string, fips: boolean): Promise<{ credential: Credential; expires: number }> {
  // Loaded only here: a copy between other registries does not wait for the AWS SDK.
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const client = new ECRClient({ region, useFipsEndpoint: fips, requestHandler: awsRequestHandler(`api.ecr.${region}.amazonaws.com`) });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const { authorizationToken = '', expiresAt } = authorizationData?.[0] ?? {};
    const [username, password] = Buffer.from(authorizationToken, 'base64').toString('utf8').split(/:(.*)/s);
    if (!username || !password) throw new Error('Amazon ECR answered no token');
    return { credential: { username, password }, expires: expiresAt?.getTime() ?? Date.now() + 60 * 60_000 };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new MirrorError('unauthorized', `${registry}: cannot sign in to Amazon ECR: ${printable(message)}; it takes AWS credentials that allow ecr:GetAuthorizationToken`, { cause: error });
  } finally {
    client.destroy();
  }
}
