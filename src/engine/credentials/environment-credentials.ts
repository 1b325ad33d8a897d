import type { Credential, CredentialSource } from './credential-source';
import type { CredentialVariables } from '../../image/environment';
import { MirrorError } from '../mirror-error';

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
