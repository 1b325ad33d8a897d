import { App, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, TagFilter } from '../../src';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };
const REGISTRY = 'docker-image://111122223333.dkr.ecr.eu-west-1.amazonaws.com';

function mirrorOf(images: string[], env = ENVIRONMENT): ImageMirror {
  return new ImageMirror(new Stack(new App(), 'Platform', { env }), 'Mirror', { images });
}

/**
 * What Docker compares: the name of a context and what stands behind FROM, both in one spelling.
 *
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go
 */
function dockerSpelling(name: string): string {
  return name.replace(/^docker\.io\//, '').replace(/^library\//, '').replace(/:latest$/, '');
}

describe('the contexts of an image', () => {
  test.each<[string, string, string[]]>([
    ['nginx:stable', 'mirror/nginx:stable', ['docker.io/library/nginx:stable', 'docker.io/nginx:stable', 'library/nginx:stable', 'nginx:stable']],
    ['grafana/grafana:11.1.0', 'mirror/grafana/grafana:11.1.0', ['docker.io/grafana/grafana:11.1.0', 'grafana/grafana:11.1.0']],
    ['quay.io/prometheus/prometheus:v2.53.0', 'mirror/quay.io/prometheus/prometheus:v2.53.0', ['quay.io/prometheus/prometheus:v2.53.0']],
    ['nginx', 'mirror/nginx:latest', [
      'docker.io/library/nginx', 'docker.io/library/nginx:latest', 'docker.io/nginx', 'docker.io/nginx:latest', 'library/nginx', 'library/nginx:latest', 'nginx', 'nginx:latest',
    ]],
    [`quay.io/a/b@${DIGEST}`, 'mirror/quay.io/a/b:digest-0123456789ab', [`quay.io/a/b@${DIGEST}`]],
    [`quay.io/a/b:1.0.0@${DIGEST}`, 'mirror/quay.io/a/b:1.0.0', [`quay.io/a/b:1.0.0@${DIGEST}`, `quay.io/a/b@${DIGEST}`]],
  ])('%s is taken from %s, by every spelling', (image, place, names) => {
    expect(Object.entries(mirrorOf([image]).dockerBuildContexts())).toEqual(names.map((name) => [name, `${REGISTRY}/${place}`]));
  });

  test('come to one for Docker', () => {
    const contexts = mirrorOf(['nginx', 'nginx:stable', 'quay.io/a/b:1']).dockerBuildContexts();
    expect([...new Set(Object.keys(contexts).map(dockerSpelling))].sort()).toEqual(['nginx', 'nginx:stable', 'quay.io/a/b:1']);
  });

  test('never name a tag that is not mirrored', () => {
    const names = Object.keys(mirrorOf(['nginx:stable', `redis:7@${DIGEST}`]).dockerBuildContexts());
    expect(names).not.toContain('nginx');
    expect(names).not.toContain('redis:7');
  });
});

test('some images are asked for by any spelling, and the others are left out', () => {
  const mirror = mirrorOf(['nginx:stable', 'redis:7.2.5', 'quay.io/a/b:1']);
  expect(mirror.dockerBuildContexts(['docker.io/redis:7.2.5', 'quay.io/a/b:1'])).toEqual(mirrorOf(['redis:7.2.5', 'quay.io/a/b:1']).dockerBuildContexts());
  expect(mirror.dockerBuildContexts([])).toEqual({});
});

test('the order of images changes nothing', () => {
  expect(JSON.stringify(mirrorOf(['redis:7.2.5', 'nginx:stable']).dockerBuildContexts())).toBe(JSON.stringify(mirrorOf(['nginx:stable', 'redis:7.2.5']).dockerBuildContexts()));
});

test.each([
  ['cn-north-1', 'amazonaws.com.cn'],
  ['us-gov-west-1', 'amazonaws.com'],
  ['eusc-de-east-1', 'amazonaws.eu'],
  ['xx-unknown-1', 'amazonaws.com'],
])('the registry of %s is under %s', (region, suffix) => {
  const { 'nginx:stable': context } = mirrorOf(['nginx:stable'], { ...ENVIRONMENT, region }).dockerBuildContexts();
  expect(context).toBe(`docker-image://111122223333.dkr.ecr.${region}.${suffix}/mirror/nginx:stable`);
});

test('no context holds a token, for none could be resolved when a Dockerfile is built', () => {
  expect(JSON.stringify(mirrorOf(['nginx:stable', 'redis:7.2.5']).dockerBuildContexts())).not.toContain('Token[');
});

test('an existing repository is named by its ARN\'s account and Region', () => {
  const stack = new Stack(new App(), 'Platform');
  const repository = ecr.Repository.fromRepositoryArn(stack, 'Existing', 'arn:aws:ecr:eu-west-1:111122223333:repository/shared/nginx');
  const mirror = new ImageMirror(stack, 'Mirror');
  mirror.addImage('quay.io/a/b:1', { repository });
  expect(mirror.dockerBuildContexts()).toEqual({ 'quay.io/a/b:1': `${REGISTRY}/shared/nginx:1` });
});

describe('fails', () => {
  test.each<[string, { account?: string; region?: string } | undefined]>([
    ['the account and the Region are', undefined],
    ['the account is', { region: 'eu-west-1' }],
    ['the Region is', { account: '111122223333' }],
  ])('when %s not known at synthesis', (_, env) => {
    const mirror = new ImageMirror(new Stack(new App(), 'Platform', { env }), 'Mirror', { images: ['nginx:stable'] });
    expect(() => mirror.dockerBuildContexts()).toThrow(
      'the account and Region of "docker.io/library/nginx:stable" are not known at synthesis, but the Dockerfile is built before the deployment; '
      + 'set env of the stack "Platform", for example env: { account: \'111122223333\', region: \'eu-west-1\' }',
    );
  });

  test('when an image is not in the mirror', () => {
    expect(() => mirrorOf(['nginx:stable']).dockerBuildContexts(['nginx:alpine'])).toThrow('"nginx:alpine" is not in the mirror; add it with addImage(), or use one of the mirrored images: "nginx:stable"');
  });

  test.each([[undefined], [['nginx']]])('when a filter selects an image\'s tags: %j', (images) => {
    const mirror = mirrorOf(['redis:7.2.5']);
    mirror.addImage('nginx', { tags: TagFilter.semver('>=1.25 <2') });
    expect(() => mirror.dockerBuildContexts(images)).toThrow(
      '"docker.io/library/nginx" uses a tag filter, so it has no single tag; list the images that the Dockerfile names, and mirror each of them by its tag with addImage()',
    );
    expect(Object.keys(mirror.dockerBuildContexts(['redis:7.2.5']))).toContain('redis:7.2.5');
  });

  test('when the name of an existing repository is not known at synthesis', () => {
    const stack = new Stack(new App(), 'Platform', { env: ENVIRONMENT });
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.addImage('nginx:stable', { repository: new ecr.Repository(stack, 'Mine') });
    expect(() => mirror.dockerBuildContexts()).toThrow(
      'the repository name of "docker.io/library/nginx:stable" is not known at synthesis, but the Dockerfile is built before the deployment; '
      + 'set a name for the repository, and pass ecr.Repository.fromRepositoryName(this, id, name) to addImage()',
    );
  });

  test('when a token is asked for', () => {
    expect(() => mirrorOf(['nginx:stable']).dockerBuildContexts([Lazy.string({ produce: () => 'nginx:stable' })])).toThrow('the image must be known at synthesis, but it is a token');
  });
});
