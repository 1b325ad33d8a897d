import { CfnResource, Names, SecretValue, Stack, Token } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { quote } from '../../image/image-reference';

/** Amazon ECR reads no secret with another name. */
const PREFIX = 'ecr-pullthroughcache/';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const SECRET_NAME = /^ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/;

/** A secret's name may be longer, but a person must recognise it. */
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
export function refuseForeignSecret(secret: secretsmanager.ISecret): void {
  refuseSecretName(knownName(secret));
  if (secret.encryptionKey === undefined) return;
  throw new Error(`the secret ${quote(secret.node.path)} is encrypted with a key of its own, and Amazon ECR reads only what Secrets Manager's key "aws/secretsmanager" encrypts; leave out encryptionKey`);
}

/**
 * Refuses a secret in another place than the cache.
 *
 * @throws Error when its account or Region is known and another
 */
export function refuseDistantSecret(secret: secretsmanager.ISecret, cache: Construct): void {
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
export function refuseSecretName(name: string | undefined): void {
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
export function refuseReadableToken(accessToken: SecretValue): void {
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
