import { CfnResource, Names, SecretValue, Stack, Token } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';

/**
 * How the secret is called that `CacheCredentials.fromSecretValue()` defines.
 */
export interface CacheCredentialsOptions {
  /**
   * The secret's name, which must start with `ecr-pullthroughcache/`.
   *
   * @default - `ecr-pullthroughcache/` and a name made of the cache's path
   */
  readonly secretName?: string;
}

/**
 * Credentials with which Amazon ECR pulls from an upstream registry: a user's name and an access token, in a secret of AWS Secrets Manager.
 *
 * Amazon ECR reads the secret itself, with its service-linked role: whoever pulls from the cache needs no access to it.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
 */
export abstract class CacheCredentials {
  /**
   * A secret that exists, or that the app defines.
   *
   * It is a JSON object with the fields `username` and `accessToken`; Amazon ECR knows no others. Its name must start with `ecr-pullthroughcache/`,
   * it must be in the account and Region of the cache, and Secrets Manager's own key `aws/secretsmanager` must encrypt it.
   *
   * @throws Error when its name is known and starts otherwise, when CloudFormation would choose its name, and when it has a key of its own
   */
  public static fromSecret(secret: secretsmanager.ISecret): CacheCredentials {
    return new ExistingSecret(secret);
  }

  /**
   * Defines the secret as Amazon ECR wants it, from an access token that is kept elsewhere: in another secret, or in a parameter without echo.
   *
   * CloudFormation copies the access token when it creates the secret, and later only when the secret changes in the template.
   * Where the token is rotated, let the rotation write to a secret of its own and use `fromSecret()`.
   *
   * ```ts
   * const accessToken = cdk.SecretValue.secretsManager('docker-hub', { jsonField: 'password' });
   * const credentials = CacheCredentials.fromSecretValue('my-user', accessToken);
   * ```
   *
   * @param username the user's name, which is readable in the template
   * @throws Error when the access token is plain text, which would be readable in the template too, or a secure string of AWS Systems Manager,
   * which CloudFormation does not resolve in a secret; and when the secret's name starts otherwise than with `ecr-pullthroughcache/`
   */
  public static fromSecretValue(username: string, accessToken: SecretValue, options: CacheCredentialsOptions = {}): CacheCredentials {
    return new DefinedSecret({ username, accessToken, secretName: options.secretName });
  }

  /**
   * The secret for a cache, which is the scope of what it takes to define it.
   *
   * @internal
   */
  public abstract _bind(cache: Construct): secretsmanager.ISecret;
}

class ExistingSecret extends CacheCredentials {
  constructor(private readonly secret: secretsmanager.ISecret) {
    super();
    requireSecretInAccount(secret);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    requireSecretInRegion(this.secret, cache);
    return this.secret;
  }
}

class DefinedSecret extends CacheCredentials {
  constructor(private readonly props: CacheSecretProps) {
    super();
    requireSecretToken(props.accessToken);
    if (props.secretName !== undefined) requireSecretName(props.secretName);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    return defineCacheSecret(cache, 'Credentials', this.props);
  }
}

/** Amazon ECR reads no secret with another name. */
const PREFIX = 'ecr-pullthroughcache/';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const SECRET_NAME = /^ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/;

/** A secret's name may be longer, but a person must recognize it. */
const LONGEST_DERIVED_NAME = 100;

/** What the secret holds, and how it is called. */
export interface CacheSecretProps {
  readonly username: string;
  readonly accessToken: SecretValue;
  readonly secretName?: string;
}

/** Defines a secret as Amazon ECR reads it. */
export function defineCacheSecret(scope: Construct, id: string, props: CacheSecretProps): secretsmanager.Secret {
  return new secretsmanager.Secret(scope, id, {
    description: 'Credentials of a pull-through cache in Amazon ECR',
    secretName: props.secretName ?? `${PREFIX}${Names.uniqueResourceName(scope, { maxLength: LONGEST_DERIVED_NAME, separator: '-' })}`,
    // The names of the fields are Amazon ECR's. A user's name is no secret.
    secretObjectValue: { username: SecretValue.unsafePlainText(props.username), accessToken: props.accessToken },
  });
}

/**
 * Refuses a secret that Amazon ECR could not read, as far as that is known at synthesis.
 *
 * @throws Error when its name is not one that Amazon ECR wants, and when it has a key of its own
 */
export function requireSecretInAccount(secret: secretsmanager.ISecret): void {
  requireSecretName(knownName(secret));
  if (secret.encryptionKey === undefined) return;
  throw new Error(`the secret ${quote(secret.node.path)} is encrypted with a key of its own, and Amazon ECR reads only what Secrets Manager's key "aws/secretsmanager" encrypts; leave out encryptionKey`);
}

/**
 * Refuses a secret in another place than the cache.
 *
 * @throws Error when its account or Region is known and another
 */
export function requireSecretInRegion(secret: secretsmanager.ISecret, cache: Construct): void {
  const stack = Stack.of(cache);
  for (const part of ['account', 'region'] as const) {
    const actual = secret.env[part];
    if (Token.isUnresolved(actual) || Token.isUnresolved(stack[part]) || actual === stack[part]) continue;
    throw new Error(`the secret is in the ${part} ${quote(actual)} and its cache is in ${quote(stack[part])}; Amazon ECR reads secrets of its own account and Region only`);
  }
}

/**
 * Refuses a secret's name that Amazon ECR does not take.
 *
 * @param name undefined when CloudFormation chooses it; a token passes, for nobody knows it yet
 */
export function requireSecretName(name: string | undefined): void {
  if (name === undefined) {
    throw new Error(`the secret has no name, so that CloudFormation would choose one, and Amazon ECR reads only secrets whose names start with ${quote(PREFIX)}; set secretName: ${quote(`${PREFIX}docker-hub`)}`);
  }
  if (Token.isUnresolved(name) || SECRET_NAME.test(name)) return;
  throw new Error(`the secret's name ${quote(name)} must start with ${quote(PREFIX)} and go on with letters, digits and any of "/_+=.@-", for Amazon ECR reads no other; rename it, for example to ${quote(`${PREFIX}docker-hub`)}`);
}

/**
 * Refuses an access token that would be readable in the template, or that CloudFormation would not resolve.
 *
 * @throws Error that does not show the token
 */
export function requireSecretToken(accessToken: SecretValue): void {
  const text = accessToken.unsafeUnwrap();
  if (!Token.isUnresolved(text)) {
    throw new Error('the access token is plain text, which everybody could read in the template; keep it in a secret and pass SecretValue.secretsManager(name, { jsonField })');
  }
  if (String(new Stack().resolve(text)).startsWith('{{resolve:ssm-secure:')) {
    throw new Error('the access token is a secure string of AWS Systems Manager, which CloudFormation does not resolve in a secret; keep it in Secrets Manager and pass SecretValue.secretsManager(name, { jsonField })');
  }
}

/** The name that the secret is known to have: a token when it is not known, undefined when CloudFormation chooses it. */
function knownName(secret: secretsmanager.ISecret): string | undefined {
  const resource = secret.node.defaultChild;
  if (!CfnResource.isCfnResource(resource) || resource.cfnResourceType !== secretsmanager.CfnSecret.CFN_RESOURCE_TYPE_NAME) return secret.secretName;
  // The construct's own name is taken from the ARN, although somebody wrote it in the app.
  const name: unknown = secret.stack.resolve((resource as secretsmanager.CfnSecret).name);
  return name === undefined || typeof name === 'string' ? name : secret.secretName;
}
