import { App, Size, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { awaitedBy, needsOf } from './first-copy';
import { ImageMirror } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ stack, mirror } = mirrorStack({ images: ['nginx:stable', 'redis:7.2.5'] }));
});

const JOB_DEFINITION = 'AWS::Batch::JobDefinition';
const URI = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable';
const SIZE = { cpu: 1, memory: Size.gibibytes(2) };

function jobDefinition(template: Template): Record<string, any> {
  const resolver = new TemplateResolver(template.toJSON());
  return resolver.properties(resolver.ids(JOB_DEFINITION)[0]);
}

const CONTAINERS: [string, (scope: Stack, image: ecs.ContainerImage) => batch.IEcsContainerDefinition][] = [
  ['AWS Fargate', (scope, image) => new batch.EcsFargateContainerDefinition(scope, 'Container', { image, ...SIZE })],
  ['Amazon EC2', (scope, image) => new batch.EcsEc2ContainerDefinition(scope, 'Container', { image, ...SIZE })],
];

describe.each(CONTAINERS)('a job definition of AWS Batch on %s', (_, define) => {
  test('runs the mirror\'s copy and waits for it', () => {
    const image = mirror.image('nginx:stable');
    new batch.EcsJobDefinition(stack, 'Job', { container: define(stack, image.toContainerImage()) });
    const template = Template.fromStack(stack);
    expect(jobDefinition(template).ContainerProperties.Image).toBe(URI);
    expect(awaitedBy(template, JOB_DEFINITION)).toEqual(expect.arrayContaining(needsOf(image, stack)));
  });

  test('lets the execution role of its container pull from that repository alone', () => {
    new batch.EcsJobDefinition(stack, 'Job', { container: define(stack, mirror.image('nginx:stable').toContainerImage()) });
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const granted = policies.filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('ContainerExecutionRole'));
    const statements: { Action: unknown }[][] = granted.map(({ Properties }) => Properties.PolicyDocument.Statement);
    expect(statements.map((one) => one.filter(({ Action }) => JSON.stringify(Action).includes('ecr:')))).toEqual([[
      {
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/mirrornginx/), 'Arn'] },
      },
      { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
    ]]);
  });
});

test('an execution role of one\'s own gets the pull', () => {
  const executionRole = new iam.Role(stack, 'Execution', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: mirror.image('nginx:stable').toContainerImage(), ...SIZE, executionRole });
  new batch.EcsJobDefinition(stack, 'Job', { container });
  const template = Template.fromStack(stack);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('Execution'));
  expect(JSON.stringify(policy.Properties.PolicyDocument)).toContain('mirrornginx');
  expect(awaitedBy(template, JOB_DEFINITION)).toEqual(expect.arrayContaining(needsOf(mirror.image('nginx:stable'), stack)));
});

test('a job of several nodes waits for the images of all its containers', () => {
  const [nginx, redis] = [mirror.image('nginx:stable'), mirror.image('redis:7.2.5')];
  new batch.MultiNodeJobDefinition(stack, 'Job', {
    containers: [nginx, redis].map((image, index) => ({
      startNode: index, endNode: index, container: new batch.EcsEc2ContainerDefinition(stack, `Container${index}`, { image: image.toContainerImage(), ...SIZE }),
    })),
  });
  const needs = [...needsOf(nginx, stack), ...needsOf(redis, stack)];
  expect(awaitedBy(Template.fromStack(stack), JOB_DEFINITION)).toEqual(expect.arrayContaining(needs));
});

describe('a job definition of AWS Batch on Amazon EKS', () => {
  test('runs the mirror\'s copy and waits for it, and no role gets the pull: the nodes have theirs', () => {
    const image = mirror.image('nginx:stable');
    new batch.EksJobDefinition(stack, 'Job', { container: new batch.EksContainerDefinition(stack, 'Container', { image: image.toContainerImage() }) });
    const template = Template.fromStack(stack);
    expect(jobDefinition(template).EksProperties.PodProperties.Containers[0].Image).toBe(URI);
    expect(awaitedBy(template, JOB_DEFINITION)).toEqual(expect.arrayContaining(needsOf(image, stack)));
    expect(Object.keys(template.findResources('AWS::IAM::Policy')).filter((id) => id.startsWith('Job') || id.startsWith('Container'))).toEqual([]);
  });
});

test('a job definition that runs a public image does not wait', () => {
  const image = ecs.ContainerImage.fromRegistry('nginx:stable');
  new batch.EcsFargateContainerDefinition(stack, 'Mirrored', { image: mirror.image('nginx:stable').toContainerImage(), ...SIZE });
  new batch.EcsJobDefinition(stack, 'Job', { container: new batch.EcsFargateContainerDefinition(stack, 'Public', { image, ...SIZE }) });
  expect(awaitedBy(Template.fromStack(stack), JOB_DEFINITION)).toEqual([]);
});

test('a job definition in a stage waits too, where aspects of the app do not reach', () => {
  const stage = new Stage(new App(), 'Stage');
  stack = new Stack(stage, 'Platform');
  const image = new ImageMirror(stack, 'Mirror').addImage('nginx:stable');
  new batch.EcsJobDefinition(stack, 'Job', { container: new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image.toContainerImage(), ...SIZE }) });
  expect(awaitedBy(Template.fromStack(stack), JOB_DEFINITION)).toEqual(expect.arrayContaining(needsOf(image, stack)));
});
