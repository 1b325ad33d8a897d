import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { ImageMirror, MirroredImage, MirroredImageOptions, TagFilter, TagKind } from '../../src';
import { readConfiguration } from '../../src/engine/configuration';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ stack, mirror } = mirrorStack());
});

/** The variables that each schedule hands over. */
function runs(): Record<string, string>[] {
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  return resolver.ids('AWS::Scheduler::Schedule').map((id) => {
    const { environmentVariablesOverride } = JSON.parse(resolver.properties(id).Target.Input);
    return Object.fromEntries(environmentVariablesOverride.map((variable: { name: string; value: string }) => [variable.name, variable.value]));
  });
}

/** The tags and patterns that may move in the only repository; undefined when it is immutable throughout. */
function exceptions(): string[] | undefined {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
  const filters: { ImageTagMutabilityExclusionFilterValue: string }[] | undefined = Properties.ImageTagMutabilityExclusionFilters;
  expect(Properties.ImageTagMutability).toBe(filters === undefined ? 'IMMUTABLE' : 'IMMUTABLE_WITH_EXCLUSION');
  return filters?.map(({ ImageTagMutabilityExclusionFilterValue }) => ImageTagMutabilityExclusionFilterValue);
}

/** The kind that the engine gives a tag in the only run. */
function kindOf(tag: string): string {
  const [run] = runs();
  const { image, requestFor } = readConfiguration({ ...run, MIRROR_REGISTRY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com' });
  return requestFor({ ...image, tag }).kind;
}

const LATEST_FIVE = TagFilter.semver('>=1.25 <2', { latest: 5 });

describe('an image whose tags a filter selects', () => {
  test('is mirrored by one schedule, which hands the repository and the filter over', () => {
    const image = mirror.addImage('nginx', { tags: LATEST_FIVE });
    expect(image.source).toBe('docker.io/library/nginx');
    expect(runs()).toEqual([{ IMAGE: 'docker.io/library/nginx', TAG_KIND: 'fixed', TAGS: '{"semver":">=1.25 <2","latest":5}' }]);
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'mirror/nginx' });
  });

  test.each(['nginx', 'localhost:5000/team/app', 'quay.io/prometheus/prometheus'])('is read by the engine as it was written: %s', (image) => {
    mirror.addImage(image, { tags: TagFilter.patterns('stable', '1.*') });
    const { image: read, tags } = readConfiguration({ ...runs()[0], MIRROR_REGISTRY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com' });
    expect(`${read.registry}/${read.repository}`).toBe(mirror.images[0].source);
    expect(tags).toMatchObject({ patterns: ['1.*', 'stable'] });
  });

  test('has no single tag, and a URI for each', () => {
    const image = mirror.addImage('nginx', { tags: LATEST_FIVE });
    const message = '"docker.io/library/nginx" uses a tag filter, so it has no single tag; use imageUriForTag() with the tag that you need';
    expect(() => image.tag).toThrow(message);
    expect(() => image.imageUri).toThrow(message);
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    expect(resolver.resolve(stack.resolve(image.imageUriForTag('1.27.0')))).toBe('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:1.27.0');
  });

  test('is found by its repository, in any spelling', () => {
    const image = mirror.addImage('nginx', { tags: LATEST_FIVE });
    for (const spelling of ['nginx', 'library/nginx', 'docker.io/nginx']) expect(mirror.image(spelling)).toBe(image);
  });

  test.each([['before', 0], ['after', 1]])('leaves its repository\'s name to the tag latest, which was added %s it', (_, position) => {
    const images = [() => mirror.addImage('nginx'), () => mirror.addImage('nginx', { tags: LATEST_FIVE })];
    if (position === 1) images.reverse();
    for (const add of images) add();
    expect(mirror.image('nginx').tag).toBe('latest');
  });

  test('is not found by a tag, and the error says where its tags are', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE });
    expect(() => mirror.image('nginx:1.27.0')).toThrow('"nginx:1.27.0" is not in the mirror; add it with addImage(), or use one of the mirrored images: "nginx"; '
      + 'for a tag that a filter selects, use image("nginx").imageUriForTag("1.27.0")');
  });

  test('is not found by its repository when there are two', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE });
    mirror.addImage('nginx', { tags: TagFilter.pattern('stable*') });
    expect(() => mirror.image('nginx')).toThrow('"nginx" is in the mirror with 2 tag filters; use the image that addImage() returned');
  });

  test('may be in another stack', () => {
    const team = new Stack(App.of(stack) as App, 'Team');
    const image = new MirroredImage(team, 'Nginx', { mirror, image: 'nginx', tags: LATEST_FIVE });
    expect(mirror.image('nginx')).toBe(image);
    Template.fromStack(team).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'mirror/nginx', ImageTagMutability: 'IMMUTABLE' });
  });

  test('may have a repository of its own name', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE, repositoryName: 'platform/web' });
    expect(runs()).toEqual([expect.objectContaining({ IMAGE: 'docker.io/library/nginx', REPOSITORY: 'platform/web' })]);
  });

  test('may be beside single tags and other filters of its repository', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE });
    mirror.addImage('nginx', { tags: TagFilter.semver('>=1.25 <2', { latest: 6 }) });
    mirror.addImage('nginx:1.27.0');
    mirror.addImage('nginx');
    expect(runs()).toHaveLength(4);
    expect(exceptions()).toEqual(['latest']);
  });
});

describe('exceptions from immutability', () => {
  test('are none for versions', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE });
    expect(exceptions()).toBeUndefined();
  });

  test('are none for pre-releases, whatever their form says: the engine does not try to move them', () => {
    mirror.addImage('nginx', { tags: TagFilter.semver('*', { prereleases: true }) });
    expect(exceptions()).toBeUndefined();
    expect(kindOf('2.0.0-dev')).toBe('fixed');
  });

  test('are the versions that are said to float, which the engine then moves', () => {
    mirror.addImage('python', { tags: TagFilter.semver('3.x', { variant: 'slim' }), tagKind: TagKind.FLOATING });
    expect(exceptions()).toEqual(['*.*-slim']);
    expect(kindOf('3.12.4-slim')).toBe('floating');
  });

  test('are patterns, and the engine judges each tag by its form', () => {
    mirror.addImage('nginx', { tags: TagFilter.patterns('stable*', '1.2*') });
    expect(exceptions()).toEqual(['1.2*', 'stable*']);
    expect(runs()[0]).not.toHaveProperty('TAG_KIND');
    expect([kindOf('1.27'), kindOf('1.27.0')]).toEqual(['floating', 'fixed']);
  });

  test('are no patterns whose tags are said to be fixed, which the engine then never moves', () => {
    mirror.addImage('nginx', { tags: TagFilter.pattern('1.2*'), tagKind: TagKind.FIXED });
    expect(exceptions()).toBeUndefined();
    expect(kindOf('1.27')).toBe('fixed');
  });

  test('are patterns and floating tags together', () => {
    mirror.addImage('nginx:stable');
    mirror.addImage('nginx', { tags: TagFilter.pattern('1.2*') });
    mirror.addImage('nginx', { tags: TagFilter.semver('*') });
    mirror.addImage('nginx:1.27.0');
    expect(exceptions()).toEqual(['1.2*', 'stable']);
  });

  test('are five at most, and a pattern of the app includes the tags that match it', () => {
    mirror.addImage('nginx', { tags: TagFilter.patterns('a*', 'b*', 'c*', 'd*') });
    mirror.addImage('nginx:stable');
    mirror.addImage('nginx:alpine');
    expect(exceptions()).toEqual(['a*', 'b*', 'c*', 'd*', 'stable']);
  });

  test('have two wildcards at most, so a pattern with more of them becomes a wider one', () => {
    mirror.addImage('nginx', { tags: TagFilter.pattern('1.*-*-*') });
    expect(exceptions()).toEqual(['1.*']);
  });

  test('are none for fixed tags with any number of wildcards', () => {
    mirror.addImage('redis', { tags: TagFilter.pattern('1.*-*-*'), tagKind: TagKind.FIXED });
    expect(exceptions()).toBeUndefined();
  });

  test('are not ours to count in a repository that exists', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/nginx');
    mirror.addImage('nginx', { repository, tags: TagFilter.patterns('a*', 'b*', 'c*', 'd*', 'e*', 'f**-*') });
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 0);
  });
});

describe('platforms', () => {
  const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;
  const ARM = ecr_assets.Platform.custom('linux/arm/v7');

  test('are handed over in one spelling, whatever their order', () => {
    mirror.addImage('nginx:stable', { platforms: [ARM, LINUX_ARM64, LINUX_AMD64, LINUX_ARM64] });
    expect(runs()).toEqual([{ IMAGE: 'docker.io/library/nginx:stable', PLATFORMS: 'linux/amd64,linux/arm/v7,linux/arm64' }]);
  });

  test('go with a filter', () => {
    mirror.addImage('nginx', { platforms: [LINUX_AMD64], tags: TagFilter.pattern('1.2*') });
    expect(runs()).toEqual([{ IMAGE: 'docker.io/library/nginx', PLATFORMS: 'linux/amd64', TAGS: '{"patterns":["1.2*"]}' }]);
  });
});

describe('referrers', () => {
  test.each<[boolean | undefined, object]>([[undefined, {}], [true, {}], [false, { REFERRERS: 'false' }]])('are handed over only when they stay behind: %s', (referrers, variables) => {
    mirror.addImage('nginx:stable', { referrers });
    expect(runs()).toEqual([{ IMAGE: 'docker.io/library/nginx:stable', ...variables }]);
  });
});

describe('fails', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const token = () => Lazy.string({ produce: () => 'linux/amd64' });

  test.each<[string, string, () => MirroredImageOptions, string]>([
    ['when the image has a tag beside a filter', 'nginx:1.27.0', () => ({ tags: LATEST_FIVE }),
      '"nginx:1.27.0" has a tag or digest, but a tag filter selects the tags; write "nginx", or omit tags'],
    ['when the image has a digest beside a filter', `localhost:5000/a/b:1.0@${digest}`, () => ({ tags: LATEST_FIVE }), 'write "localhost:5000/a/b", or omit tags'],
    ['when the repository is a token', token(), () => ({ tags: LATEST_FIVE }), 'the image must be known at synthesis'],
    ['when there is no platform', 'nginx', () => ({ platforms: [] }), 'platforms is empty; omit it to mirror all platforms'],
    ['when a platform is none', 'nginx', () => ({ platforms: [ecr_assets.Platform.custom('arm64')] }),
      '"arm64" is not a valid platform; write for example ecr_assets.Platform.LINUX_ARM64 or ecr_assets.Platform.custom("linux/arm/v7")'],
    ['when a platform is two', 'nginx', () => ({ platforms: [ecr_assets.Platform.custom('linux/amd64,linux/arm64')] }), '"linux/amd64,linux/arm64" is not a valid platform'],
    ['when a platform is a token', 'nginx', () => ({ platforms: [ecr_assets.Platform.custom(token())] }), 'a platform must be known at synthesis, but it is a token'],
  ])('%s', (_, image, options, message) => {
    expect(() => mirror.addImage(image, options())).toThrow(message);
  });

  test.each([':1.0', 'a b', '', '.a', 'x'.repeat(129)])('when a URI is wanted for what is no tag: %j', (tag) => {
    expect(() => mirror.addImage('nginx').imageUriForTag(tag)).toThrow(`${JSON.stringify(tag)} is not a valid tag`);
  });

  test('when a filter is there twice', () => {
    const image = mirror.addImage('nginx', { tags: TagFilter.patterns('a', 'b*') });
    expect(mirror.addImage('nginx', { tags: TagFilter.patterns('b*', 'a') })).toBe(image);
    expect(() => new MirroredImage(stack, 'Again', { mirror, image: 'nginx', tags: TagFilter.patterns('b*', 'a') }))
      .toThrow('"docker.io/library/nginx" with the filter {"patterns":["a","b*"]} is already in the mirror; remove one of the two');
  });

  test('when two images would be the same tags of one repository', () => {
    mirror.addImage('nginx', { tags: LATEST_FIVE, repositoryName: 'web/server' });
    expect(() => mirror.addImage('httpd', { tags: LATEST_FIVE, repositoryName: 'web/server' })).toThrow(
      '"docker.io/library/httpd" and "docker.io/library/nginx" both use the tags {"semver":">=1.25 <2","latest":5} in the repository "web/server"; '
      + 'set another repositoryName for one of them',
    );
  });
});

test('the order of images, filters among them, changes nothing in the template', () => {
  const adds: ((to: ImageMirror) => void)[] = [
    (to) => to.addImage('nginx', { tags: LATEST_FIVE }),
    (to) => to.addImage('nginx', { tags: TagFilter.patterns('b*', 'a*') }),
    (to) => to.addImage('nginx:stable'),
    (to) => to.addImage('redis:7.2.5', { platforms: [ecr_assets.Platform.LINUX_ARM64] }),
  ];
  const synthesize = (order: typeof adds) => {
    const fresh = new Stack(new App(), 'Platform');
    const target = new ImageMirror(fresh, 'Mirror');
    for (const add of order) add(target);
    return Template.fromStack(fresh).toJSON();
  };
  expect(synthesize([...adds].reverse())).toEqual(synthesize(adds));
});
