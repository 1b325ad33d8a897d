import { SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { CacheSecretProps, defineCacheSecret, refuseDistantSecret, refuseForeignSecret, refuseReadableToken, refuseSecretName } from './infrastructure/cache/cache-secret';

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
    refuseForeignSecret(secret);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    refuseDistantSecret(this.secret, cache);
    return this.secret;
  }
}

class DefinedSecret extends CacheCredentials {
  constructor(private readonly props: CacheSecretProps) {
    super();
    refuseReadableToken(props.accessToken);
    if (props.secretName !== undefined) refuseSecretName(props.secretName);
  }

  public _bind(cache: Construct): secretsmanager.ISecret {
    return defineCacheSecret(cache, 'Credentials', this.props);
  }
}
