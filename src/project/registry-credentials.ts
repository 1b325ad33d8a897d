import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { DOCKER_HUB, parseRegistryHost, parseRegistryNamespace, RegistryNamespace } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';
import { hasDummy, placeholder } from '../synthesis/lookups';

/**
 * Options of `RegistryCredentials`: the fields of the secret.
 */
export interface RegistryCredentialsOptions {
  /**
   * The field of the secret with the user name.
   *
   * @default 'username'
   */
  readonly usernameField?: string;

  /**
   * The field of the secret with the password or access token.
   *
   * For a secret that a `PullThroughCache` also uses, set `accessToken`.
   *
   * @default 'password'
   */
  readonly passwordField?: string;

  /**
   * The host of a token service on another domain that may also receive the credentials, for example `auth.example.net`.
   *
   * A registry names its token service in the realm of its challenge. By default, builds send credentials only to token services on the
   * domain of the registry. To other hosts they send anonymous requests, so that a registry cannot pass the credentials on.
   * An error about missing credentials then names the host.
   *
   * @default - only hosts on the domain of the registry receive the credentials
   * @see https://distribution.github.io/distribution/spec/auth/token/
   */
  readonly allowedRealm?: string;
}

/**
 * Credentials for an upstream registry, in a secret in AWS Secrets Manager.
 *
 * CodeBuild reads the secret when a build starts, and masks the credentials in the build log. The template does not contain the credentials.
 * Builds send the credentials only to the registry that they are for, and only for the repositories that they are for.
 */
export class RegistryCredentials {
  /**
   * Credentials for any registry, or for a namespace of a registry: `ghcr.io`, `ghcr.io/team-a`.
   *
   * A namespace is the start of repositories, in whole parts: `ghcr.io/team-a` is for `ghcr.io/team-a/app`, and not for `ghcr.io/team-ab/app`.
   * For each image, builds use the credentials of its longest namespace, then those of the registry, and otherwise none.
   *
   * The secret must be a JSON object, for example `{"username": "...", "password": "..."}`. For other fields, set the options.
   *
   * @param registry the registry's host in image references, for example `quay.io`, optionally with a namespace: `ghcr.io/team-a`
   * @param secret the secret, owned or imported. It must be in the account and Region of the mirror.
   * @throws Error when the registry, its namespace, or the allowed realm is not valid, and when the name of a field is empty or contains a colon
   */
  public static fromSecret(registry: string, secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    const scope = requireRegistry(registry);
    return new RegistryCredentials(
      scope.registry,
      secret,
      secretField('usernameField', options.usernameField ?? 'username'),
      secretField('passwordField', options.passwordField ?? 'password'),
      options.allowedRealm === undefined ? undefined : requireRealmHost(options.allowedRealm),
      scope.namespace,
    );
  }

  /**
   * Credentials for Docker Hub: a user name and an access token.
   *
   * Without credentials, Docker Hub allows 100 pulls in 6 hours for each IP address, and builds share their IP addresses with other AWS customers.
   *
   * @param secret the secret, as for `fromSecret()`
   * @throws Error when the name of a field is empty or contains a colon
   * @see https://docs.docker.com/docker-hub/usage/pulls/
   */
  public static dockerHub(secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    return RegistryCredentials.fromSecret(DOCKER_HUB, secret, options);
  }

  /**
   * Credentials for GitHub Container Registry, `ghcr.io`: a user name and a classic personal access token with the scope `read:packages`.
   *
   * @param secret the secret, as for `fromSecret()`
   * @throws Error when the name of a field is empty or contains a colon
   * @see https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry
   */
  public static github(secret: secretsmanager.ISecret, options: RegistryCredentialsOptions = {}): RegistryCredentials {
    return RegistryCredentials.fromSecret('ghcr.io', secret, options);
  }

  private constructor(
    /** The registry's host in normalized spelling: `docker.io`, `ghcr.io`, `registry.example.com:5000`. */
    public readonly registry: string,
    /** The secret with the credentials. */
    public readonly secret: secretsmanager.ISecret,
    /** The field of the secret with the user name. */
    public readonly usernameField: string,
    /** The field of the secret with the password or access token. */
    public readonly passwordField: string,
    /** The host of a token service on another domain that may also receive the credentials; undefined when there is none. */
    public readonly allowedRealm?: string,
    /** The start of the repositories that the credentials are for: `team-a`; undefined when they are for all repositories of the registry. */
    public readonly repositoryNamespace?: string,
  ) {}
}

function requireRegistry(text: string): RegistryNamespace {
  const name = requireLiteral(text, 'the registry of RegistryCredentials', 'write its host, for example "quay.io"');
  // A lookup that has no value yet gets a host that does not exist.
  const scope = parseRegistryNamespace(hasDummy(name) ? `${placeholder(name)}.invalid` : name);
  if (scope !== undefined) return scope;
  throw new Error(`${quote(text)} is not a valid registry host; write the host as in image references, for example "quay.io" `
    + 'or "registry.example.com:5000", and after it a namespace only if the credentials are for that namespace: "ghcr.io/team-a"');
}

function requireRealmHost(text: string): string {
  requireLiteral(text, 'allowedRealm', 'write its host, for example "auth.example.net"');
  const host = parseRegistryHost(text);
  if (host !== undefined) return host;
  throw new Error(`allowedRealm ${quote(text)} is not a valid host; write the host of the token service without a scheme or path, `
    + 'for example "auth.example.net"');
}

function secretField(property: string, field: string): string {
  requireLiteral(field, property, 'write the name of a field of the secret');
  if (field === '' || field.includes(':')) {
    throw new Error(`${property} ${quote(field)} must not be empty and must not contain ":", which is a separator in CodeBuild; `
      + 'rename the field of the secret');
  }
  return field;
}
