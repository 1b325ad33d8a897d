import type { CredentialVariables } from '../../image/contract/environment';
import { MirrorError } from '../mirror-error';

/** A user's name and password, or an identity token that stands for both. */
export type Credential =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * The credentials for a registry; undefined when there are none, which means anonymous access.
   *
   * @param registry the host as image references name it
   * @param refused whether the credentials that were last given were refused, so that expired ones are fetched anew
   */
  credentialFor(registry: string, refused: boolean): Promise<Credential | undefined>;
}

/** Asks several sources in turn; the first that has credentials wins. */
export function firstOf(...sources: CredentialSource[]): CredentialSource {
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

/** Credentials that CodeBuild put in environment variables, out of Secrets Manager. */
export class EnvironmentCredentials implements CredentialSource {
  private readonly credentials = new Map<string, Credential>();

  /** @throws MirrorError when a variable that should hold a credential is missing or empty */
  constructor(variables: readonly CredentialVariables[], environment: NodeJS.ProcessEnv) {
    for (const { registry, username, password } of variables) {
      this.credentials.set(registry, { username: required(environment, username, registry), password: required(environment, password, registry) });
    }
  }

  async credentialFor(registry: string): Promise<Credential | undefined> {
    return this.credentials.get(registry);
  }
}

function required(environment: NodeJS.ProcessEnv, name: string, registry: string): string {
  const value = environment[name];
  if (!value) {
    throw new MirrorError('invalid-configuration', `the credentials for ${registry} are incomplete: the variable ${name} is empty; check the fields of the secret`);
  }
  return value;
}
