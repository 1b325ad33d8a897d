import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { DOCKER_HUB, parseImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/**
 * Which fields of a secret hold the credentials.
 */
export interface RegistryCredentialsOptions {
  /**
   * The field of the secret's JSON that holds the user's name.
   *
   * @default 'username'
   */
  readonly usernameField?: string;

  /**
   * The field of the secret's JSON that holds the password or access token.
   *
   * @default 'password'
   */
  readonly passwordField?: string;
}

/**
 * Credentials for an upstream registry, kept in AWS Secrets Manager.
 *
 * CodeBuild reads them when a build starts and masks them in its log; they are in no template.
 * They are sent to the registry that they belong to and nowhere else.
 */
export class RegistryCredentials {
  /**
   * Credentials for any registry.
   *
   * The secret is a JSON object, for example `{"username": "...", "password": "..."}`.
   *
   * @param registry the registry's host as image references name it, for example `quay.io`
   * @param secret the secret, owned or imported; in the account and Region of the mirror
   * @throws Error when the registry is no host, or a field's name is empty or has a colon, which CodeBuild reads as a separator
   */
  public static fromSecret(registry: string, secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    return new RegistryCredentials(
      registryHost(registry),
      secret,
      secretField('usernameField', options.usernameField ?? 'username'),
      secretField('passwordField', options.passwordField ?? 'password'),
    );
  }

  /**
   * Credentials for Docker Hub: a user's name and an access token.
   *
   * Docker Hub gives anonymous clients 100 pulls in 6 hours for each address, and CodeBuild's addresses are shared.
   *
   * @see https://docs.docker.com/docker-hub/usage/pulls/
   */
  public static dockerHub(secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    return RegistryCredentials.fromSecret(DOCKER_HUB, secret, options);
  }

  /**
   * Credentials for GitHub's registry `ghcr.io`: a user's name and a classic personal access token with the scope `read:packages`.
   *
   * @see https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry
   */
  public static github(secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    return RegistryCredentials.fromSecret('ghcr.io', secret, options);
  }

  private constructor(
    /** The registry's host, normalized: `docker.io`, `ghcr.io`, `registry.example.com:5000`. */
    public readonly registry: string,
    /** The secret that holds the credentials. */
    public readonly secret: secretsmanager.ISecret,
    /** The field of the secret's JSON that holds the user's name. */
    public readonly usernameField: string,
    /** The field of the secret's JSON that holds the password or access token. */
    public readonly passwordField: string,
  ) {}
}

/** The host in the spelling of image references, so that `index.docker.io` and `docker.io` are one registry. */
function registryHost(registry: string): string {
  requireLiteral(registry, 'the registry of RegistryCredentials', 'write its host, for example "quay.io"');
  const problem = `${quote(registry)} is no registry host; write the host as image references name it, for example "quay.io" or "registry.example.com:5000"`;
  if (registry.includes('/')) throw new Error(problem);
  const reference = parseHost(registry, problem);
  if (reference.repository !== 'a/b') throw new Error(problem);
  return reference.registry;
}

function parseHost(registry: string, problem: string) {
  try {
    return parseImageReference(`${registry}/a/b:c`);
  } catch {
    throw new Error(problem);
  }
}

function secretField(property: string, field: string): string {
  requireLiteral(field, property, 'write the name of a field of the secret');
  if (field === '' || field.includes(':')) {
    throw new Error(`${property} ${quote(field)} must be the name of a field of the secret, not empty and without ":", which CodeBuild reads as a separator; rename the field`);
  }
  return field;
}
