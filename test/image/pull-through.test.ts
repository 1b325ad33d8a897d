import * as fc from 'fast-check';
import { parseImageReference } from '../../src/image/image-reference';
import {
  azureUpstream, cachedRepositoryName, cachePrefixProblem, ecrUpstream, PULL_THROUGH_UPSTREAMS, pullThroughUpstream, ROOT_PREFIX,
} from '../../src/image/pull-through';
import { repositoryNameProblem } from '../../src/image/repository-name';

const component = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join('/'));
const prefix = fc.oneof(fc.constant(ROOT_PREFIX), path.filter((text) => text.length >= 2 && text.length <= 30));

describe('the registries that Amazon ECR pulls from', () => {
  test.each([
    ['docker.io', 'docker-hub', 'registry-1.docker.io', 'docker-hub', 'secret'],
    ['public.ecr.aws', 'ecr-public', 'public.ecr.aws', 'ecr-public', 'none'],
    ['quay.io', 'quay', 'quay.io', 'quay', 'none'],
    ['registry.k8s.io', 'k8s', 'registry.k8s.io', 'kubernetes', 'none'],
    ['ghcr.io', 'github-container-registry', 'ghcr.io', 'github', 'secret'],
    ['registry.gitlab.com', 'gitlab-container-registry', 'registry.gitlab.com', 'gitlab', 'secret'],
    ['cgr.dev', 'chainguard', 'cgr.dev', 'chainguard', 'secret'],
    ['example.azurecr.io', 'azure-container-registry', 'example.azurecr.io', 'azure-example', 'secret'],
    ['444455556666.dkr.ecr.us-east-1.amazonaws.com', 'ecr', '444455556666.dkr.ecr.us-east-1.amazonaws.com', 'ecr-444455556666', 'role'],
  ])('have %s', (registry, kind, url, defaultPrefix, authentication) => {
    expect(pullThroughUpstream(registry)).toMatchObject({ registry, kind, url, prefix: defaultPrefix, authentication });
  });

  test.each([
    'gcr.io', 'mcr.microsoft.com', 'nvcr.io', 'docker.elastic.co', 'registry-1.docker.io', 'quay.io:443', 'azurecr.io', 'a.b.azurecr.io', 'example.azurecr.cn',
    'evil-azurecr.io', 'example.azurecr.io.example.com', '44445555666.dkr.ecr.us-east-1.amazonaws.com', '444455556666.dkr.ecr.us-east-1.amazonaws.com.cn',
    '444455556666.dkr.ecr.amazonaws.com', '',
  ])('do not have %j', (registry) => {
    expect(pullThroughUpstream(registry)).toBeUndefined();
  });

  test('know the account and the Region of an Amazon ECR', () => {
    expect(ecrUpstream('444455556666.dkr.ecr.us-gov-west-1.amazonaws.com')).toMatchObject({ account: '444455556666', region: 'us-gov-west-1' });
    expect(azureUpstream('example.azurecr.io')).not.toHaveProperty('account');
  });

  test('have each a host that references spell so, and a prefix of its own that Amazon ECR takes', () => {
    const upstreams = Object.values(PULL_THROUGH_UPSTREAMS);
    expect(upstreams.map(({ registry }) => parseImageReference(`${registry}/a/b:c`).registry)).toEqual(upstreams.map(({ registry }) => registry));
    expect(upstreams.map((one) => cachePrefixProblem(one.prefix))).toEqual(upstreams.map(() => undefined));
    expect(new Set(upstreams.map((one) => one.prefix)).size).toBe(upstreams.length);
  });
});

describe('the cached repository', () => {
  // The table of the user guide.
  test.each([
    ['my-app/image1', 'ecr-public', ROOT_PREFIX, 'ecr-public/my-app/image1'],
    ['my-app/image1', ROOT_PREFIX, ROOT_PREFIX, 'my-app/image1'],
    ['team-a/myapp/image1', 'team-a', 'team-a', 'team-a/myapp/image1'],
    ['upstream-app/image1', 'my-app', 'upstream-app', 'my-app/image1'],
    ['library/nginx', 'docker-hub', ROOT_PREFIX, 'docker-hub/library/nginx'],
  ])('of %s with the prefixes %s and %s is %s', (repository, repositoryPrefix, upstreamRepositoryPrefix, name) => {
    expect(cachedRepositoryName(repository, { repositoryPrefix, upstreamRepositoryPrefix })).toBe(name);
  });

  test.each(['upstream-app', 'upstream-application/image1', 'other/upstream-app/image1'])('of %s does not exist where only upstream-app is served', (repository) => {
    expect(cachedRepositoryName(repository, { repositoryPrefix: 'my-app', upstreamRepositoryPrefix: 'upstream-app' })).toBeUndefined();
  });

  test('names one upstream repository: no two share it', () => {
    fc.assert(fc.property(path, path, prefix, prefix, (one, other, repositoryPrefix, upstreamRepositoryPrefix) => {
      const start = upstreamRepositoryPrefix === ROOT_PREFIX ? '' : `${upstreamRepositoryPrefix}/`;
      const names = [one, other].map((rest) => cachedRepositoryName(start + rest, { repositoryPrefix, upstreamRepositoryPrefix }));
      expect(names[0] === names[1]).toBe(one === other);
    }));
  });

  test('is under the prefix, ends like the upstream repository, and has a name that Amazon ECR takes', () => {
    fc.assert(fc.property(path, prefix, prefix, (rest, repositoryPrefix, upstreamRepositoryPrefix) => {
      const start = upstreamRepositoryPrefix === ROOT_PREFIX ? '' : `${upstreamRepositoryPrefix}/`;
      const name = cachedRepositoryName(start + rest, { repositoryPrefix, upstreamRepositoryPrefix })!;
      expect(name).toBe(repositoryPrefix === ROOT_PREFIX ? rest : `${repositoryPrefix}/${rest}`);
      if (name.length >= 2) expect(repositoryNameProblem(name)).toBeUndefined();
    }));
  });

  test('exists for exactly the upstream repositories under the upstream prefix', () => {
    fc.assert(fc.property(path, path, (repository, upstreamRepositoryPrefix) => {
      const parts = repository.split('/');
      const start = upstreamRepositoryPrefix.split('/');
      const isUnder = parts.length > start.length && start.every((part, index) => part === parts[index]);
      expect(cachedRepositoryName(repository, { repositoryPrefix: 'aa', upstreamRepositoryPrefix }) !== undefined).toBe(isUnder);
    }));
  });
});

describe('a prefix', () => {
  test.each(['ROOT', 'aa', 'docker-hub', 'cache/docker-hub', 'a__b', 'a--b', 'a.b/c_d', 'a'.repeat(30)])('may be %j', (text) => {
    expect(cachePrefixProblem(text)).toBeUndefined();
  });

  test.each([
    ['', '2 to 30 characters'],
    ['a', '2 to 30 characters'],
    ['a'.repeat(31), '2 to 30 characters'],
    ['docker-hub/', 'final slash'],
    ['Docker', 'lowercase'],
    ['root/ROOT', 'lowercase'],
    ['a..b', 'lowercase'],
    ['/docker', 'lowercase'],
    ['docker*', 'lowercase'],
  ])('may not be %j', (text, problem) => {
    expect(cachePrefixProblem(text)).toContain(problem);
  });
});
