import { App, CfnParameter, Lazy, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { CacheCredentials, PullThroughCache, UpstreamRegistry } from '../../src';

const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:';
const TOKEN = SecretValue.secretsManager('docker-hub', { jsonField: 'password' });

function newStack() {
  return new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function synthesize(stack: Stack, credentials: CacheCredentials) {
  new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.DOCKER_HUB, credentials });
  return Template.fromStack(stack);
}

function credentialArn(template: Template): unknown {
  const [rule] = Object.values(template.findResources('AWS::ECR::PullThroughCacheRule'));
  return rule.Properties.CredentialArn;
}

describe('credentials', () => {
  test.each([
    UpstreamRegistry.DOCKER_HUB, UpstreamRegistry.GITHUB, UpstreamRegistry.GITLAB, UpstreamRegistry.CHAINGUARD, UpstreamRegistry.azure('example.azurecr.io'),
  ])('fail when they are missing for %j', (upstream) => {
    expect(() => new PullThroughCache(newStack(), 'Cache', { upstream }))
      .toThrow(`Amazon ECR requires credentials for ${JSON.stringify(upstream.registry)}, also for public images; set credentials: CacheCredentials.fromSecret(secret)`);
  });

  test.each([
    UpstreamRegistry.ECR_PUBLIC, UpstreamRegistry.QUAY, UpstreamRegistry.KUBERNETES, UpstreamRegistry.ecr('444455556666', 'us-east-1'),
  ])('fail when %j takes none', (upstream) => {
    const credentials = CacheCredentials.fromSecretValue('somebody', TOKEN);
    expect(() => new PullThroughCache(newStack(), 'Cache', { upstream, credentials }))
      .toThrow(`Amazon ECR does not support credentials for ${JSON.stringify(upstream.registry)}; remove credentials, or use an ImageMirror for private images`);
  });
});

describe('an existing secret', () => {
  test('is named by its complete ARN', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}ecr-pullthroughcache/docker-hub-AbCdEf`);
    expect(credentialArn(synthesize(stack, CacheCredentials.fromSecret(secret)))).toBe(`${ARN}ecr-pullthroughcache/docker-hub-AbCdEf`);
  });

  test('is named by an ARN without the suffix when nobody knows that', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'ecr-pullthroughcache/docker-hub');
    expect(credentialArn(synthesize(stack, CacheCredentials.fromSecret(secret)))).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/docker-hub']],
    });
  });

  test('may be one of the app that has a name', () => {
    const stack = newStack();
    const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'ecr-pullthroughcache/docker-hub' });
    expect(credentialArn(synthesize(stack, CacheCredentials.fromSecret(secret)))).toEqual({ Ref: 'SecretA720EF05' });
  });

  test('may have a name that is not known at synthesis', () => {
    const stack = newStack();
    const named = new secretsmanager.Secret(stack, 'Secret', { secretName: new CfnParameter(stack, 'Name').valueAsString });
    expect(credentialArn(synthesize(stack, CacheCredentials.fromSecret(named)))).toEqual({ Ref: 'SecretA720EF05' });
    const imported = secretsmanager.Secret.fromSecretNameV2(newStack(), 'Secret', Lazy.string({ produce: () => 'docker-hub' }));
    expect(CacheCredentials.fromSecret(imported)).toBeDefined();
  });

  test.each([
    ['imported by name', (stack: Stack, name: string) => secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', name)],
    ['imported by ARN', (stack: Stack, name: string) => secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}${name}-AbCdEf`)],
    ['of the app', (stack: Stack, secretName: string) => new secretsmanager.Secret(stack, 'Secret', { secretName })],
  ])('fails with another name, %s', (_, define) => {
    for (const name of ['docker-hub', 'ecr-pullthroughcache', 'ecr-pullthroughcache/', 'team/ecr-pullthroughcache/docker-hub']) {
      expect(() => CacheCredentials.fromSecret(define(newStack(), name))).toThrow(
        `the secret name ${JSON.stringify(name)} must be "ecr-pullthroughcache/" followed by letters, digits and any of "/_+=.@-"; `
        + 'rename the secret, for example to "ecr-pullthroughcache/docker-hub"',
      );
    }
  });

  test('fails when CloudFormation would choose its name', () => {
    expect(() => CacheCredentials.fromSecret(new secretsmanager.Secret(newStack(), 'Secret')))
      .toThrow('the secret has no name, so CloudFormation would choose one, but Amazon ECR requires a name that starts with "ecr-pullthroughcache/"; set secretName,');
  });

  test('fails when a key of its own encrypts it', () => {
    const stack = newStack();
    const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'ecr-pullthroughcache/docker-hub', encryptionKey: new kms.Key(stack, 'Key') });
    expect(() => CacheCredentials.fromSecret(secret))
      .toThrow('the secret "Stack/Secret" has a customer managed key, but Amazon ECR requires the AWS managed key "aws/secretsmanager"; remove encryptionKey');
  });

  test.each([
    ['account', 'eu-west-1:444455556666', '"444455556666" and its cache is in "111122223333"'],
    ['Region', 'us-east-1:111122223333', '"us-east-1" and its cache is in "eu-west-1"'],
  ])('fails in another %s', (part, place, places) => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `arn:aws:secretsmanager:${place}:secret:ecr-pullthroughcache/docker-hub-AbCdEf`);
    expect(() => synthesize(stack, CacheCredentials.fromSecret(secret)))
      .toThrow(`the secret is in the ${part} ${places}; use a secret in the account and Region of the cache`);
  });
});

describe('a secret from a value', () => {
  function secrets(template: Template) {
    return Object.values(template.findResources('AWS::SecretsManager::Secret')).map(({ Properties }) => Properties);
  }

  test('has the fields that Amazon ECR reads, and the access token by reference', () => {
    const template = synthesize(newStack(), CacheCredentials.fromSecretValue('somebody', TOKEN));
    expect(secrets(template)).toEqual([{
      Description: 'Credentials of a pull-through cache in Amazon ECR',
      Name: 'ecr-pullthroughcache/Stack-Cache-DE0B8CCF',
      SecretString: '{"username":"somebody","accessToken":"{{resolve:secretsmanager:docker-hub:SecretString:password::}}"}',
    }]);
    expect(credentialArn(template)).toEqual({ Ref: expect.stringContaining('CacheCredentials') });
  });

  test('is encrypted with no key of its own', () => {
    const [properties] = secrets(synthesize(newStack(), CacheCredentials.fromSecretValue('somebody', TOKEN)));
    expect(properties).not.toHaveProperty('KmsKeyId');
  });

  test('has the name that is chosen', () => {
    const [properties] = secrets(synthesize(newStack(), CacheCredentials.fromSecretValue('somebody', TOKEN, { secretName: 'ecr-pullthroughcache/hub' })));
    expect(properties.Name).toBe('ecr-pullthroughcache/hub');
  });

  test('takes the value of a parameter', () => {
    const stack = newStack();
    const parameter = new CfnParameter(stack, 'AccessToken', { noEcho: true });
    const [properties] = secrets(synthesize(stack, CacheCredentials.fromSecretValue('somebody', SecretValue.cfnParameter(parameter))));
    expect(properties.SecretString).toEqual({ 'Fn::Join': ['', ['{"username":"somebody","accessToken":"', { Ref: 'AccessToken' }, '"}']] });
  });

  test('is one for each cache, also when two share the credentials', () => {
    const stack = newStack();
    const credentials = CacheCredentials.fromSecretValue('somebody', TOKEN);
    new PullThroughCache(stack, 'GitHub', { upstream: UpstreamRegistry.GITHUB, credentials });
    const names = secrets(synthesize(stack, credentials)).map(({ Name }) => Name);
    expect(new Set(names).size).toBe(2);
  });

  test('fails with a name that Amazon ECR does not read', () => {
    expect(() => CacheCredentials.fromSecretValue('somebody', TOKEN, { secretName: 'docker-hub' })).toThrow('the secret name "docker-hub" must be "ecr-pullthroughcache/"');
  });

  test('fails when the access token is plain text, and does not show it', () => {
    const define = () => CacheCredentials.fromSecretValue('somebody', SecretValue.unsafePlainText('dckr_pat_hunter2'));
    expect(define).toThrow('the access token is plain text, which would be readable in the template; store it in a secret and use SecretValue.secretsManager(name, { jsonField })');
    expect(define).not.toThrow('hunter2');
  });

  test('fails when the access token is a secure string of Systems Manager', () => {
    expect(() => CacheCredentials.fromSecretValue('somebody', SecretValue.ssmSecure('/docker-hub/token')))
      .toThrow('the access token is a secure string parameter, which CloudFormation does not resolve in a secret; store it in a secret');
  });
});
