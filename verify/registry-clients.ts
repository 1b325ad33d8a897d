import type { CredentialSource } from '../src/engine/credentials/credential-source';
import { endpointOf } from '../src/engine/registry/endpoint';
import { RegistryClient } from '../src/engine/registry/registry-client';
import { Transport } from '../src/engine/registry/transport';

/** The clients of the engine for one registry. */
export class RegistryClients {
  private readonly transport = new Transport();

  /** @param host the host of the registry, as image references name it */
  constructor(private readonly host: string, private readonly signal: AbortSignal, private readonly plainHttp: boolean = false) {}

  client(repository: string, credentials: CredentialSource): RegistryClient {
    const { signal, transport } = this;
    return new RegistryClient({ endpoint: endpointOf(this.host, this.plainHttp), repository, access: 'pull,push', transport, credentials, signal });
  }

  async close(): Promise<void> {
    await this.transport.close();
  }
}

/** Credentials from an authorization token of Amazon ECR: `AWS:password` in base64. */
export function tokenCredentials(token: () => Promise<string>): CredentialSource {
  return {
    async credentialFor() {
      const [username, password] = Buffer.from(await token(), 'base64').toString('utf8').split(/:(.*)/s);
      return { username, password };
    },
  };
}
