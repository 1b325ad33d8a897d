import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, RegistryCredentials } from '../../src';

const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:docker-hub';

function newStack() {
  return new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function synthesize(stack: Stack, ...credentials: RegistryCredentials[]) {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], credentials });
  return Template.fromStack(stack);
}

function variablesOf(template: Template): Record<string, { Type: string; Value: unknown }> {
  const [project] = Object.values(template.findResources('AWS::CodeBuild::Project'));
  const variables: { Name: string; Type: string; Value: unknown }[] = project.Properties.Environment.EnvironmentVariables;
  return Object.fromEntries(variables.map(({ Name, ...rest }) => [Name, rest]));
}

function readableSecrets(template: Template): unknown {
  const [role] = Object.entries(template.findResources('AWS::IAM::Role')).filter(([id]) => id.includes('BuildRole')).map(([, resource]) => resource);
  const statements: { Action: unknown; Resource: unknown }[] = role.Properties.Policies[0].PolicyDocument.Statement;
  return statements.find(({ Action }) => Action === 'secretsmanager:GetSecretValue')?.Resource;
}

describe('the build gets credentials', () => {
  test('as variables that CodeBuild fills from Secrets Manager', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    const variables = variablesOf(synthesize(stack, RegistryCredentials.dockerHub(secret)));
    expect(variables.MIRROR_CREDENTIAL_0_USERNAME).toEqual({ Type: 'SECRETS_MANAGER', Value: `${ARN}-AbCdEf:username` });
    expect(variables.MIRROR_CREDENTIAL_0_PASSWORD).toEqual({ Type: 'SECRETS_MANAGER', Value: `${ARN}-AbCdEf:password` });
  });

  test('listed by registry, without their values', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    const variables = variablesOf(synthesize(stack, RegistryCredentials.dockerHub(secret), RegistryCredentials.github(secret)));
    expect(JSON.parse(String(variables.MIRROR_CREDENTIALS.Value))).toEqual([
      { registry: 'docker.io', username: 'MIRROR_CREDENTIAL_0_USERNAME', password: 'MIRROR_CREDENTIAL_0_PASSWORD' },
      { registry: 'ghcr.io', username: 'MIRROR_CREDENTIAL_1_USERNAME', password: 'MIRROR_CREDENTIAL_1_PASSWORD' },
    ]);
  });

  test('from the fields that are named', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    const credentials = RegistryCredentials.fromSecret('registry.example.com:5000', secret, { usernameField: 'user', passwordField: 'accessToken' });
    const variables = variablesOf(synthesize(stack, credentials));
    expect(variables.MIRROR_CREDENTIAL_0_USERNAME.Value).toBe(`${ARN}-AbCdEf:user`);
    expect(variables.MIRROR_CREDENTIAL_0_PASSWORD.Value).toBe(`${ARN}-AbCdEf:accessToken`);
  });

  test('with the token service on another domain that may receive them', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    const credentials = RegistryCredentials.fromSecret('quay.io', secret, { allowedRealm: 'Auth.example.net' });
    expect(JSON.parse(String(variablesOf(synthesize(stack, credentials)).MIRROR_CREDENTIALS.Value))).toEqual([
      { registry: 'quay.io', username: 'MIRROR_CREDENTIAL_0_USERNAME', password: 'MIRROR_CREDENTIAL_0_PASSWORD', allowedRealm: 'auth.example.net' },
    ]);
  });

  test.each(['https://auth.example.net', 'auth.example.net/token', '', 'a b'])('not with the token service %j, which is not a host', (allowedRealm) => {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(newStack(), 'Secret', `${ARN}-AbCdEf`);
    expect(() => RegistryCredentials.fromSecret('quay.io', secret, { allowedRealm })).toThrow('write the host of the token service without a scheme or path');
  });

  test('no variable and no permission without credentials', () => {
    const template = synthesize(newStack());
    expect(Object.keys(variablesOf(template)).filter((name) => name.includes('CREDENTIAL'))).toEqual([]);
    expect(JSON.stringify(template.toJSON())).not.toContain('secretsmanager');
  });

  test('never the secret itself: no variable in plain text refers to it', () => {
    const stack = newStack();
    const secret = new secretsmanager.Secret(stack, 'Secret');
    const plain = Object.values(variablesOf(synthesize(stack, RegistryCredentials.dockerHub(secret)))).filter(({ Type }) => Type === 'PLAINTEXT');
    expect(JSON.stringify(plain)).not.toMatch(/resolve:|Secret[0-9A-F]{8}/);
  });
});

describe('the build may read', () => {
  test('a secret of the same app by its ARN', () => {
    const stack = newStack();
    const secret = new secretsmanager.Secret(stack, 'Secret');
    expect(readableSecrets(synthesize(stack, RegistryCredentials.dockerHub(secret)))).toEqual({ Ref: 'SecretA720EF05' });
  });

  test('a secret that was imported by its complete ARN by that', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    expect(readableSecrets(synthesize(stack, RegistryCredentials.dockerHub(secret)))).toBe(`${ARN}-AbCdEf`);
  });

  test('a secret that was imported by a partial ARN with any suffix that Secrets Manager gives', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretPartialArn(stack, 'Secret', ARN);
    expect(readableSecrets(synthesize(stack, RegistryCredentials.dockerHub(secret)))).toBe(`${ARN}-??????`);
  });

  test('a secret that was imported by its name with any suffix that Secrets Manager gives', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'docker-hub');
    expect(JSON.stringify(readableSecrets(synthesize(stack, RegistryCredentials.dockerHub(secret))))).toContain(':secret:docker-hub-??????');
  });

  test('one secret for two registries, named once', () => {
    const stack = newStack();
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', `${ARN}-AbCdEf`);
    expect(readableSecrets(synthesize(stack, RegistryCredentials.dockerHub(secret), RegistryCredentials.github(secret)))).toBe(`${ARN}-AbCdEf`);
  });

  test('what a customer\'s key encrypts', () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234');
    const template = synthesize(stack, RegistryCredentials.dockerHub(new secretsmanager.Secret(stack, 'Secret', { encryptionKey })));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: [{ Action: 'kms:Decrypt', Effect: 'Allow', Resource: 'arn:aws:kms:eu-west-1:111122223333:key/1234' }],
      }),
    });
  });
});

describe('the registry', () => {
  const secret = () => secretsmanager.Secret.fromSecretCompleteArn(newStack(), 'Secret', `${ARN}-AbCdEf`);

  test.each([
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['Quay.IO', 'quay.io'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['localhost', 'localhost'],
    ['[::1]:5000', '[::1]:5000'],
  ])('%s is %s', (registry, normalized) => {
    expect(RegistryCredentials.fromSecret(registry, secret()).registry).toBe(normalized);
  });

  test.each(['', 'dockerhub', 'https://ghcr.io', 'ghcr.io/', 'ghcr.io/Owner', 'ghcr.io/owner/', 'ghcr.io//owner', 'ghcr.io/owner:tag', 'ghcr.io/../owner', 'ghcr.io/*', 'team-a/app', 'gh cr.io', 'ghcr.io:99999', 'user@ghcr.io'])('fails when it is no host: %j', (registry) => {
    expect(() => RegistryCredentials.fromSecret(registry, secret()))
      .toThrow(`${JSON.stringify(registry)} is not a valid registry host; write the host as in image references, for example "quay.io"`);
  });

  test.each([
    ['ghcr.io/team-a', 'ghcr.io', 'team-a'],
    ['registry.example.com:5000/group/team__a', 'registry.example.com:5000', 'group/team__a'],
    ['index.docker.io/acme', 'docker.io', 'acme'],
  ])('%s is the namespace of a registry', (text, registry, namespace) => {
    expect(RegistryCredentials.fromSecret(text, secret())).toMatchObject({ registry, repositoryNamespace: namespace });
  });

  test('has no namespace when the credentials are for all its repositories', () => {
    expect([RegistryCredentials.fromSecret('ghcr.io', secret()), RegistryCredentials.github(secret())].map(({ repositoryNamespace }) => repositoryNamespace)).toEqual([undefined, undefined]);
  });

  test('can have other credentials for each namespace', () => {
    const team = (name: string) => RegistryCredentials.fromSecret(`ghcr.io/${name}`, secret());
    const variables = variablesOf(synthesize(newStack(), RegistryCredentials.github(secret()), team('team-a'), team('team-b')));
    expect(JSON.parse(String(variables.MIRROR_CREDENTIALS.Value))).toEqual([
      { registry: 'ghcr.io', username: 'MIRROR_CREDENTIAL_0_USERNAME', password: 'MIRROR_CREDENTIAL_0_PASSWORD' },
      { registry: 'ghcr.io', repositoryNamespace: 'team-a', username: 'MIRROR_CREDENTIAL_1_USERNAME', password: 'MIRROR_CREDENTIAL_1_PASSWORD' },
      { registry: 'ghcr.io', repositoryNamespace: 'team-b', username: 'MIRROR_CREDENTIAL_2_USERNAME', password: 'MIRROR_CREDENTIAL_2_PASSWORD' },
    ]);
  });

  test('fails when two credentials are for one namespace', () => {
    const team = () => RegistryCredentials.fromSecret('ghcr.io/team-a', secret());
    expect(() => synthesize(newStack(), team(), team())).toThrow('the registry "ghcr.io/team-a" has two credentials; remove one of them');
  });

  test('fails when it is a token', () => {
    expect(() => RegistryCredentials.fromSecret(Lazy.string({ produce: () => 'ghcr.io' }), secret()))
      .toThrow('the registry of RegistryCredentials must be known at synthesis, but it is a token');
  });

  test('fails when two credentials are for it, whatever their spelling', () => {
    const stack = newStack();
    expect(() => synthesize(stack, RegistryCredentials.dockerHub(secret()), RegistryCredentials.fromSecret('index.docker.io', secret())))
      .toThrow('the registry "docker.io" has two credentials; remove one of them');
  });
});

describe('the fields', () => {
  test.each([
    [{ usernameField: 'a:b' }, 'usernameField "a:b" must not be empty and must not contain ":"'],
    [{ passwordField: 'a:b' }, 'passwordField "a:b" must not be empty and must not contain ":"'],
    [{ passwordField: '' }, 'passwordField "" must not be empty and must not contain ":"'],
  ])('fail when CodeBuild would read them otherwise: %j', (options, message) => {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(newStack(), 'Secret', `${ARN}-AbCdEf`);
    expect(() => RegistryCredentials.dockerHub(secret, options)).toThrow(message);
  });
});
