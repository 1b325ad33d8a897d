import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, ImageMirrorProps, MirroredImageOptions, OnTagMoved, TagFilter } from '../../src';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { mirrorStack } from '../support/mirror-stack';
import { templateRepositories } from '../support/template-repositories';

const { IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE, MUTABLE_WITH_EXCLUSION } = ecr.TagMutability;
const PYTHON = ['3.11', '3.12', '3.13', '3.11-slim', '3.12-slim', '3.13-slim', 'slim'];
const NGINX = ['1', '1.2', '1.25', '1.26', '1.27', '1.28'];

type Image = string | [image: string, options: MirroredImageOptions];
const tagsOf = (name: string, tags: readonly string[]) => tags.map((tag) => `${name}:${tag}`);

function define(images: readonly Image[], props?: ImageMirrorProps) {
  const parts = mirrorStack(props);
  for (const image of images) parts.mirror.addImage(...[image].flat() as [string, MirroredImageOptions]);
  return parts;
}

/** The mutability and the exceptions of the first repository of a stack. */
function mutabilityOf(stack: Stack): [mutability: string, ...filters: string[]] {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
  const filters: { ImageTagMutabilityExclusionFilterValue: string }[] = Properties.ImageTagMutabilityExclusionFilters ?? [];
  return [Properties.ImageTagMutability, ...filters.map((filter) => filter.ImageTagMutabilityExclusionFilterValue)];
}

/** The ids of the annotations about mutability. */
function annotationsOf(stack: Stack): string[] {
  const all = [...Annotations.fromStack(stack).findInfo('*', Match.anyValue()), ...Annotations.fromStack(stack).findWarning('*', Match.anyValue())];
  return all.flatMap(({ entry }) => /ImageMirror\.(?:tagPatterns|protectedTags|mutableTags)/.exec(String(entry.data)) ?? []).map(String);
}

const SUFFIX = { onTagMoved: OnTagMoved.SUFFIX };

test.each<[string, Image[], string[], string[]]>([
  ['fixed tags only', tagsOf('nginx', ['1.27.0', '1.27.1']), [IMMUTABLE], []],
  ['five floating tags', tagsOf('nginx', ['a', 'b', 'c', 'd', 'e', '1.0.0']), [IMMUTABLE_WITH_EXCLUSION, 'a', 'b', 'c', 'd', 'e'], []],
  ['seven floating tags', tagsOf('python', PYTHON), [IMMUTABLE_WITH_EXCLUSION, '3.1*-slim', '3.11', '3.12', '3.13', 'slim'], ['tagPatterns']],
  ['seven floating tags and a fixed tag of one variant', tagsOf('python', [...PYTHON, '3.11.7-slim']),
    [IMMUTABLE_WITH_EXCLUSION, '3.11', '3.11-slim', '3.12*', '3.13*', 'slim'], ['tagPatterns']],
  ['seven floating tags and a filter for versions', [...tagsOf('python', PYTHON), ['python', { tags: TagFilter.semver('3.x') }]],
    [IMMUTABLE_WITH_EXCLUSION, '3.1*-slim', '3.11', '3.12', '3.13', 'slim'], ['tagPatterns']],
  ['seven floating tags and a filter for versions of the variant',
    [...tagsOf('python', PYTHON), ['python', { tags: TagFilter.semver('3.x', { variant: 'slim' }) }]], [MUTABLE], ['mutableTags']],
  ['six floating tags and a fixed tag that all patterns would match', tagsOf('nginx', [...NGINX, '1.27.3']), [MUTABLE_WITH_EXCLUSION, '1.27.3'], ['protectedTags']],
  ['the same with suffixes', [...tagsOf('nginx', NGINX), ['nginx:1.27.3', SUFFIX]], [MUTABLE_WITH_EXCLUSION, '1.27.3', '1.27.3-*'], ['protectedTags']],
  ['six floating tags and fixed tags with nothing in common', tagsOf('nginx', [...NGINX, '1.20.1', '1.21.2', '1.22.3', '1.23.4', '1.24.5', '2.3.6']),
    [MUTABLE_WITH_EXCLUSION, '1.2*.*', '2.3.6'], ['protectedTags']],
  ['six floating tags and a filter for versions', [...tagsOf('nginx', NGINX), ['nginx', { tags: TagFilter.semver('*') }]], [MUTABLE], ['mutableTags']],
  ['floating tags with nothing in common', tagsOf('nginx', ['a', 'b', 'c', 'd', 'e', 'f']), [MUTABLE], ['mutableTags']],
])('%s', (_, images, expected, annotations) => {
  for (const order of [images, [...images].reverse()]) {
    const { stack } = define(order);
    expect(mutabilityOf(stack)).toEqual(expected);
    expect(annotationsOf(stack)).toEqual(annotations.map((id) => `ImageMirror.${id}`));
  }
});

test('the annotations say what Amazon ECR does not protect, and what to do', () => {
  const messages = (images: Image[]) => {
    const found = Annotations.fromStack(define(images).stack);
    return [...found.findInfo('*', Match.anyValue()), ...found.findWarning('*', Match.stringLikeRegexp('mutableTags'))].map(({ entry }) => String(entry.data));
  };
  expect(messages(tagsOf('python', PYTHON))).toEqual([expect.stringContaining('the repository "mirror/python" has 7 floating tags, but Amazon ECR allows 5 '
    + 'exceptions from immutability, with at most two wildcards each, so some are patterns: "3.1*-slim", "3.11", "3.12", "3.13", "slim".')]);
  expect(messages(tagsOf('nginx', ['a', 'b', 'c', 'd', 'e', 'f']))).toEqual([expect.stringContaining('Set another repositoryName for some of the images')]);
});

test('the tags of single platforms count, also when a function asks for them later', () => {
  const { mirror, stack } = define(tagsOf('public.ecr.aws/lambda/nodejs', ['20', '21', '22', '23', '24']));
  new lambda.DockerImageFunction(stack, 'Function', { code: mirror.image('public.ecr.aws/lambda/nodejs:22').toLambdaCode() });
  expect(mutabilityOf(stack)).toEqual([IMMUTABLE_WITH_EXCLUSION, '20', '21', '22*', '23', '24']);
});

test('the logical id of a repository does not depend on its mutability', () => {
  const ids = [tagsOf('nginx', ['1.27.3']), tagsOf('nginx', NGINX), tagsOf('nginx', [...NGINX, '1.27.3'])]
    .map((images) => define(images).deploy().ids('AWS::ECR::Repository'));
  expect(ids).toEqual([ids[0], ids[0], ids[0]]);
});

describe('a chosen mutability', () => {
  test.each<[string, ImageMirrorProps, MirroredImageOptions, string[], string[]]>([
    ['of the mirror', { imageTagMutability: MUTABLE }, {}, ['1.0.0', 'stable'], [MUTABLE]],
    ['of an image', {}, { imageTagMutability: MUTABLE }, ['1.0.0', 'stable'], [MUTABLE]],
    ['of an image, which overrides the mirror', { imageTagMutability: IMMUTABLE }, { imageTagMutability: MUTABLE }, ['stable'], [MUTABLE]],
    ['that is immutable', { imageTagMutability: IMMUTABLE }, {}, ['1.0.0'], [IMMUTABLE]],
    ['with exceptions', { imageTagMutability: IMMUTABLE_WITH_EXCLUSION }, {}, ['1.0.0', 'stable'], [IMMUTABLE_WITH_EXCLUSION, 'stable']],
    ['with exceptions, without floating tags', { imageTagMutability: IMMUTABLE_WITH_EXCLUSION }, {}, ['1.0.0'], [IMMUTABLE]],
    ['that protects fixed tags', {}, { imageTagMutability: MUTABLE_WITH_EXCLUSION }, ['1.0.0', 'stable'], [MUTABLE_WITH_EXCLUSION, '1.0.0']],
    ['that protects fixed tags, without fixed tags', {}, { imageTagMutability: MUTABLE_WITH_EXCLUSION }, ['stable'], [MUTABLE]],
  ])('%s', (_, props, options, tags, expected) => {
    const { stack } = define(tags.map((tag) => [`nginx:${tag}`, options]), props);
    expect(mutabilityOf(stack)).toEqual(expected);
    expect(annotationsOf(stack)).toEqual([]);
  });

  test('applies to the repository of a customized image too', () => {
    const template = define([['nginx:1.0.0', { imageTagMutability: MUTABLE, dockerfileLines: ['ENV A=1'] }]]).deploy();
    const repositories = template.ids('AWS::ECR::Repository').map((id) => template.properties(id).ImageTagMutability);
    expect(repositories).toEqual([MUTABLE, MUTABLE]);
  });

  test.each<[string, Image[], ImageMirrorProps, string]>([
    ['that a floating tag contradicts', ['nginx:stable'], { imageTagMutability: IMMUTABLE }, '"docker.io/library/nginx:stable" is in the repository '
      + '"mirror/nginx", which imageTagMutability makes IMMUTABLE, but "stable" is a floating tag there'],
    ['that an earlier floating tag contradicts', ['nginx:stable', ['nginx:1.0.0', { imageTagMutability: IMMUTABLE }]], {}, 'but "stable" is a floating tag there'],
    ['that a pattern contradicts', [['nginx', { tags: TagFilter.pattern('1.*') }]], { imageTagMutability: IMMUTABLE }, 'but "1.*" is a floating tag there'],
    ['that another image contradicts', [['nginx:1.0.0', { imageTagMutability: IMMUTABLE }], ['nginx:1.0.1', { imageTagMutability: MUTABLE }]], {},
      '"docker.io/library/nginx:1.0.1" sets imageTagMutability to MUTABLE, but another image in the repository "mirror/nginx" sets it to IMMUTABLE'],
  ])('%s is an error', (_, images, props, expected) => {
    expect(() => define(images, props)).toThrow(expected);
  });

  test.each<[string, ImageMirrorProps, string]>([
    ['exceptions', { imageTagMutability: IMMUTABLE_WITH_EXCLUSION }, 'the repository "mirror/nginx" cannot be IMMUTABLE_WITH_EXCLUSION: no 5 patterns match '
      + 'all of its 6 floating tags ("1", "1.2", "1.25", "1.26", "1.27", "1.28") and no other tags'],
    ['exceptions for fixed tags', { imageTagMutability: MUTABLE_WITH_EXCLUSION }, 'cannot be MUTABLE_WITH_EXCLUSION: no 5 patterns match all of its 2 fixed tags'],
  ])('that has no possible %s is an error', (_, props, expected) => {
    const { app } = define([...tagsOf('nginx', NGINX), ['nginx', { tags: TagFilter.semver('*') }]], props);
    expect(() => app.synth()).toThrow(expected);
  });

  test('of an existing repository is an error', () => {
    const stack = new Stack(new App(), 'Platform');
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'platform/nginx');
    const add = () => new ImageMirror(stack, 'Mirror').addImage('nginx:1.0.0', { repository, imageTagMutability: MUTABLE });
    expect(add).toThrow('repository and imageTagMutability are both set, but the mirror does not define the repository');
  });
});

describe('the engine, in the repository of the template', () => {
  const image = `${UPSTREAM}/team/app`;
  const name = `mirror/${UPSTREAM}/team/app`;

  test.each<[string, string[], Image | undefined]>([
    ['IMMUTABLE_WITH_EXCLUSION', ['a', 'b-jre', 'c-jre', 'd-jre', 'e-jre', 'f-jre'], undefined],
    ['MUTABLE_WITH_EXCLUSION', NGINX, undefined],
    ['MUTABLE', NGINX, [image, { tags: TagFilter.semver('*') }]],
  ])('moves floating tags and never a fixed tag: %s', async (mutability, floating, more) => {
    const template = define([...tagsOf(image, [...floating, '1.27.3']), ...more === undefined ? [] : [more]]).deploy();
    expect(template.properties(template.ids('AWS::ECR::Repository')[0]).ImageTagMutability).toBe(mutability);
    const account = await LocalAccount.open(templateRepositories(template));
    const run = async (label: string) => {
      for (const tag of [...floating, '1.27.3']) account.upstream.push('team/app', tag, singleImage({ seed: label }));
      const { lines } = await account.run({ IMAGES: JSON.stringify([...floating, '1.27.3'].map((tag) => ({ IMAGE: `${image}:${tag}` }))) });
      return lines.flatMap(({ tag, outcome }) => tag === undefined ? [] : [`${tag} ${outcome}`]).sort();
    };
    const outcomes = (fixed: string) => [...floating.map((tag) => `${tag} copied`), `1.27.3 ${fixed}`].sort();
    expect(await run('first')).toEqual(outcomes('copied'));
    expect(await run('second')).toEqual(outcomes('tag-moved'));
    expect(account.ecr.tagDigest(name, '1.27.3')).toBe(singleImage({ seed: 'first' }).digest);
    expect(account.ecr.tagDigest(name, floating[1])).toBe(singleImage({ seed: 'second' }).digest);
    await account.close();
  });
});
