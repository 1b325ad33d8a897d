import { Annotations, App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations as Annotated, Match } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { CreationTemplate, PullThroughCache, PullThroughCacheProps, UpstreamRegistry } from '../../src';

const DIGEST = `sha256:${'a1'.repeat(32)}`;
const IMAGE = 'quay.io/prometheus/prometheus';

function newStack(region?: string) {
  return new Stack(new App(), 'Stack', { env: { account: '111122223333', region } });
}

function quay(stack: Stack, props: Partial<PullThroughCacheProps> = {}) {
  return new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, ...props });
}

/** The warnings of a stack, each with the path that carries it. */
function warnings(stack: Stack): string[] {
  return Annotated.fromStack(stack).findWarning('*', Match.anyValue()).map(({ id, entry }) => `${id}: ${entry.data}`);
}

describe('a Region without pull-through caches', () => {
  test.each(['cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1'])('is warned of, and the mirror named: %s', (region) => {
    const stack = newStack(region);
    quay(stack);
    expect(warnings(stack)).toEqual([
      `/Stack/Cache/Rule: pull-through caches are not available in ${region}, so the deployment would fail; use an ImageMirror `
      + '[ack: cdk-ecr-mirror:PullThroughCache.region]',
    ]);
  });

  test.each(['eu-west-1', 'us-east-1', undefined])('is not warned of in %s', (region) => {
    const stack = newStack(region);
    quay(stack);
    expect(warnings(stack)).toEqual([]);
  });
});

describe('an image that is named by a digest', () => {
  test.each([`${IMAGE}@${DIGEST}`, `${IMAGE}:v2.53.0@${DIGEST}`])('is warned of, and the mirror named: %s', (image) => {
    const stack = newStack();
    quay(stack).imageUri(image);
    expect(warnings(stack)).toEqual([
      `/Stack/Cache/Rule: "${image}" has a digest, which a pull-through cache serves only after a pull of the image by tag; `
      + 'use a tag without a digest, or an ImageMirror [ack: cdk-ecr-mirror:PullThroughCache.digest]',
    ]);
  });

  test('is warned of once, however often it is used', () => {
    const stack = newStack();
    const cache = quay(stack);
    cache.imageUri(`${IMAGE}@${DIGEST}`);
    cache.toContainerImage(`${IMAGE}@${DIGEST}`);
    cache.toBuildImage(`${IMAGE}@${DIGEST}`);
    expect(warnings(stack)).toHaveLength(1);
  });

  test('is not warned of when that was acknowledged on the cache', () => {
    const stack = newStack();
    const cache = quay(stack);
    Annotations.of(cache).acknowledgeWarning('cdk-ecr-mirror:PullThroughCache.digest');
    cache.imageUri(`${IMAGE}@${DIGEST}`);
    expect(warnings(stack)).toEqual([]);
  });

  test('is the only kind that is warned of', () => {
    const stack = newStack();
    quay(stack).imageUri(`${IMAGE}:v2.53.0`);
    expect(warnings(stack)).toEqual([]);
  });
});

describe('immutable tags', () => {
  test('are warned of', () => {
    const stack = newStack();
    quay(stack, { creationTemplate: CreationTemplate.of({ imageTagMutability: ecr.TagMutability.IMMUTABLE }) });
    expect(warnings(stack)).toEqual([expect.stringContaining('/Stack/Cache/Template: the creation template makes all tags immutable, so Amazon ECR never updates a tag')]);
    expect(warnings(stack)).toEqual([expect.stringContaining('[ack: cdk-ecr-mirror:PullThroughCache.immutable]')]);
  });

  test('are not warned of with exceptions', () => {
    const stack = newStack();
    const creationTemplate = CreationTemplate.of({
      imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
      imageTagMutabilityExclusionFilters: [ecr.ImageTagMutabilityExclusionFilter.wildcard('latest')],
    });
    quay(stack, { creationTemplate });
    expect(warnings(stack)).toEqual([]);
  });
});

describe('a Lambda function', () => {
  const WARNING = 'the image of the function is in the pull-through cache with the prefix "quay", which AWS Lambda does not support; use an ImageMirror '
    + '[ack: cdk-ecr-mirror:PullThroughCache.lambda]';

  function defineFunction(stack: Stack, repository: ecr.IRepository) {
    new lambda.DockerImageFunction(stack, 'Function', { code: lambda.DockerImageCode.fromEcr(repository, { tagOrDigest: 'v2.53.0' }) });
  }

  test.each([undefined, 'eu-west-1'])('with an image of the cache is warned of, and the mirror named: Region %s', (region) => {
    const stack = newStack(region);
    defineFunction(stack, quay(stack).repository(IMAGE));
    expect(warnings(stack)).toEqual([`/Stack/Function/Resource: ${WARNING}`]);
  });

  test('in another stack of the stage is warned of', () => {
    const stage = new Stage(new App(), 'Stage');
    quay(new Stack(stage, 'Caches'));
    const stack = new Stack(stage, 'Functions');
    defineFunction(stack, ecr.Repository.fromRepositoryName(stack, 'Repository', 'quay/prometheus/prometheus'));
    expect(warnings(stack)).toEqual([`/Stage/Functions/Function/Resource: ${WARNING}`]);
  });

  test('with the URI in the template is warned of', () => {
    const stack = newStack();
    const imageUri = quay(stack).imageUri(`${IMAGE}:v2.53.0`);
    new lambda.CfnFunction(stack, 'Function', { packageType: 'Image', role: 'arn:aws:iam::111122223333:role/f', code: { imageUri } });
    expect(warnings(stack)).toEqual([`/Stack/Function: ${WARNING}`]);
  });

  test('with another image, or with none, is not warned of', () => {
    const stack = newStack();
    quay(stack);
    defineFunction(stack, ecr.Repository.fromRepositoryName(stack, 'Repository', 'mirror/quay.io/prometheus/prometheus'));
    new lambda.Function(stack, 'Inline', { code: lambda.Code.fromInline('// quay/'), handler: 'index.handler', runtime: lambda.Runtime.NODEJS_22_X });
    expect(warnings(stack)).toEqual([]);
  });
});
