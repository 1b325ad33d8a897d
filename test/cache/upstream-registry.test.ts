import { Lazy } from 'aws-cdk-lib';
import { UpstreamRegistry } from '../../src';

const token = Lazy.string({ produce: () => 'example.azurecr.io' });

describe('a registry by its host', () => {
  test.each([
    ['docker.io', UpstreamRegistry.DOCKER_HUB],
    ['index.docker.io', UpstreamRegistry.DOCKER_HUB],
    ['registry-1.docker.io', UpstreamRegistry.DOCKER_HUB],
    ['public.ecr.aws', UpstreamRegistry.ECR_PUBLIC],
    ['Quay.IO', UpstreamRegistry.QUAY],
    ['registry.k8s.io', UpstreamRegistry.KUBERNETES],
    ['ghcr.io', UpstreamRegistry.GITHUB],
    ['registry.gitlab.com', UpstreamRegistry.GITLAB],
    ['cgr.dev', UpstreamRegistry.CHAINGUARD],
    ['Example.azurecr.io', UpstreamRegistry.azure('example.azurecr.io')],
    ['444455556666.dkr.ecr.us-east-1.amazonaws.com', UpstreamRegistry.ecr('444455556666', 'us-east-1')],
  ])('is the one that is meant: %s', (host, upstream) => {
    expect(UpstreamRegistry.of(host)).toEqual(upstream);
  });

  test.each(['gcr.io', 'mcr.microsoft.com', 'nvcr.io', 'dockerhub', 'docker.io/library', 'https://ghcr.io', ''])('fails where there is no pull-through cache, and names the mirror: %j', (host) => {
    expect(() => UpstreamRegistry.of(host)).toThrow(`pull-through caches don't support ${JSON.stringify(host)}; use docker.io, public.ecr.aws, quay.io, registry.k8s.io, `
      + 'ghcr.io, registry.gitlab.com, cgr.dev, an Azure Container Registry (example.azurecr.io) or another Amazon ECR, or use an ImageMirror');
  });

  test('fails when it is a token', () => {
    expect(() => UpstreamRegistry.of(token)).toThrow('the registry of UpstreamRegistry.of must be known at synthesis');
  });
});

describe('a registry of Azure', () => {
  test('has its host in lower case', () => {
    expect(UpstreamRegistry.azure('Example.AzureCR.io').registry).toBe('example.azurecr.io');
  });

  test.each(['example', 'example.azurecr.cn', 'https://example.azurecr.io', 'example.azurecr.io/team', 'docker.io', ''])('fails when the host is none: %j', (host) => {
    expect(() => UpstreamRegistry.azure(host)).toThrow(`${JSON.stringify(host)} is not a valid Azure Container Registry host; write it without scheme and path, for example "example.azurecr.io"`);
  });

  test('fails when the host is a token', () => {
    expect(() => UpstreamRegistry.azure(token)).toThrow('the host of UpstreamRegistry.azure must be known at synthesis');
  });
});

describe('the Amazon ECR of another account', () => {
  test('has the host that its images have', () => {
    expect(UpstreamRegistry.ecr('444455556666', 'ap-southeast-1').registry).toBe('444455556666.dkr.ecr.ap-southeast-1.amazonaws.com');
  });

  test.each([['4444', 'eu-west-1'], ['444455556666', 'europe'], ['444455556666', ''], ['', 'eu-west-1'], ['444455556666', 'eu-west-1.example.com/a']])(
    'fails when they are no account and Region: %j, %j', (account, region) => {
      expect(() => UpstreamRegistry.ecr(account, region)).toThrow(`${JSON.stringify(account)} and ${JSON.stringify(region)} are not a valid account ID and Region`);
    },
  );

  test('fails when one of them is a token', () => {
    expect(() => UpstreamRegistry.ecr(token, 'eu-west-1')).toThrow('the account of UpstreamRegistry.ecr must be known at synthesis');
    expect(() => UpstreamRegistry.ecr('444455556666', token)).toThrow('the region of UpstreamRegistry.ecr must be known at synthesis');
  });
});
