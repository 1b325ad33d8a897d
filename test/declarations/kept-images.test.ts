/** keepPrevious and keepVersions: what an app may set, and what builds get. */
import { Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirrorProps, MirroredImageOptions, TagFilter, TagKind } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const SEMVER = TagFilter.semver('7.x');
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** The variables of the only schedule of a stack. */
function variablesOf(stack: Stack): Record<string, string> {
  const template = new TemplateResolver(Template.fromStack(stack).toJSON());
  const { environmentVariablesOverride } = JSON.parse(template.properties(template.ids('AWS::Scheduler::Schedule')[0]).Target.Input);
  return Object.fromEntries(environmentVariablesOverride.map(({ name, value }: { name: string; value: string }) => [name, value]));
}

function variables(image: string, options: MirroredImageOptions = {}, props: ImageMirrorProps = {}): Record<string, string> {
  const { stack, mirror } = mirrorStack(props);
  mirror.addImage(image, options);
  return variablesOf(stack);
}

test('a filter with keepVersions does not let versions expire that other images of the repository need', () => {
  const { stack, mirror } = mirrorStack();
  mirror.addImage('redis', { tags: SEMVER, keepVersions: 3 });
  mirror.addImage('redis:7.0.1');
  mirror.addImage('redis', { tags: TagFilter.semver('6.x', { latest: 2 }), keepVersions: 4 });
  mirror.addImage('redis', { tags: TagFilter.pattern('5.*', { latest: 2 }) });
  mirror.addImage('nginx:1.27.0');
  expect(JSON.parse(variablesOf(stack).OTHER_TAGS)).toEqual([{ patterns: ['7.0.1'] }, { semver: '6.x', latest: 4 }, { patterns: ['5.*'] }]);
});

test.each<[string, MirroredImageOptions]>([
  ['without keepVersions', { tags: SEMVER }], ['that is the only one in its repository', { tags: SEMVER, keepVersions: 3 }],
])('a filter %s has no list of other tags', (_, options) => {
  expect(variables('redis', options)).not.toHaveProperty('OTHER_TAGS');
});

/** The number of previous images in the variables of each project, by whether the project is privileged. */
function projectVariables(props: ImageMirrorProps): (string | undefined)[] {
  const { mirror, deploy } = mirrorStack(props);
  mirror.addImage('nginx:stable', { dockerfileLines: ['RUN true'] });
  const template = deploy();
  return template.ids('AWS::CodeBuild::Project').map((id) => {
    const list: { Name: string; Value: string }[] = template.properties(id).Environment.EnvironmentVariables;
    return list.find(({ Name }) => Name === 'MIRROR_KEEP_PREVIOUS')?.Value;
  });
}

describe('builds', () => {
  test.each<[ImageMirrorProps, (string | undefined)[]]>([
    [{}, ['150', '150']],
    [{ keepPrevious: 7 }, ['7', '7']],
    [{ keepPrevious: 0 }, [undefined, undefined]],
  ])('get the number of previous images from their projects, with %j', (props, expected) => {
    expect(projectVariables(props)).toEqual(expected);
  });

  test.each<[string, MirroredImageOptions, ImageMirrorProps, string | undefined]>([
    ['nginx:stable', {}, {}, undefined],
    ['nginx:stable', { keepPrevious: 150 }, {}, undefined],
    ['nginx:stable', { keepPrevious: 3 }, {}, '3'],
    ['nginx:stable', { keepPrevious: 0 }, {}, '0'],
    ['nginx:stable', { keepPrevious: 0 }, { keepPrevious: 0 }, undefined],
    ['redis', { keepPrevious: 3, tags: TagFilter.pattern('7*') }, {}, '3'],
    ['redis:7.2.5', { keepPrevious: 3 }, {}, undefined],
  ])('get the number of %s with %j only where it differs from that of the mirror', (image, options, props, expected) => {
    expect(variables(image, options, props).KEEP_PREVIOUS).toBe(expected);
  });

  test.each<[string, TagFilter, MirroredImageOptions, ImageMirrorProps, string | undefined, number | undefined]>([
    ['all versions by default', SEMVER, {}, {}, undefined, undefined],
    ['the newest versions, and select no others', SEMVER, { keepVersions: 20 }, {}, '20', 20],
    ['more versions than they select', TagFilter.semver('7.x', { latest: 5 }), { keepVersions: 20 }, {}, '20', 5],
    ['at most as many as a run can select', SEMVER, { keepVersions: 2_000 }, {}, '2000', 500],
    ['the number of the mirror', SEMVER, {}, { keepVersions: 9 }, '9', 9],
    ['the number of the image instead', SEMVER, { keepVersions: 4 }, { keepVersions: 9 }, '4', 4],
    ['all tags of a pattern without an order', TagFilter.pattern('7*'), {}, { keepVersions: 9 }, undefined, undefined],
  ])('keep %s', (_, tags, options, props, keepVersions, latest) => {
    const { KEEP_VERSIONS, TAGS } = variables('redis', { ...options, tags }, props);
    expect([KEEP_VERSIONS, JSON.parse(TAGS).latest]).toEqual([keepVersions, latest]);
  });

  test('get nothing about versions for a single tag', () => {
    expect(variables('redis:7.2.5', {}, { keepVersions: 9 })).not.toHaveProperty('KEEP_VERSIONS');
  });
});

describe('an option is an error', () => {
  test.each<[string, unknown]>([
    ['the number -1: it must be a whole number from 0 to 10000; write for example keepPrevious: 150, or 0 to keep none', -1],
    ['the number 1.5: it must be', 1.5],
    ['the number 10001: it must be', 10_001],
    ['the string "150": it must be', '150'],
    ['a token: it must be known at synthesis', Token.asNumber({ Ref: 'Count' })],
  ])('if keepPrevious is %s', (problem, value) => {
    const keepPrevious = value as number;
    expect(() => mirrorStack({ keepPrevious })).toThrow(`keepPrevious is ${problem}`);
    expect(() => mirrorStack().mirror.addImage('nginx:stable', { keepPrevious })).toThrow(`keepPrevious is ${problem}`);
  });

  test.each<[string, unknown]>([
    ['the number 0: it must be a whole number from 1 to 10000; write for example keepVersions: 20', 0],
    ['the string "5": it must be', '5'],
  ])('if keepVersions is %s', (problem, value) => {
    const keepVersions = value as number;
    expect(() => mirrorStack({ keepVersions })).toThrow(`keepVersions is ${problem}`);
    expect(() => mirrorStack().mirror.addImage('redis', { tags: SEMVER, keepVersions })).toThrow(`keepVersions is ${problem}`);
  });

  test.each<[string, string, MirroredImageOptions]>([
    ['has no tag filter', 'redis:7.2.5', {}],
    ['has a tag filter without an order', 'redis', { tags: TagFilter.pattern('7*') }],
  ])('if keepVersions is set, but the image %s', (problem, image, options) => {
    expect(() => mirrorStack().mirror.addImage(image, { ...options, keepVersions: 5 })).toThrow(`keepVersions is set, but "${image}" ${problem}`);
  });

  test('if a filter selects more versions than stay, which each run would copy again', () => {
    const tags = TagFilter.semver('7.x', { latest: 6 });
    expect(() => mirrorStack().mirror.addImage('redis', { tags, keepVersions: 5 })).toThrow(/^keepVersions is 5, but the tag filter of "redis" selects the latest 6 .* set keepVersions to at least 6/);
    expect(() => mirrorStack({ keepVersions: 5 }).mirror.addImage('redis', { tags })).toThrow(/^keepVersions of the mirror is 5/);
    expect(() => mirrorStack({ keepVersions: 5 }).mirror.addImage('redis', { tags, keepVersions: 6 })).not.toThrow();
  });

  test('if the same image is declared again with other options', () => {
    const { mirror } = mirrorStack();
    mirror.addImage('nginx:stable', { keepPrevious: 5 });
    mirror.addImage('redis', { tags: SEMVER, keepVersions: 5 });
    expect(() => mirror.addImage('nginx:stable')).toThrow('keepPrevious 5 and 150');
    expect(() => mirror.addImage('redis', { tags: SEMVER })).toThrow('keepVersions 5 and all');
    expect(mirror.addImage('nginx:stable', { keepPrevious: 5 })).toBe(mirror.image('nginx:stable'));
  });
});

describe('an option has a warning', () => {
  test.each<[string, MirroredImageOptions, boolean]>([
    ['redis:7.2.5', { keepPrevious: 5 }, true],
    [`redis@${DIGEST}`, { keepPrevious: 5 }, true],
    ['redis', { tags: SEMVER, keepPrevious: 5 }, true],
    ['redis', { tags: SEMVER, tagKind: TagKind.FLOATING, keepPrevious: 5 }, false],
    ['redis:7', { keepPrevious: 5 }, false],
    ['redis:7.2.5', {}, false],
  ])('if keepPrevious has no effect: %s with %j: %p', (image, options, isWarned) => {
    const { stack, mirror } = mirrorStack();
    mirror.addImage(image, options);
    const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('keepPrevious has no effect, because fixed tags never move'));
    expect(found).toHaveLength(isWarned ? 1 : 0);
  });

  const markedImages = (stack: Stack) => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('MirroredImage.markedImagesStay')).length;

  test.each<[string, string, MirroredImageOptions, number]>([
    ['keepVersions', 'redis', { tags: SEMVER, keepVersions: 5 }, 1],
    ['keepPrevious', 'nginx:stable', { keepPrevious: 5 }, 1],
    ['the default', 'nginx:stable', {}, 0],
    ['no previous images', 'nginx:stable', { keepPrevious: 0 }, 0],
  ])('if no rule of an existing repository expires marked images: %s', (_, image, options, count) => {
    const { stack, mirror } = mirrorStack();
    mirror.addImage(image, { ...options, repository: ecr.Repository.fromRepositoryName(stack, 'Own', 'team/own') });
    expect(markedImages(stack)).toBe(count);
  });

  test('but not if the app defines the repository with such a rule', () => {
    const { stack, mirror } = mirrorStack();
    const repository = new ecr.Repository(stack, 'Own', { repositoryName: 'team/own' });
    mirror.addImage('redis', { repository, tags: SEMVER, keepVersions: 5 });
    repository.addLifecycleRule({ tagPatternList: ['mirror.expired.*'], maxImageCount: 1 });
    expect(markedImages(stack)).toBe(0);
  });
});
