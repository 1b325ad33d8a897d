import { LocalEcr } from './local-ecr';
import { QUICK_RETRY } from './mirroring';
import { MarkerContext } from '../../src/engine/admission/marker-manifest';
import { sharedLimits } from '../../src/engine/copy/copy-context';
import { CredentialSource } from '../../src/engine/credentials/credential-source';
import { RepositoryAccess } from '../../src/engine/registry/repository-access';
import { Transport } from '../../src/engine/registry/transport';

/** What `GetAuthorizationToken` of a local Amazon ECR gives. */
export function ecrCredentials(ecr: LocalEcr): CredentialSource {
  return {
    credentialFor: async (registry) => {
      if (registry !== ecr.host) return undefined;
      const [username, password] = Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s);
      return { username, password };
    },
  };
}

/** Gives a client for one repository of a local Amazon ECR, as admission uses it. */
export async function withRepository<T>(ecr: LocalEcr, repository: string, use: (context: MarkerContext) => Promise<T>): Promise<T> {
  const transport = new Transport();
  const access = new RepositoryAccess({
    transport,
    credentials: ecrCredentials(ecr),
    retry: QUICK_RETRY,
    deadline: Date.now() + 60_000,
    signal: new AbortController().signal,
    plainHttp: () => true,
    progress: { line: () => undefined },
  });
  try {
    const { lookups, pace } = sharedLimits();
    const target = access.client({ registry: ecr.host, repository }, 'pull,push');
    return await use({ lookups, pace, target, retryContext: access.retryContext });
  } finally {
    access.close();
    await transport.close();
  }
}
