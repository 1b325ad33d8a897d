import { CfnResource, Names, SecretValue, Stack, Token } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';

/**
 * Options of `CacheCredentials.fromSecretValue()`.
 */
export interface CacheCredentialsOptions {
  /**
   * The name of the secret. It must start with `ecr-pullthroughcache/`.
   *
   * @default - `ecr-pullthroughcache/` and a name derived from the path of the cache
   */
  readonly secretName?: string;
}

/**
 * Credentials for an upstream registry: a user name and an access token, in a secret in AWS Secrets Manager.
 *
 * Amazon ECR reads the secret with its service-linked role. Users who pull from the cache don't need access to the secret.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
 */
export abstract class CacheCredentials {
  /**
   * Credentials from a secret in AWS Secrets Manager.
   *
   * The secret must be a JSON object with the fields `username` and `accessToken`. Its name must start with `ecr-pullthroughcache/`.
   * It must be encrypted with the AWS managed key `aws/secretsmanager`.
   *
   * @param secret the secret, owned or imported. It must be in the account and Region of the cache.
   * @throws Error when the name is not valid, when the secret has no name, and when it has a customer managed key. The cache throws an error when the
   * secret is in another account or Region.
   */
  public static fromSecret(secret: secretsmanager.ISecret): CacheCredentials {
    return new ExistingSecret(secret);
  }

  /**
   * Credentials from an access token in another secret, or in a CloudFormation parameter with `noEcho`.
   *
   * The cache defines the secret that Amazon ECR reads. CloudFormation copies the access token when it creates this secret, and later only when the
   * secret changes in the template. If you rotate the token, use `fromSecret()`, and let the rotation write to the secret that Amazon ECR reads.
   *
   * ```ts
   * const accessToken = cdk.SecretValue.secretsManager('docker-hub', { jsonField: 'password' });
   * const credentials = CacheCredentials.fromSecretValue('my-user', accessToken);
   * ```
   *
   * @param username the user name, which is readable in the template
   * @param accessToken the access token or password
   * @throws Error when the access token is plain text, because it would be readable in the template, or is a secure string parameter, which
   * CloudFormation does not resolve in a secret, and when the name of the secret does not start with `ecr-pullthroughcache/`
   */
  public static fromSecretValue(username: string, accessToken: SecretValue, options: CacheCredentialsOptions = {}): CacheCredentials {
    return new DefinedSecret({ username, accessToken, secretName: options.secretName });
  }

  /**
   * The secret for a cache. New constructs are defined in the scope of the cache.
   *
   * @internal
   */
  public abstract _bind(cache: Construct): secretsmanager.ISecret;
}

class ExistingSecret extends CacheCredentials {
  constructor(private readonly secret: secretsmanager.ISecret) {
    super();
    requireReadableSecret(secret);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    requireSecretInSameEnvironment(this.secret, cache);
    return this.secret;
  }
}

class DefinedSecret extends CacheCredentials {
  constructor(private readonly props: CacheSecretProps) {
    super();
    requireAccessTokenReference(props.accessToken);
    if (props.secretName !== undefined) requireSecretName(props.secretName);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    return defineCacheSecret(cache, 'Credentials', this.props);
  }
}

/** The required prefix of secret names. */
const SECRET_PREFIX = 'ecr-pullthroughcache/';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const SECRET_NAME = /^ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/;

/** The maximum length of a derived name. Secrets Manager allows more, but people must recognize the name. */
const MAX_DERIVED_NAME_LENGTH = 100;

interface CacheSecretProps {
  readonly username: string;
  readonly accessToken: SecretValue;
  readonly secretName?: string;
}

/** Defines a secret in the form that Amazon ECR requires. */
function defineCacheSecret(scope: Construct, id: string, props: CacheSecretProps): secretsmanager.Secret {
  return new secretsmanager.Secret(scope, id, {
    description: 'Credentials of a pull-through cache in Amazon ECR',
    secretName: props.secretName ?? `${SECRET_PREFIX}${Names.uniqueResourceName(scope, { maxLength: MAX_DERIVED_NAME_LENGTH, separator: '-' })}`,
    // Amazon ECR requires these field names. The user name is not secret.
    secretObjectValue: { username: SecretValue.unsafePlainText(props.username), accessToken: props.accessToken },
  });
}

/** @throws Error when Amazon ECR cannot read a secret because of its name or key */
function requireReadableSecret(secret: secretsmanager.ISecret): void {
  requireSecretName(literalName(secret));
  if (secret.encryptionKey === undefined) return;
  throw new Error(`the secret ${quote(secret.node.path)} has a customer managed key, `
    + 'but Amazon ECR requires the AWS managed key "aws/secretsmanager"; '
    + 'remove encryptionKey');
}

/** @throws Error when a secret is in another account or Region than its cache */
function requireSecretInSameEnvironment(secret: secretsmanager.ISecret, cache: Construct): void {
  const stack = Stack.of(cache);
  for (const [part, name] of [['account', 'account'], ['region', 'Region']] as const) {
    const actual = secret.env[part];
    if (Token.isUnresolved(actual) || Token.isUnresolved(stack[part]) || actual === stack[part]) continue;
    throw new Error(`the secret is in the ${name} ${quote(actual)} and its cache is in ${quote(stack[part])}; `
      + 'use a secret in the account and Region of the cache');
  }
}

/**
 * @param name the name; undefined when CloudFormation chooses it. A token is valid.
 * @throws Error when Amazon ECR cannot read a secret with the name
 */
function requireSecretName(name: string | undefined): void {
  if (name === undefined) {
    throw new Error('the secret has no name, so CloudFormation would choose one, '
      + `but Amazon ECR requires a name that starts with ${quote(SECRET_PREFIX)}; `
      + `set secretName, for example ${quote(`${SECRET_PREFIX}docker-hub`)}`);
  }
  if (Token.isUnresolved(name) || SECRET_NAME.test(name)) return;
  throw new Error(`the secret name ${quote(name)} must be ${quote(SECRET_PREFIX)} followed by letters, digits and any of "/_+=.@-"; `
    + `rename the secret, for example to ${quote(`${SECRET_PREFIX}docker-hub`)}`);
}

/** @throws Error without the access token, when the token would be readable in the template or CloudFormation would not resolve it */
function requireAccessTokenReference(accessToken: SecretValue): void {
  const text = accessToken.unsafeUnwrap();
  if (!Token.isUnresolved(text)) {
    throw new Error('the access token is plain text, which would be readable in the template; '
      + 'store it in a secret and use SecretValue.secretsManager(name, { jsonField })');
  }
  if (String(new Stack().resolve(text)).startsWith('{{resolve:ssm-secure:')) {
    throw new Error('the access token is a secure string parameter, which CloudFormation does not resolve in a secret; '
      + 'store it in a secret and use SecretValue.secretsManager(name, { jsonField })');
  }
}

/** The name of a secret: a token when it is not known at synthesis, and undefined when CloudFormation chooses it. */
function literalName(secret: secretsmanager.ISecret): string | undefined {
  const resource = secret.node.defaultChild;
  if (!CfnResource.isCfnResource(resource) || resource.cfnResourceType !== secretsmanager.CfnSecret.CFN_RESOURCE_TYPE_NAME) return secret.secretName;
  // The construct derives secretName from the ARN, which is a token, so use the name of the resource.
  const name: unknown = secret.stack.resolve((resource as secretsmanager.CfnSecret).name);
  return name === undefined || typeof name === 'string' ? name : secret.secretName;
}
