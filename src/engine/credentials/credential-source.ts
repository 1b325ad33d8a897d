import { CredentialScope, CredentialVariables, findCredentials } from '../../image/contract/environment';
import { MirrorError } from '../mirror-error';

/** A user name and password, an identity token that replaces both, or a token that goes to the registry itself. */
export type Credential = (
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly registryToken: string }
) & {
  /** The hosts of token services that may receive it, although they don't belong to the registry. */
  readonly allowedRealms?: readonly string[];
};

/** A source of credentials for registries. */
export interface CredentialSource {
  /**
   * Returns the credentials for a registry. Undefined means that there are none, and access is anonymous.
   *
   * @param registry the host, as written in image references
   * @param refused whether the registry refused the previous credentials; the source then renews expired credentials
   * @param repository the repository of the request, for credentials of one repository; undefined for the whole registry
   */
  credentialFor(registry: string, refused: boolean, repository?: string): Promise<Credential | undefined>;

  /** Why configured credentials for a registry are not available, with the remedy. Undefined when there is no problem. */
  problem?(registry: string): string | undefined;
}

/** Combines sources: the first source that has credentials for a registry provides them. */
export function credentialChain(...sources: CredentialSource[]): CredentialSource {
  return {
    async credentialFor(registry, refused, repository) {
      for (const source of sources) {
        const credential = await source.credentialFor(registry, refused, repository);
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
    problem: (registry) => sources.map((source) => source.problem?.(registry)).find((problem) => problem !== undefined),
  };
}

/** A source with credentials that may also go to these hosts of token services. */
export function withAllowedRealms(source: CredentialSource, allowedRealms: readonly string[]): CredentialSource {
  return {
    async credentialFor(registry, refused, repository) {
      const credential = await source.credentialFor(registry, refused, repository);
      return credential && { ...credential, allowedRealms };
    },
    problem: (registry) => source.problem?.(registry),
  };
}

/** Credentials in environment variables, which CodeBuild sets from AWS Secrets Manager. */
export class EnvironmentCredentials implements CredentialSource {
  private readonly credentials: ReadonlyArray<CredentialScope & { readonly credential: Credential }>;

  /** @throws MirrorError when a variable is missing or empty */
  constructor(variables: readonly CredentialVariables[], environment: NodeJS.ProcessEnv) {
    this.credentials = variables.map(({ registry, repositoryNamespace, username, password, allowedRealm }) => {
      const name = repositoryNamespace === undefined ? registry : `${registry}/${repositoryNamespace}`;
      const credential = {
        username: requireVariable(environment, username, name),
        password: requireVariable(environment, password, name),
        ...allowedRealm === undefined ? {} : { allowedRealms: [allowedRealm] },
      };
      return { registry, repositoryNamespace, credential };
    });
  }

  async credentialFor(registry: string, _refused?: boolean, repository?: string): Promise<Credential | undefined> {
    return findCredentials(this.credentials, registry, repository)?.credential;
  }
}

function requireVariable(environment: NodeJS.ProcessEnv, name: string, scope: string): string {
  const value = environment[name];
  if (!value) {
    const problem = `the credentials for ${scope} are incomplete: the variable ${name} is empty`;
    throw new MirrorError('invalid-configuration', `${problem}; check the fields of the secret`);
  }
  return value;
}
