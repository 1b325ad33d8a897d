import { App, Aspects, Environment, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirrorCompute, MirroredImage, MirroredImagesAspect } from '../../src';

const IRELAND = { account: '111122223333', region: 'eu-west-1' };
const VIRGINIA = { account: '111122223333', region: 'us-east-1' };

function defineTask(scope: Construct): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(scope, 'Task');
  definition.addContainer('web', { image: ecs.ContainerImage.fromRegistry('nginx:stable') });
  return definition;
}

function defineMirror(scope: Construct, env?: Environment): ImageMirror {
  return new ImageMirror(new Stack(scope, 'Platform', { env }), 'Mirror', { images: ['nginx:stable'] });
}

describe('a task definition in another stack than the mirror', () => {
  test.each([['with an environment', IRELAND], ['without an environment', undefined]])('%s imports what it needs, and is deployed after the mirror', (_, env) => {
    const app = new App();
    const mirror = defineMirror(app, env);
    const web = new Stack(app, 'Web', { env });
    defineTask(web);
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    const deployed = new DeployedStack(web, Stack.of(mirror));
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    expect(deployed.only('AWS::IAM::Policy').PolicyDocument.Statement[0].Resource).toBe('arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx');
    expect(web.dependencies).toEqual([Stack.of(mirror)]);
    expect(deployed.warnings()).toEqual([]);
  });

  test('runs an image that is mirrored by a third stack, and is deployed after that', () => {
    const app = new App();
    const mirror = defineMirror(app);
    const fleet = new Stack(app, 'Fleet');
    new MirroredImage(fleet, 'Redis', { mirror, image: 'redis:7.4.0' });
    const web = new Stack(app, 'Web');
    new ecs.FargateTaskDefinition(web, 'Task').addContainer('cache', { image: ecs.ContainerImage.fromRegistry('redis:7.4.0') });
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    expect(new DeployedStack(web, fleet, Stack.of(mirror)).images()).toEqual({ cache: `${REGISTRY}/mirror/redis:7.4.0` });
    expect(web.dependencies).toContain(fleet);
  });

  test('that the mirror depends on is an error that names both', () => {
    const app = new App();
    const web = new Stack(app, 'Web');
    const vpc = new ec2.Vpc(web, 'Network');
    defineTask(web);
    const platform = new Stack(app, 'Platform');
    const mirror = new ImageMirror(platform, 'Mirror', { images: ['nginx:stable'], compute: MirrorCompute.ec2({ vpc }) });
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    expect(() => app.synth()).toThrow(/'(Web|Platform)' depends on '(Web|Platform)' .* would create a cyclic reference/);
  });
});

describe('nested stacks', () => {
  test('a task definition in a nested stack runs the image of its parent\'s mirror', () => {
    const app = new App();
    const mirror = defineMirror(app);
    const nested = new NestedStack(Stack.of(mirror), 'Nested');
    defineTask(nested);
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    app.synth();
    const template = Template.fromStack(nested);
    const [{ Image }] = Object.values(template.findResources('AWS::ECS::TaskDefinition'))[0].Properties.ContainerDefinitions;
    expect(JSON.stringify(Image)).toContain(':stable');
    expect(Object.keys(template.toJSON().Parameters)).toHaveLength(2);
    expect(JSON.stringify(template.toJSON())).not.toContain('nginx:stable');
  });

  test('a task definition runs the image of a mirror in a nested stack', () => {
    const app = new App();
    const stack = new Stack(app, 'Web');
    const nested = new NestedStack(stack, 'Nested');
    const mirror = new ImageMirror(nested, 'Mirror', { images: ['nginx:stable'] });
    defineTask(stack);
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    const [task] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
    expect(JSON.stringify(task.Properties.ContainerDefinitions)).toContain('Outputs.');
    expect(task.DependsOn).toEqual([stack.resolve(nested.nestedStackResource!.logicalId)]);
  });
});

describe('several environments', () => {
  test('each task definition runs the image of the mirror in its own Region', () => {
    const app = new App();
    const mirrors = [IRELAND, VIRGINIA].map((env) => new ImageMirror(new Stack(app, `Platform-${env.region}`, { env }), 'Mirror', { images: ['nginx:stable'] }));
    const stacks = [VIRGINIA, IRELAND].map((env) => new Stack(app, `Web-${env.region}`, { env }));
    stacks.forEach(defineTask);
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors }));
    app.synth();
    expect(stacks.map((stack) => stack.dependencies)).toEqual([[Stack.of(mirrors[1])], [Stack.of(mirrors[0])]]);
    expect(stacks.map((stack) => new DeployedStack(stack, ...mirrors.map((mirror) => Stack.of(mirror))).warnings())).toEqual([[], []]);
  });

  test.each([
    ['Region', VIRGINIA, IRELAND],
    ['account', { ...IRELAND, account: '444455556666' }, IRELAND],
    ['account', undefined, IRELAND],
    ['account', IRELAND, undefined],
  ])('a mirror in another %s serves nobody, and the warning says so', (part, env, here) => {
    const app = new App();
    const mirror = defineMirror(app, env);
    const web = new Stack(app, 'Web', { env: here });
    defineTask(web);
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    const deployed = new DeployedStack(web);
    expect(deployed.images()).toEqual({ web: 'nginx:stable' });
    expect(deployed.warnings()).toEqual([
      `/Web/Task/Resource: the container "web" runs the public image "nginx:stable", and "Platform/Mirror" has it in another ${part}; `
      + 'define a mirror in each account and Region, or import the mirror with ImageMirror.fromImageMirrorAttributes() or ImageMirror.fromLookup(); or call MirroredImagesAspect.exclude() to keep the public image',
    ]);
  });
});

describe('stages', () => {
  test('each stage has its mirror, and one aspect serves them all', () => {
    const app = new App();
    const stages = ['Test', 'Production'].map((name) => new Stage(app, name));
    const mirrors = stages.map((stage) => defineMirror(stage));
    const stacks = stages.map((stage) => new Stack(stage, 'Web'));
    stacks.forEach(defineTask);
    const aspect = new MirroredImagesAspect({ mirrors });
    for (const stage of stages) Aspects.of(stage).add(aspect);
    app.synth();
    stacks.forEach((stack, index) => {
      expect(new DeployedStack(stack, Stack.of(mirrors[index])).images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    });
  });

  test('a mirror in another stage serves nobody, and the warning says so', () => {
    const app = new App();
    const mirror = defineMirror(app);
    const stage = new Stage(app, 'Production');
    const web = new Stack(stage, 'Web');
    defineTask(web);
    Aspects.of(stage).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    const deployed = new DeployedStack(web);
    expect(deployed.images()).toEqual({ web: 'nginx:stable' });
    expect(deployed.warnings()).toEqual([expect.stringContaining('"Platform/Mirror" has it in another stage; define a mirror in each stage')]);
  });
});
