import { App, Aws, Lazy, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as fc from 'fast-check';
import { CacheCredentials, CreationTemplate, PullThroughCache, PullThroughCacheProps, UpstreamRegistry } from '../../src';
import { parseImageReference } from '../../src/image/image-reference';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/upstream-AbCdEf';
const DIGEST = `sha256:${'a1'.repeat(32)}`;
const ANOTHER_ECR = UpstreamRegistry.ecr('444455556666', 'us-east-1');

function newStack(env: { account?: string; region?: string } = ENV) {
  return new Stack(new App(), 'Stack', { env });
}

function credentials(stack: Stack) {
  return CacheCredentials.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', SECRET));
}

function dockerHub(stack: Stack, props: Partial<PullThroughCacheProps> = {}) {
  return new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.DOCKER_HUB, credentials: credentials(stack), ...props });
}

function quay(stack: Stack, props: Partial<PullThroughCacheProps> = {}) {
  return new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, ...props });
}

/** The properties of the one rule of a stack, without those that the template leaves out. */
function rule(stack: Stack): Record<string, unknown> {
  const [resource, ...others] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::PullThroughCacheRule'));
  expect(others).toEqual([]);
  return resource.Properties;
}

describe('the rule', () => {
  test.each([
    ['docker-hub', 'registry-1.docker.io', 'docker-hub', UpstreamRegistry.DOCKER_HUB],
    ['github-container-registry', 'ghcr.io', 'github', UpstreamRegistry.GITHUB],
    ['gitlab-container-registry', 'registry.gitlab.com', 'gitlab', UpstreamRegistry.GITLAB],
    ['chainguard', 'cgr.dev', 'chainguard', UpstreamRegistry.CHAINGUARD],
    ['azure-container-registry', 'example.azurecr.io', 'azure-example', UpstreamRegistry.azure('example.azurecr.io')],
  ])('of %s has its host, a prefix of its own and the secret', (kind, url, prefix, upstream) => {
    const stack = newStack();
    new PullThroughCache(stack, 'Cache', { upstream, credentials: credentials(stack) });
    expect(rule(stack)).toEqual({ EcrRepositoryPrefix: prefix, UpstreamRegistry: kind, UpstreamRegistryUrl: url, CredentialArn: SECRET });
  });

  test.each([
    ['ecr-public', 'public.ecr.aws', 'ecr-public', UpstreamRegistry.ECR_PUBLIC],
    ['quay', 'quay.io', 'quay', UpstreamRegistry.QUAY],
    ['k8s', 'registry.k8s.io', 'kubernetes', UpstreamRegistry.KUBERNETES],
  ])('of %s has its host and a prefix of its own, and neither secret nor role', (kind, url, prefix, upstream) => {
    const stack = newStack();
    new PullThroughCache(stack, 'Cache', { upstream });
    expect(rule(stack)).toEqual({ EcrRepositoryPrefix: prefix, UpstreamRegistry: kind, UpstreamRegistryUrl: url });
  });

  test('has the prefixes that are chosen', () => {
    const stack = newStack();
    const cache = quay(stack, { repositoryPrefix: 'cache/prometheus', upstreamRepositoryPrefix: 'prometheus' });
    expect(cache.repositoryPrefix).toBe('cache/prometheus');
    expect(rule(stack)).toMatchObject({ EcrRepositoryPrefix: 'cache/prometheus', UpstreamRepositoryPrefix: 'prometheus' });
  });

  test('may be that of all repositories', () => {
    const stack = newStack();
    expect(quay(stack, { repositoryPrefix: 'ROOT' }).imageUri('quay.io/prometheus/prometheus:v2.53.0')).toContain('/prometheus/prometheus:v2.53.0');
    expect(rule(stack)).toMatchObject({ EcrRepositoryPrefix: 'ROOT' });
  });

  test('waits for the creation template, so that no repository is created without it', () => {
    const stack = newStack();
    quay(stack);
    const [template] = Object.keys(Template.fromStack(stack).findResources('AWS::ECR::RepositoryCreationTemplate'));
    Template.fromStack(stack).hasResource('AWS::ECR::PullThroughCacheRule', { DependsOn: [template] });
  });

  test.each([
    [{ repositoryPrefix: 'a' }, 'repositoryPrefix "a" is not valid: a prefix must have 2 to 30 characters; set another repositoryPrefix'],
    [{ repositoryPrefix: 'quay/' }, 'repositoryPrefix "quay/" is not valid: remove the final slash'],
    [{ repositoryPrefix: 'Quay' }, 'repositoryPrefix "Quay" is not valid: a repository name must be lowercase letters'],
    [{ upstreamRepositoryPrefix: '*' }, 'upstreamRepositoryPrefix "*" is not valid: a prefix must have 2 to 30 characters'],
    [{ repositoryPrefix: 'ROOT', upstreamRepositoryPrefix: 'prometheus' }, 'repositoryPrefix is "ROOT", which Amazon ECR does not support with upstreamRepositoryPrefix'],
    [{ repositoryPrefix: Lazy.string({ produce: () => 'quay' }) }, 'repositoryPrefix must be known at synthesis'],
    [{ upstreamRepositoryPrefix: Aws.REGION }, 'upstreamRepositoryPrefix must be known at synthesis'],
  ])('fails with a prefix that Amazon ECR refuses: %j', (props, message) => {
    expect(() => quay(newStack(), props)).toThrow(message);
  });

  test('fails when the prefix that a long name would give is too long, and names the property', () => {
    const stack = newStack();
    const upstream = UpstreamRegistry.azure(`${'a'.repeat(40)}.azurecr.io`);
    expect(() => new PullThroughCache(stack, 'Cache', { upstream, credentials: credentials(stack) })).toThrow('set another repositoryPrefix');
  });
});

describe('two caches', () => {
  test('of two registries are in one stack', () => {
    const stack = newStack();
    dockerHub(stack);
    new PullThroughCache(stack, 'Quay', { upstream: UpstreamRegistry.QUAY });
    Template.fromStack(stack).resourceCountIs('AWS::ECR::PullThroughCacheRule', 2);
  });

  test('fail in one stack with one prefix', () => {
    const stack = newStack({});
    quay(stack);
    expect(() => new PullThroughCache(stack, 'Twin', { upstream: UpstreamRegistry.QUAY }))
      .toThrow('the prefix "quay" already has a pull-through cache rule, which "Stack/Cache" defines, but Amazon ECR allows one in an account and Region; '
        + 'set another repositoryPrefix, or use that cache');
  });

  test('fail in two stacks of one account and Region with one prefix', () => {
    const app = new App();
    quay(new Stack(app, 'One', { env: ENV }));
    expect(() => quay(new Stack(app, 'Other', { env: ENV }))).toThrow('the prefix "quay" already has a pull-through cache rule, which "One/Cache" defines');
  });

  test('fail in two environment-agnostic stacks of one stage with one prefix', () => {
    const stage = new Stage(new App(), 'Production');
    quay(new Stack(stage, 'One'));
    expect(() => quay(new Stack(stage, 'Other'))).toThrow('the prefix "quay" already has a pull-through cache rule, which "Production/One/Cache" defines');
  });

  test('fail in a stack and one that is nested in it with one prefix', () => {
    const stack = newStack({});
    quay(stack);
    expect(() => quay(new NestedStack(stack, 'Nested'))).toThrow('the prefix "quay" already has a pull-through cache rule');
  });

  test.each([
    ['another Region', { ...ENV, region: 'us-east-1' }],
    ['another account', { ...ENV, account: '444455556666' }],
    ['a place that is not known', {}],
  ])('with one prefix are possible in %s', (_, env) => {
    const app = new App();
    quay(new Stack(app, 'One', { env: ENV }));
    expect(quay(new Stack(app, 'Other', { env })).repositoryPrefix).toBe('quay');
  });

  test('with one prefix are possible in environment-agnostic stacks of different stages', () => {
    const app = new App();
    quay(new Stack(app, 'One'));
    for (const stage of ['Staging', 'Production']) expect(quay(new Stack(new Stage(app, stage), 'One')).repositoryPrefix).toBe('quay');
  });

  test('fail with one prefix of the template, and do not when one of them leaves it out', () => {
    const shared = CreationTemplate.of({ prefix: 'ROOT' });
    const stack = newStack();
    quay(stack, { creationTemplate: shared });
    const other = (id: string, creationTemplate: CreationTemplate) =>
      new PullThroughCache(stack, id, { upstream: UpstreamRegistry.KUBERNETES, repositoryPrefix: id, creationTemplate });
    expect(() => other('one', shared)).toThrow('the prefix "ROOT" already has a repository creation template, which "Stack/Cache" defines, '
      + 'but Amazon ECR allows one in an account and Region; set creationTemplate: CreationTemplate.none() for one of them');
    expect(other('two', CreationTemplate.none()).repositoryPrefix).toBe('two');
  });
});

describe('the Amazon ECR of another account', () => {
  function upstreamRoles(stack: Stack) {
    return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
  }

  test('is pulled from with a role that Amazon ECR takes', () => {
    const stack = newStack();
    const cache = new PullThroughCache(stack, 'Cache', { upstream: ANOTHER_ECR });
    expect(cache.imageUri('444455556666.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0.0')).toContain('/ecr-444455556666/team/app:1.0.0');
    expect(rule(stack)).toEqual({
      EcrRepositoryPrefix: 'ecr-444455556666',
      UpstreamRegistry: 'ecr',
      UpstreamRegistryUrl: '444455556666.dkr.ecr.us-east-1.amazonaws.com',
      CustomRoleArn: { 'Fn::GetAtt': [expect.stringContaining('CacheUpstreamRole'), 'Arn'] },
    });
    expect(upstreamRoles(stack).map((role) => role.Properties.AssumeRolePolicyDocument.Statement)).toEqual([
      [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'pullthroughcache.ecr.amazonaws.com' } }],
    ]);
  });

  test('is pulled from with the role that is given, and no other', () => {
    const stack = newStack();
    const upstreamRole = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/puller');
    new PullThroughCache(stack, 'Cache', { upstream: ANOTHER_ECR, upstreamRole });
    expect(rule(stack)).toMatchObject({ CustomRoleArn: 'arn:aws:iam::111122223333:role/puller' });
    expect(upstreamRoles(stack)).toEqual([]);
  });

  test('gets a role where the account of the cache is not known', () => {
    const stack = newStack({});
    new PullThroughCache(stack, 'Cache', { upstream: ANOTHER_ECR });
    expect(upstreamRoles(stack)).toHaveLength(1);
  });

  test('gets no role when it is the same account in another Region', () => {
    const stack = newStack();
    new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.ecr(ENV.account, 'us-east-1') });
    expect(rule(stack)).not.toHaveProperty('CustomRoleArn');
    expect(upstreamRoles(stack)).toEqual([]);
  });

  test('fails when it is the registry of the cache itself', () => {
    expect(() => new PullThroughCache(newStack(), 'Cache', { upstream: UpstreamRegistry.ecr(ENV.account, ENV.region) }))
      .toThrow('the upstream "111122223333.dkr.ecr.eu-west-1.amazonaws.com" is the registry of the cache itself');
  });

  test('alone takes a role', () => {
    const stack = newStack();
    const upstreamRole = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/puller');
    expect(() => quay(stack, { upstreamRole })).toThrow('upstreamRole is only for an upstream Amazon ECR, and the upstream is "quay.io"; remove upstreamRole');
  });
});

describe('the URI of an image', () => {
  test.each([
    'nginx:1.27', 'library/nginx:1.27', 'docker.io/nginx:1.27', 'docker.io/library/nginx:1.27', 'index.docker.io/library/nginx:1.27', 'Docker.IO/nginx:1.27',
  ])('is one in every spelling: %s', (image) => {
    const stack = newStack();
    expect(stack.resolve(dockerHub(stack).imageUri(image)))
      .toEqual({ 'Fn::Join': ['', ['111122223333.dkr.ecr.eu-west-1.', { Ref: 'AWS::URLSuffix' }, '/docker-hub/library/nginx:1.27']] });
  });

  test('names account, Region and domain by pseudo parameters where they are not known', () => {
    const stack = newStack({});
    expect(stack.resolve(quay(stack).imageUri('quay.io/prometheus/prometheus'))).toEqual({
      'Fn::Join': ['', [
        { Ref: 'AWS::AccountId' }, '.dkr.ecr.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/quay/prometheus/prometheus:latest',
      ]],
    });
  });

  test('leaves the namespaces of Docker Hub\'s users alone', () => {
    expect(dockerHub(newStack()).imageUri('grafana/grafana:11.1.0')).toMatch(/\/docker-hub\/grafana\/grafana:11\.1\.0$/);
  });

  test('keeps a digest, and with it the exact image', () => {
    expect(dockerHub(newStack()).imageUri(`nginx:1.27@${DIGEST}`)).toMatch(new RegExp(`/docker-hub/library/nginx@${DIGEST}$`));
    expect(dockerHub(newStack()).imageUri(`nginx@${DIGEST}`)).toMatch(new RegExp(`/docker-hub/library/nginx@${DIGEST}$`));
  });

  test('is itself an image reference that names the same tag', () => {
    const cache = dockerHub(newStack());
    const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8})?$/);
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}$/);
    fc.assert(fc.property(fc.array(name, { minLength: 2, maxLength: 3 }), tag, (names, own) => {
      const repository = names.join('/');
      const uri = cache.imageUri(`docker.io/${repository}:${own}`).replace(/^.*?(?=\/docker-hub\/)/, 'registry.example.com');
      expect(parseImageReference(uri)).toEqual({ registry: 'registry.example.com', repository: `docker-hub/${repository}`, tag: own, digest: undefined });
    }));
  });

  test.each([
    ['ghcr.io/owner/app:1.0.0', 'UpstreamRegistry.GITHUB'],
    ['quay.io/prometheus/prometheus:v2.53.0', 'UpstreamRegistry.QUAY'],
    ['public.ecr.aws/docker/library/nginx:1.27', 'UpstreamRegistry.ECR_PUBLIC'],
    ['example.azurecr.io/app:1.0.0', 'UpstreamRegistry.of("example.azurecr.io")'],
  ])('fails for an image of another registry, and names the upstream that has it: %s', (image, expression) => {
    const registry = image.split('/')[0];
    expect(() => dockerHub(newStack()).imageUri(image))
      .toThrow(`${JSON.stringify(image)} is in the registry ${JSON.stringify(registry)}, and this cache is for "docker.io"; define another PullThroughCache with upstream: ${expression}`);
  });

  test.each(['gcr.io/distroless/static:latest', 'mcr.microsoft.com/dotnet/runtime:8.0', 'localhost:5000/app:1.0.0'])(
    'fails for an image of a registry without pull-through cache, and names the mirror: %s', (image) => {
      expect(() => dockerHub(newStack()).imageUri(image)).toThrow('use an ImageMirror, because pull-through caches don\'t support its registry');
    },
  );

  test('fails for an image of a part of the registry that the cache does not serve', () => {
    const cache = quay(newStack(), { upstreamRepositoryPrefix: 'prometheus' });
    expect(cache.imageUri('quay.io/prometheus/node-exporter:v1.8.0')).toMatch(/\/quay\/node-exporter:v1\.8\.0$/);
    expect(() => cache.imageUri('quay.io/argoproj/argocd:v2.12.0')).toThrow('"quay.io/argoproj/argocd:v2.12.0" does not have the upstream prefix "prometheus" of this cache');
  });

  test('fails when the repository would get a name that Amazon ECR refuses', () => {
    expect(() => quay(newStack()).imageUri(`quay.io/${'a'.repeat(254)}:1.0.0`)).toThrow('a repository name must have 2 to 256 characters; set a shorter repositoryPrefix, or use an ImageMirror');
  });

  test.each([['nginx:', 'invalid image reference'], ['', 'it is empty'], [Lazy.string({ produce: () => 'nginx' }), 'the image must be known at synthesis']])('fails for what is no image: %j', (image, message) => {
    expect(() => dockerHub(newStack()).imageUri(image)).toThrow(message);
  });
});

describe('for the aspect', () => {
  test('the URI is that of the image', () => {
    const cache = dockerHub(newStack());
    expect(cache._uriFor(parseImageReference('nginx:1.27'))).toBe(cache.imageUri('nginx:1.27'));
  });

  test.each([
    ['of another registry', 'quay.io/prometheus/prometheus:v2.53.0'],
    ['that is named by a digest', `nginx@${DIGEST}`],
    ['that is named by a tag and a digest', `nginx:1.27@${DIGEST}`],
    ['whose repository would get an impossible name', `${'a'.repeat(240)}:1.0.0`],
  ])('there is none for an image %s', (_, image) => {
    expect(dockerHub(newStack())._uriFor(parseImageReference(image))).toBeUndefined();
  });

  test('there is none for an image of a part of the registry that the cache does not serve', () => {
    expect(quay(newStack(), { upstreamRepositoryPrefix: 'prometheus' })._uriFor(parseImageReference('quay.io/argoproj/argocd:v2.12.0'))).toBeUndefined();
  });
});

test('the logical ids depend on nothing but the path', () => {
  const stack = newStack();
  quay(stack);
  expect(Object.keys(Template.fromStack(stack).toJSON().Resources).sort()).toEqual(['CacheRule25B8A359', 'CacheTemplate08865779']);
});
