import type { CredentialVariables } from '../../image/contract/environment';
import { MirrorError } from '../mirror-error';

/** A user name and password, or an identity token that replaces both. */
export type Credential =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** A source of credentials for registries. */
export interface CredentialSource {
  /**
   * Returns the credentials for a registry. Undefined means that there are none, and access is anonymous.
   *
   * @param registry the host, as written in image references
   * @param refused whether the registry refused the previous credentials; the source then renews expired credentials
   */
  credentialFor(registry: string, refused: boolean): Promise<Credential | undefined>;
}

/** Combines sources: the first source that has credentials for a registry provides them. */
export function credentialChain(...sources: CredentialSource[]): CredentialSource {
  return {
    async credentialFor(registry, refused) {
      for (const source of sources) {
        const credential = await source.credentialFor(registry, refused);
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
  };
}

/** Credentials in environment variables, which CodeBuild sets from AWS Secrets Manager. */
export class EnvironmentCredentials implements CredentialSource {
  private readonly credentials = new Map<string, Credential>();

  /** @throws MirrorError when a variable is missing or empty */
  constructor(variables: readonly CredentialVariables[], environment: NodeJS.ProcessEnv) {
    for (const { registry, username, password } of variables) {
      this.credentials.set(registry, {
        username: requireVariable(environment, username, registry),
        password: requireVariable(environment, password, registry),
      });
    }
  }

  async credentialFor(registry: string): Promise<Credential | undefined> {
    return this.credentials.get(registry);
  }
}

function requireVariable(environment: NodeJS.ProcessEnv, name: string, registry: string): string {
  const value = environment[name];
  if (!value) {
    const problem = `the credentials for ${registry} are incomplete: the variable ${name} is empty`;
    throw new MirrorError('invalid-configuration', `${problem}; check the fields of the secret`);
  }
  return value;
}
