import { App, CfnCondition, Fn, NestedStack, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';
import { ImageCatalog, ImageMirror, ImageMirrorProps, MirroredImage, PullThroughCache, UpstreamRegistry } from '../../src';

const HERE = { env: { account: '111122223333', region: 'eu-west-1' } };
const images = ['nginx:stable'];

let app: App;
beforeEach(() => {
  app = new App();
});

const stackIn = (scope: Construct, id: string, props: StackProps = HERE) => new Stack(scope, id, props);
const mirrorIn = (scope: Construct, props: ImageMirrorProps = { images }) => new ImageMirror(scope, 'Mirror', props);
const addCatalog = (mirror: ImageMirror) => mirror.addCatalog('List', ImageCatalog.fromParameter(
  ssm.StringParameter.fromStringParameterName(mirror, 'Images', '/platform/images'),
));

/** Synthesizes the app, with its stages in the order of their definition. Returns the error. */
function errorOf(): string {
  try {
    app.synth();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

const BOTH = (one: string, other: string, names = 'the repository "mirror/nginx"') => `${names} would have two owners in one account and Region: `
  + `"${one}" and "${other}"`;

describe('an error names both constructs', () => {
  test('of two mirrors in two stacks, once, and says what to do', () => {
    mirrorIn(stackIn(app, 'One'));
    mirrorIn(stackIn(app, 'Two'));
    expect(errorOf()).toContain(BOTH('One/Mirror', 'Two/Mirror'));
    expect(errorOf().split('two owners')).toHaveLength(2);
    expect(errorOf()).toContain('set another repositoryPrefix for one of the mirrors, import an image of the other mirror with '
      + 'ImageMirror.fromImageMirrorAttributes()');
  });

  test('of two mirrors in stacks without an environment', () => {
    mirrorIn(stackIn(app, 'One', {}));
    mirrorIn(stackIn(app, 'Two', {}));
    expect(errorOf()).toContain(BOTH('One/Mirror', 'Two/Mirror'));
  });

  test('of two mirrors in one nested stack and its parent', () => {
    const stack = stackIn(app, 'One');
    mirrorIn(stack);
    mirrorIn(new NestedStack(stack, 'Nested'));
    expect(errorOf()).toContain(BOTH('One/Mirror', 'One/Nested/Mirror'));
  });

  test('of two stages with the same environment', () => {
    for (const stage of ['Beta', 'Prod']) mirrorIn(stackIn(new Stage(app, stage), 'Platform'));
    expect(errorOf()).toContain(BOTH('Beta/Platform/Mirror', 'Prod/Platform/Mirror'));
  });

  test('of two stages of a pipeline with the same environment', () => {
    const delivery = stackIn(app, 'Delivery');
    const input = pipelines.CodePipelineSource.s3(s3.Bucket.fromBucketName(delivery, 'Source', 'source'), 'app.zip');
    const pipeline = new pipelines.CodePipeline(delivery, 'Pipeline', { synth: new pipelines.ShellStep('Synth', { input, commands: ['npx cdk synth'] }) });
    const stages = ['Beta', 'Prod'].map((id) => new Stage(delivery, id));
    mirrorIn(stackIn(stages[0], 'Platform'));
    pipeline.addStage(stages[0]);
    mirrorIn(stackIn(stages[1], 'Platform'));
    expect(() => pipeline.addStage(stages[1])).toThrow(BOTH('Delivery/Prod/Platform/Mirror', 'Delivery/Beta/Platform/Mirror'));
  });

  test('of a mirror and a repository of the app', () => {
    const stack = stackIn(app, 'One');
    new ecr.Repository(stack, 'Nginx', { repositoryName: 'mirror/nginx' });
    mirrorIn(stack);
    expect(errorOf()).toContain(BOTH('One/Mirror', 'One/Nginx'));
    expect(errorOf()).toContain('pass the repository to the image with repository, set another repositoryPrefix or repositoryName');
  });

  test('of a mirror and a resource of the app in another stage', () => {
    mirrorIn(stackIn(new Stage(app, 'Prod'), 'Platform'));
    new ecr.CfnRepository(new Construct(stackIn(app, 'Other'), 'Part'), 'Nginx', { repositoryName: 'mirror/nginx' });
    expect(errorOf()).toContain(BOTH('Prod/Platform/Mirror', 'Other/Part/Nginx'));
  });

  test('of customized images, and of images in further stacks', () => {
    const mirror = mirrorIn(stackIn(app, 'One'), {});
    new MirroredImage(stackIn(app, 'Team'), 'Vault', { mirror, image: 'hashicorp/vault:1.14.0', dockerfileLines: ['ENV A=1'] });
    mirrorIn(stackIn(app, 'Two'), {}).addImage('hashicorp/vault:1.15.0', { dockerfileLines: ['ENV A=2'] });
    expect(errorOf()).toContain(BOTH('One/Mirror', 'Two/Mirror', 'the repositories "mirror/custom/hashicorp/vault", "mirror/hashicorp/vault"'));
  });

  test('and few of many repositories', () => {
    for (const id of ['One', 'Two']) mirrorIn(stackIn(app, id), { images: ['a', 'b', 'c', 'd', 'e'].map((name) => `team/${name}:1.0.0`) });
    const names = 'the repositories "mirror/team/a", "mirror/team/b", "mirror/team/c" and 2 more';
    expect(errorOf()).toContain(BOTH('One/Mirror', 'Two/Mirror', names));
  });

  test('of a mirror and a pull-through cache with its prefix', () => {
    const stack = stackIn(app, 'One');
    mirrorIn(stack);
    new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, repositoryPrefix: 'mirror' });
    expect(errorOf()).toContain(BOTH('One/Mirror', 'One/Cache'));
    expect(errorOf()).toContain('set another repositoryPrefix for the mirror or the cache');
  });

  test('of a catalog and a pull-through cache below its prefix', () => {
    const stack = stackIn(app, 'One');
    addCatalog(mirrorIn(stack, {}));
    new ecr.CfnPullThroughCacheRule(stack, 'Rule', { ecrRepositoryPrefix: 'mirror/quay', upstreamRegistryUrl: 'quay.io' });
    expect(errorOf()).toContain(BOTH('One/Mirror', 'One/Rule', 'the repository "mirror/*"'));
  });

  test('of a catalog and a repository that another mirror defines under its prefix', () => {
    addCatalog(mirrorIn(stackIn(app, 'One'), {}));
    mirrorIn(stackIn(app, 'Two'), { repositoryPrefix: 'team' }).addImage('nginx:1.27.0', { repositoryName: 'mirror-floating/nginx' });
    expect(errorOf()).toContain(BOTH('One/Mirror', 'Two/Mirror', 'the repository "mirror-floating/nginx"'));
  });
});

describe('there is no error', () => {
  test('for another prefix, another image, another account, or another Region', () => {
    mirrorIn(stackIn(app, 'One'));
    mirrorIn(stackIn(app, 'Two'), { images, repositoryPrefix: 'team' });
    mirrorIn(stackIn(app, 'Three'), { images: ['httpd:2.4.60'] });
    mirrorIn(stackIn(app, 'Four', { env: { ...HERE.env, account: '444455556666' } }));
    mirrorIn(stackIn(app, 'Five', { env: { ...HERE.env, region: 'us-east-1' } }));
    expect(errorOf()).toBe('');
  });

  test('for two stages without an environment, which may be deployed to two accounts', () => {
    for (const stage of ['Beta', 'Prod']) mirrorIn(stackIn(new Stage(app, stage), 'Platform', {}));
    expect(errorOf()).toBe('');
  });

  test('for a stack without an environment and another with one', () => {
    mirrorIn(stackIn(app, 'One', {}));
    mirrorIn(stackIn(app, 'Two'));
    expect(errorOf()).toBe('');
  });

  test('for a repository that the image uses', () => {
    const stack = stackIn(app, 'One');
    const repository = new ecr.Repository(stack, 'Nginx', { repositoryName: 'mirror/nginx' });
    mirrorIn(stack, {}).addImage('nginx:1.27.0', { repository });
    expect(errorOf()).toBe('');
  });

  test('for repositories that two mirrors import', () => {
    for (const id of ['One', 'Two']) {
      const stack = stackIn(app, id);
      mirrorIn(stack, {}).addImage('nginx:1.27.0', { repository: ecr.Repository.fromRepositoryName(stack, 'Nginx', 'mirror/nginx') });
    }
    expect(errorOf()).toBe('');
  });

  test('for a repository with a condition, which may be an alternative', () => {
    const stack = stackIn(app, 'One');
    mirrorIn(stack);
    const repository = new ecr.CfnRepository(stack, 'Nginx', { repositoryName: 'mirror/nginx' });
    repository.cfnOptions.condition = new CfnCondition(stack, 'Legacy', { expression: Fn.conditionEquals('a', 'b') });
    expect(errorOf()).toBe('');
  });

  test('for a cache of all repositories, and a cache with another prefix', () => {
    const stack = stackIn(app, 'One');
    addCatalog(mirrorIn(stack));
    new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, repositoryPrefix: 'ROOT' });
    new PullThroughCache(stack, 'Other', { upstream: UpstreamRegistry.KUBERNETES, repositoryPrefix: 'mirror-k8s' });
    expect(errorOf()).toBe('');
  });

  test('for a repository with a name that is not known at synthesis', () => {
    const stack = stackIn(app, 'One');
    mirrorIn(stack);
    new ecr.Repository(stack, 'Generated');
    new ecr.Repository(stack, 'Imported', { repositoryName: Fn.importValue('name') });
    expect(errorOf()).toBe('');
  });
});
