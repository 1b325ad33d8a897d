import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { awaitedBy, needsOf } from './first-copy';
import { ImageMirror, MirroredImage, OnDeploy, TagFilter } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: ['nginx:stable', 'redis:7.2.5'] }));
});

const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const TASK_DEFINITION = 'AWS::ECS::TaskDefinition';

/** The images that the containers of the only task definition run. */
function imagesIn(template: Template): string[] {
  const resolver = new TemplateResolver(template.toJSON());
  return resolver.properties(resolver.ids(TASK_DEFINITION)[0]).ContainerDefinitions.map(({ Image }: { Image: string }) => Image);
}

const TASK_DEFINITIONS: [string, (scope: Stack) => ecs.TaskDefinition][] = [
  ['Fargate', (scope) => new ecs.FargateTaskDefinition(scope, 'Task')],
  ['Amazon EC2', (scope) => new ecs.Ec2TaskDefinition(scope, 'Task')],
  ['machines elsewhere', (scope) => new ecs.ExternalTaskDefinition(scope, 'Task')],
];

describe.each(TASK_DEFINITIONS)('a task definition for %s', (_, define) => {
  test('runs the mirror\'s copy', () => {
    define(stack).addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage(), memoryLimitMiB: 256 });
    expect(imagesIn(Template.fromStack(stack))).toEqual([`${REGISTRY}/mirror/nginx:stable`]);
  });

  test('waits for the first copy', () => {
    const image = mirror.image('nginx:stable');
    define(stack).addContainer('Web', { image: image.toContainerImage(), memoryLimitMiB: 256 });
    const needs = needsOf(image, stack);
    expect(needs.length).toBeGreaterThan(0);
    expect(awaitedBy(Template.fromStack(stack), TASK_DEFINITION)).toEqual(expect.arrayContaining(needs));
  });

  test('lets its execution role pull from that repository alone, and its task role from none', () => {
    define(stack).addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage(), memoryLimitMiB: 256 });
    const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('Task'));
    expect(policies.map(([, policy]) => policy.Properties)).toEqual([{
      PolicyName: expect.any(String),
      Roles: [{ Ref: expect.stringMatching(/^TaskExecutionRole/) }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': [expect.stringMatching(/mirrornginx/), 'Arn'] },
          },
          { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
        ],
      },
    }]);
  });
});

test('what a task definition waits for is the image\'s repository and the custom resource that mirrors while it is deployed, and nothing else', () => {
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
  const template = Template.fromStack(stack);
  const { Resources } = template.toJSON();
  expect(awaitedBy(template, TASK_DEFINITION).map((id) => Resources[id].Type).sort()).toEqual(['AWS::ECR::Repository', 'Custom::ImageMirror']);
  expect(awaitedBy(template, TASK_DEFINITION)).toContainEqual(expect.stringMatching(/mirrornginx/));
});

test('without mirroring while it is deployed, a task definition waits for the repository only', () => {
  const other = new Stack(new App(), 'Other');
  const image = new ImageMirror(other, 'Mirror', { onDeploy: OnDeploy.OFF }).addImage('nginx:stable');
  new ecs.FargateTaskDefinition(other, 'Task').addContainer('Web', { image: image.toContainerImage() });
  expect(awaitedBy(Template.fromStack(other), TASK_DEFINITION)).toEqual([expect.stringMatching(/mirrornginx/)]);
});

test('a sidecar that is added late runs the mirror\'s copy too, and the task waits for both', () => {
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
  task.addContainer('Cache', { image: mirror.image('redis:7.2.5').toContainerImage() });
  const template = Template.fromStack(stack);
  expect(imagesIn(template)).toEqual([`${REGISTRY}/mirror/nginx:stable`, `${REGISTRY}/mirror/redis:7.2.5`]);
  const needs = [...needsOf(mirror.image('nginx:stable'), stack), ...needsOf(mirror.image('redis:7.2.5'), stack)];
  expect(awaitedBy(template, TASK_DEFINITION)).toEqual(expect.arrayContaining(needs));
});

test('the roles of the task do not wait', () => {
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
  const roles = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Role')).filter(([id]) => id.startsWith('Task'));
  expect(roles).toHaveLength(2);
  expect(roles.map(([, role]) => role.DependsOn)).toEqual([undefined, undefined]);
});

test('a task definition of another stack waits for the stack of the image', () => {
  const team = new Stack(app, 'Team');
  new ecs.FargateTaskDefinition(team, 'Task').addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
  const resolver = new TemplateResolver(Template.fromStack(team).toJSON(), undefined, [new TemplateResolver(Template.fromStack(stack).toJSON())]);
  const [task] = resolver.ids(TASK_DEFINITION);
  expect(team.dependencies.map(({ stackName }) => stackName)).toEqual(['Platform']);
  expect(stack.dependencies).toHaveLength(0);
  expect(resolver.properties(task).ContainerDefinitions[0].Image).toBe(`${REGISTRY}/mirror/nginx:stable`);
});

test('a task definition beside an image of a nested stack waits for that stack', () => {
  const nested = new NestedStack(stack, 'Nested');
  const image = new MirroredImage(nested, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: image.toContainerImage() });
  expect(awaitedBy(Template.fromStack(stack), TASK_DEFINITION)).toEqual([expect.stringMatching(/^NestedNestedStack/)]);
});

test('an image in an existing repository is pulled from there', () => {
  const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/nginx');
  const image = mirror.addImage('nginx:1.27.0', { repository });
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: image.toContainerImage() });
  const template = Template.fromStack(stack);
  expect(imagesIn(template)).toEqual([`${REGISTRY}/shared/nginx:1.27.0`]);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('TaskExecutionRole'));
  expect(new TemplateResolver(template.toJSON()).resolve(policy.Properties.PolicyDocument.Statement[0].Resource)).toBe('arn:aws:ecr:eu-west-1:111122223333:repository/shared/nginx');
});

test('one container image serves several task definitions', () => {
  const image = mirror.image('nginx:stable').toContainerImage();
  for (const id of ['One', 'Two']) new ecs.FargateTaskDefinition(stack, id).addContainer('Web', { image });
  const tasks = Object.values(Template.fromStack(stack).findResources(TASK_DEFINITION));
  expect(tasks).toHaveLength(2);
  for (const task of tasks) expect(task.DependsOn).toEqual(expect.arrayContaining(needsOf(mirror.image('nginx:stable'), stack)));
});

test('a task definition that uses no image of the mirror does not wait', () => {
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: ecs.ContainerImage.fromRegistry('nginx:stable') });
  expect(awaitedBy(Template.fromStack(stack), TASK_DEFINITION)).toEqual([]);
});

test('an image whose tags a filter selects is refused, with the method that takes a tag', () => {
  const image = mirror.addImage('quay.io/prometheus/prometheus', { tags: TagFilter.semver('>=2.53') });
  expect(() => image.toContainerImage()).toThrow(
    '"quay.io/prometheus/prometheus" uses a tag filter, so it has no single tag; '
    + 'use ecs.ContainerImage.fromEcrRepository(image.repository, tag), and make the task definition depend on the image',
  );
});

test('and that method works: the tag is pulled, and the task waits for the image', () => {
  const image = mirror.addImage('quay.io/prometheus/prometheus', { tags: TagFilter.semver('>=2.53') });
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('Metrics', { image: ecs.ContainerImage.fromEcrRepository(image.repository, 'v2.53.0') });
  task.node.addDependency(image);
  const template = Template.fromStack(stack);
  expect(imagesIn(template)).toEqual([`${REGISTRY}/mirror/quay.io/prometheus/prometheus:v2.53.0`]);
  expect(awaitedBy(template, TASK_DEFINITION)).toEqual(expect.arrayContaining(needsOf(image, stack)));
});

describe('the URI of a digest', () => {
  const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

  test('is in the image\'s repository', () => {
    const uri = stack.resolve(mirror.image('nginx:stable').imageUriForDigest(DIGEST));
    expect(new TemplateResolver(Template.fromStack(stack).toJSON()).resolve(uri)).toBe(`${REGISTRY}/mirror/nginx@${DIGEST}`);
  });

  test.each(['', 'stable', 'sha256:abc', DIGEST.toUpperCase(), `md5:${'0'.repeat(32)}`, `@${DIGEST}`])('is refused when it is none: %j', (digest) => {
    expect(() => mirror.image('nginx:stable').imageUriForDigest(digest)).toThrow(`${JSON.stringify(digest)} is not a valid digest; write "sha256:" and 64 lowercase hexadecimal digits`);
  });

  test('takes a token', () => {
    const uri = mirror.image('nginx:stable').imageUriForDigest(stack.formatArn({ service: 'ecr', resource: 'token' }));
    expect(stack.resolve(uri)).toBeDefined();
  });
});

test('a task definition of another account pulls across: the repository\'s policy lets its execution role do so, and its stack waits', () => {
  const env = { account: '111122223333', region: 'eu-west-1' };
  const shared = new Stack(app, 'Shared', { env });
  const image = new ImageMirror(shared, 'Mirror').addImage('nginx:stable');
  const team = new Stack(app, 'Team', { env: { ...env, account: '444455556666' } });
  new ecs.FargateTaskDefinition(team, 'Task').addContainer('Web', { image: image.toContainerImage() });
  expect(imagesIn(Template.fromStack(team))).toEqual([`${REGISTRY}/mirror/nginx:stable`]);
  const resolver = new TemplateResolver(Template.fromStack(shared).toJSON());
  expect(resolver.properties(resolver.ids('AWS::ECR::Repository')[0]).RepositoryPolicyText.Statement).toEqual([{
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::444455556666:root' },
    Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
    Condition: { StringEquals: { 'aws:PrincipalTag/aws-cdk:id': expect.stringMatching(/^Team_/) } },
  }]);
  expect(team.dependencies.map(({ stackName }) => stackName)).toEqual(['Shared']);
});
