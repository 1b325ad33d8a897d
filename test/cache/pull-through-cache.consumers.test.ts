import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PullThroughCache, UpstreamRegistry } from '../../src';

const IMAGE = 'public.ecr.aws/docker/library/nginx:1.27';
const URI = { 'Fn::Join': ['', ['111122223333.dkr.ecr.eu-west-1.', { Ref: 'AWS::URLSuffix' }, '/ecr-public/docker/library/nginx:1.27']] };
const ENV = { account: '111122223333', region: 'eu-west-1' };

function newStack() {
  return new Stack(new App(), 'Stack', { env: ENV });
}

function ecrPublic(stack: Stack) {
  return new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.ECR_PUBLIC });
}

describe('a container of Amazon ECS', () => {
  function define(stack: Stack, cache: PullThroughCache) {
    const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
    taskDefinition.addContainer('web', { image: cache.toContainerImage(IMAGE) });
    return Template.fromStack(stack);
  }

  test('has the image of the cache', () => {
    const stack = newStack();
    const [task] = Object.values(define(stack, ecrPublic(stack)).findResources('AWS::ECS::TaskDefinition'));
    expect(task.Properties.ContainerDefinitions[0].Image).toEqual(URI);
  });

  test('waits for the rule and its creation template', () => {
    const stack = newStack();
    const template = define(stack, ecrPublic(stack));
    const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
    expect(task.DependsOn).toEqual([
      ...Object.keys(template.findResources('AWS::ECR::PullThroughCacheRule')),
      ...Object.keys(template.findResources('AWS::ECR::RepositoryCreationTemplate')),
    ]);
  });

  test('is pulled by the execution role, and not by the task\'s own', () => {
    const stack = newStack();
    const template = define(stack, ecrPublic(stack));
    const roles = Object.values(template.findResources('AWS::IAM::Policy')).map(({ Properties }) => Properties.Roles);
    expect(roles).toEqual([[{ Ref: expect.stringContaining('TaskExecutionRole') }]]);
  });

  test('in another stack makes that wait for the stack of the cache', () => {
    const app = new App();
    const caches = new Stack(app, 'Caches', { env: ENV });
    const services = new Stack(app, 'Services', { env: ENV });
    const template = define(services, ecrPublic(caches));
    expect(services.dependencies).toEqual([caches]);
    expect(Object.values(template.findResources('AWS::ECS::TaskDefinition'))[0].Properties.ContainerDefinitions[0].Image).toEqual(URI);
  });
});

test('a container of AWS Batch has the image of the cache, whose role waits for the rule and may pull', () => {
  const stack = newStack();
  const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: ecrPublic(stack).toContainerImage(IMAGE), cpu: 1, memory: Size.mebibytes(2048) });
  new batch.EcsJobDefinition(stack, 'Job', { container });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Batch::JobDefinition', { ContainerProperties: { Image: URI } });
  const [role] = Object.entries(template.findResources('AWS::IAM::Role')).filter(([id]) => id.includes('ExecutionRole')).map(([, resource]) => resource);
  expect(role.DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources('AWS::ECR::PullThroughCacheRule'))));
  expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('ecr:BatchImportUpstreamImage');
});

test('a container of AWS Batch on Amazon EKS has the image of the cache, which its nodes pull', () => {
  const stack = newStack();
  const container = new batch.EksContainerDefinition(stack, 'Container', { image: ecrPublic(stack).toContainerImage(IMAGE) });
  new batch.EksJobDefinition(stack, 'Job', { container });
  const template = Template.fromStack(stack);
  expect(JSON.stringify(template.findResources('AWS::Batch::JobDefinition'))).toContain('/ecr-public/docker/library/nginx:1.27');
  template.resourceCountIs('AWS::IAM::Policy', 0);
});

describe('a build of AWS CodeBuild', () => {
  function environment(platform?: Platform): Record<string, unknown> {
    const stack = newStack();
    const buildImage = ecrPublic(stack).toBuildImage(IMAGE, { platform });
    new codebuild.Project(stack, 'Project', { environment: { buildImage }, buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }) });
    const [project] = Object.values(Template.fromStack(stack).findResources('AWS::CodeBuild::Project'));
    return project.Properties.Environment;
  }

  test.each([
    [undefined, 'LINUX_CONTAINER'],
    [Platform.LINUX_AMD64, 'LINUX_CONTAINER'],
    [Platform.LINUX_ARM64, 'ARM_CONTAINER'],
  ])('runs in the image of the cache on the platform, pulled with the project\'s role: %j', (platform, type) => {
    expect(environment(platform)).toMatchObject({ Type: type, ImagePullCredentialsType: 'SERVICE_ROLE' });
    expect(JSON.stringify(environment(platform).Image)).toContain('/ecr-public/docker/library/nginx:1.27');
  });

  test('fails on a platform that CodeBuild has no environment for', () => {
    expect(() => environment(Platform.custom('linux/riscv64')))
      .toThrow('CodeBuild does not support the platform "linux/riscv64"; use ecr_assets.Platform.LINUX_AMD64 or ecr_assets.Platform.LINUX_ARM64');
  });

  test('runs in the exact image of a digest', () => {
    const digest = `sha256:${'a1'.repeat(32)}`;
    expect(ecrPublic(newStack()).toBuildImage(`public.ecr.aws/docker/library/maven:3.9@${digest}`).imageId).toMatch(new RegExp(`/ecr-public/docker/library/maven@${digest}$`));
  });
});

describe('the repository of an image', () => {
  test('has the name that the image has in the cache, and is no resource of the stack', () => {
    const stack = newStack();
    const repository = ecrPublic(stack).repository(IMAGE);
    expect(repository.repositoryName).toBe('ecr-public/docker/library/nginx');
    expect(stack.resolve(repository.repositoryArn)).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/ecr-public/docker/library/nginx']],
    });
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 0);
  });

  test('is one for all tags', () => {
    const cache = ecrPublic(newStack());
    expect(cache.repository('public.ecr.aws/docker/library/nginx:1.26')).toBe(cache.repository(IMAGE));
  });

  test('fails for an image that the cache does not serve', () => {
    expect(() => ecrPublic(newStack()).repository('nginx')).toThrow('define another PullThroughCache with upstream: UpstreamRegistry.DOCKER_HUB');
  });

  test('has a policy that the app cannot add to', () => {
    const repository = ecrPublic(newStack()).repository(IMAGE);
    expect(repository.addToResourcePolicy({} as never)).toEqual({ statementAdded: false });
  });
});
