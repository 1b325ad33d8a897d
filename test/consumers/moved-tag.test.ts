/** The warning about a workload that needs its image for longer than a floating tag names it. */
import { Aspects, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, IMirroredImage, MirroredImageOptions, MirroredImagesAspect } from '../../src';
import { mirrorStack } from '../support/mirror-stack';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function warnings(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('MirroredImage.movedTag')).map(({ entry }) => String(entry.data));
}

function run(stack: Stack, image: ecs.ContainerImage, versionConsistency?: ecs.VersionConsistency): void {
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image, versionConsistency });
}

/** The existing repositories, by whether the app defines them. */
const foreign = (stack: Stack) => ecr.Repository.fromRepositoryName(stack, 'Repository', 'team/nginx');
const own = (stack: Stack) => new ecr.Repository(stack, 'Repository', { repositoryName: 'team/nginx' });

const CASES: [what: string, image: string, options: (stack: Stack) => MirroredImageOptions, reason: string | undefined][] = [
  ['no previous images', 'nginx:stable', () => ({ keepPrevious: 0 }), 'keepPrevious is 0'],
  ['a repository that the app does not define', 'nginx:stable', (stack) => ({ repository: foreign(stack) }), 'this app does not define the lifecycle rules'],
  ['the defaults', 'nginx:stable', () => ({}), undefined],
  ['a repository of the app', 'nginx:stable', (stack) => ({ repository: own(stack) }), undefined],
  ['a fixed tag without previous images', 'nginx:1.27.0', () => ({ keepPrevious: 0 }), undefined],
  ['a digest without previous images', `nginx:stable@${DIGEST}`, () => ({ keepPrevious: 0 }), undefined],
];

describe.each(CASES)('with %s', (_, name, options, reason) => {
  let stack: Stack;
  let mirror: ImageMirror;
  let image: IMirroredImage;
  beforeEach(() => {
    ({ stack, mirror } = mirrorStack());
    image = mirror.addImage(name, options(stack));
  });

  const expected = reason === undefined ? [] : [expect.stringContaining(`uses the floating tag "stable" of "docker.io/library/nginx:stable", and ${reason}`)];

  test('toContainerImage() of an ECS task definition warns, or does not', () => {
    run(stack, image.toContainerImage());
    expect(warnings(stack)).toEqual(expected);
  });

  test('the aspect warns, or does not', () => {
    Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    run(stack, ecs.ContainerImage.fromRegistry(name));
    expect(warnings(stack)).toEqual(expected);
  });

  test('toLambdaCode() warns, or does not', () => {
    new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
    expect(warnings(stack)).toEqual(expected);
  });
});

describe('there is no warning, also without previous images', () => {
  let stack: Stack;
  let mirror: ImageMirror;
  beforeEach(() => {
    ({ stack, mirror } = mirrorStack({ images: ['nginx:stable'], keepPrevious: 0 }));
  });

  test('for a container that pulls by its tag, because versionConsistency is disabled', () => {
    run(stack, mirror.image('nginx:stable').toContainerImage(), ecs.VersionConsistency.DISABLED);
    expect(warnings(stack)).toEqual([]);
  });

  test('for such a container that the aspect finds', () => {
    Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    run(stack, ecs.ContainerImage.fromRegistry('nginx:stable'), ecs.VersionConsistency.DISABLED);
    expect(warnings(stack)).toEqual([]);
  });

  test('for a container with a digest that the aspect finds', () => {
    mirror.addImage(`nginx@${DIGEST}`);
    Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    run(stack, ecs.ContainerImage.fromRegistry(`nginx:stable@${DIGEST}`));
    expect(warnings(stack)).toEqual([]);
  });

  test('for builds and jobs, which pull the tag when they start', () => {
    const image = mirror.image('nginx:stable');
    new codebuild.Project(stack, 'Build', { environment: { buildImage: image.toBuildImage() }, buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }) });
    const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image.toContainerImage(), cpu: 1, memory: undefined as never });
    expect(container).toBeDefined();
    expect(warnings(stack)).toEqual([]);
  });

  test('for an image of a mirror that another app defines, because its settings are not known', () => {
    const imported = ImageMirror.fromImageMirrorAttributes(stack, 'Imported', { account: '111122223333', region: 'eu-west-1', images: ['redis:7'] });
    run(stack, imported.image('redis:7').toContainerImage());
    expect(warnings(stack)).toEqual([]);
  });
});
