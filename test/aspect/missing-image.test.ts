import { App, Annotations, Aspects, CfnParameter, Size, Stack, Stage } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { DeployedStack } from './deployed-stack';
import { ImageCatalog, ImageMirror, MirroredImagesAspect } from '../../src';
import { mirrorStack } from '../support/mirror-stack';

const image = (name: string) => ecs.ContainerImage.fromRegistry(name);

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: ['nginx:stable'] }));
});

function defineTask(...images: string[]): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(stack, 'Task');
  images.forEach((name, index) => definition.addContainer(`container${index}`, { image: image(name) }));
  return definition;
}

const warnings = () => new DeployedStack(stack).warnings();

describe('a public image that no mirror has', () => {
  beforeEach(() => Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] })));

  test('is left as it is, with a warning that says where it is and what to write', () => {
    defineTask('docker.io/library/redis:7');
    expect(new DeployedStack(stack).images()).toEqual({ container0: 'docker.io/library/redis:7' });
    expect(warnings()).toEqual([
      '/Platform/Task/Resource: the container "container0" runs the public image "docker.io/library/redis:7", which is not in a mirror; '
      + 'call addImage("redis:7") on "Platform/Mirror"; or call MirroredImagesAspect.exclude() to keep the public image',
    ]);
  });

  test('may be in a catalog, whose list is not known', () => {
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/images')));
    defineTask('redis:7');
    expect(warnings()).toEqual([expect.stringContaining('call addImage("redis:7") on "Platform/Mirror", or use imageUri("redis:7") of the catalog that lists it; or call')]);
  });

  test('gets the task definition no role', () => {
    defineTask('redis:7');
    expect(new DeployedStack(stack).only('AWS::ECS::TaskDefinition')).not.toHaveProperty('ExecutionRoleArn');
  });

  test('is named wherever it is used, in the order of the tree', () => {
    defineTask('redis:7', 'nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0');
    new codebuild.Project(stack, 'Project', {
      buildSpec: codebuild.BuildSpec.fromObject({}), environment: { buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('golang:1.22') },
    });
    const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image('busybox'), cpu: 1, memory: Size.gibibytes(2) });
    new batch.EcsJobDefinition(stack, 'Job', { container });
    expect(warnings().map((warning) => warning.replace(/, which is not in a mirror.*/, ''))).toEqual([
      '/Platform/Task/Resource: the container "container0" runs the public image "redis:7"',
      '/Platform/Task/Resource: the container "container2" runs the public image "quay.io/prometheus/prometheus:v2.53.0"',
      '/Platform/Project/Resource: the build environment runs the public image "golang:1.22"',
      '/Platform/Job/Resource: the job\'s container runs the public image "busybox"',
    ]);
  });

  test('is no matter any more when it is added', () => {
    defineTask('redis:7');
    mirror.addImage('redis:7');
    expect(warnings()).toEqual([]);
  });

  test('can be acknowledged', () => {
    const definition = defineTask('redis:7');
    Annotations.of(definition).acknowledgeWarning('cdk-ecr-mirror:MirroredImagesAspect.notMirrored', 'we know');
    expect(warnings()).toEqual([]);
  });

  test('is named with what is known of it, when CloudFormation adds the rest', () => {
    const tag = new CfnParameter(stack, 'Tag').valueAsString;
    defineTask(`nginx:${tag}`, `quay.io/${tag}`, `library/${tag}:1`);
    expect(warnings()).toEqual(['nginx:...', 'quay.io/...', 'library/...'].map((text, index) =>
      `/Platform/Task/Resource: the container "container${index}" runs the public image "${text}", and no mirror can be searched for it: `
      + 'part of it is a token (a value that is known only at deployment); write it as a string; or call MirroredImagesAspect.exclude() to keep the public image'));
  });

  test('is not guessed where the beginning is not known, or may be the beginning of Amazon ECR', () => {
    const some = new CfnParameter(stack, 'Some').valueAsString;
    defineTask(some, `${some}/nginx:stable`, `nginx${some}`, `111122223333.dkr.ecr.${some}.amazonaws.com/nginx`, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/${some}`);
    expect(warnings()).toEqual([]);
  });

  test('is named without the password that somebody wrote into it, when it cannot be parsed', () => {
    defineTask('user:hunter2@registry.example.com/team/app:1', 'Nginx:stable');
    const [secret, upper] = warnings();
    expect(secret).toContain('"***@registry.example.com/team/app:1"');
    expect(secret).not.toContain('hunter2');
    expect(upper).toContain('repository names must be lowercase; use "nginx:stable"');
  });
});

describe('with enforce', () => {
  beforeEach(() => Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true })));

  test('an app whose images are all mirrored is synthesized', () => {
    defineTask('nginx:stable', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1');
    expect(() => app.synth()).not.toThrow();
    expect(warnings()).toEqual([]);
  });

  test('synthesis fails, and names every public image that is not', () => {
    defineTask('redis:7', 'nginx:stable', 'busybox:1.36.1');
    expect(() => app.synth()).toThrow(new Error('Validation failed with the following errors:\n'
      + '  [Platform/Task/Resource] the container "container0" runs the public image "redis:7", which is not in a mirror; '
      + 'call addImage("redis:7") on "Platform/Mirror"; or call MirroredImagesAspect.exclude() to keep the public image\n'
      + '  [Platform/Task/Resource] the container "container2" runs the public image "busybox:1.36.1", which is not in a mirror; '
      + 'call addImage("busybox:1.36.1") on "Platform/Mirror"; or call MirroredImagesAspect.exclude() to keep the public image'));
  });

  test('synthesis fails for an image that is not wholly known', () => {
    defineTask(`nginx:${new CfnParameter(stack, 'Tag').valueAsString}`);
    expect(() => app.synth()).toThrow('runs the public image "nginx:...", and no mirror can be searched for it');
  });

  test('synthesis fails for an image that is added last of all', () => {
    const definition = defineTask('nginx:stable');
    Aspects.of(app).add({ visit: (node) => { if (node === stack.node.findChild('Mirror')) definition.addContainer('late', { image: image('redis:7') }); } });
    expect(() => app.synth()).toThrow('the container "late" runs the public image "redis:7"');
  });

  test('there is no error and no warning for what is excluded', () => {
    MirroredImagesAspect.exclude(defineTask('redis:7'), 'moves to ElastiCache');
    expect(() => app.synth()).not.toThrow();
    expect(warnings()).toEqual([]);
  });
});

describe('an aspect without mirrors', () => {
  test('is a list of what is allowed that allows nothing public', () => {
    Aspects.of(app).add(new MirroredImagesAspect({ enforce: true }));
    defineTask('nginx:stable');
    expect(() => app.synth()).toThrow('which is not in a mirror; call addImage("nginx:stable") on an ImageMirror in its stage, account and Region');
  });
});

describe('exclude()', () => {
  beforeEach(() => Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] })));

  test.each<[string, (definition: ecs.TaskDefinition) => void]>([
    ['a task definition', (definition) => MirroredImagesAspect.exclude(definition)],
    ['its resource', (definition) => MirroredImagesAspect.exclude(definition.node.defaultChild!)],
    ['its stack', (definition) => MirroredImagesAspect.exclude(Stack.of(definition))],
    ['the app', (definition) => MirroredImagesAspect.exclude(definition.node.root)],
  ])('leaves all images of %s as they are: no replacement, no role, no warning', (_, exclude) => {
    exclude(defineTask('nginx:stable', 'redis:7'));
    const deployed = new DeployedStack(stack);
    expect(deployed.images()).toEqual({ container0: 'nginx:stable', container1: 'redis:7' });
    expect(deployed.only('AWS::ECS::TaskDefinition')).not.toHaveProperty('ExecutionRoleArn');
    expect(deployed.warnings()).toEqual([]);
  });

  test('leaves the image of a single container as it is', () => {
    const definition = defineTask('redis:7', 'busybox:1', 'nginx:stable');
    MirroredImagesAspect.exclude(definition.findContainer('container0')!);
    const deployed = new DeployedStack(stack);
    expect(deployed.images()).toMatchObject({ container0: 'redis:7', container2: expect.stringContaining('/mirror/nginx:stable') });
    expect(deployed.warnings()).toEqual([expect.stringContaining('"busybox:1"')]);
  });

  test('leaves the image of a container that is defined elsewhere in the tree as it is', () => {
    const definition = defineTask('nginx:stable');
    const elsewhere = new ecs.ContainerDefinition(stack, 'Elsewhere', { taskDefinition: definition, containerName: 'elsewhere', image: image('redis:7') });
    MirroredImagesAspect.exclude(elsewhere);
    expect(warnings()).toEqual([]);
  });

  test.each<[string, () => void]>([
    ['on Amazon ECS', () => {
      const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image('redis:7'), cpu: 1, memory: Size.gibibytes(2) });
      new batch.EcsJobDefinition(stack, 'Job', { container });
      MirroredImagesAspect.exclude(container);
    }],
    ['on several nodes', () => {
      const container = new batch.EcsEc2ContainerDefinition(stack, 'Container', { image: image('redis:7'), cpu: 1, memory: Size.gibibytes(2) });
      new batch.MultiNodeJobDefinition(stack, 'Job', { containers: [{ container, startNode: 0, endNode: 1 }] });
      MirroredImagesAspect.exclude(container);
    }],
    ['on Amazon EKS', () => {
      const container = new batch.EksContainerDefinition(stack, 'Container', { image: image('redis:7') });
      new batch.EksJobDefinition(stack, 'Job', { container });
      MirroredImagesAspect.exclude(container);
    }],
  ])('leaves the image of a container of AWS Batch %s as it is', (_, define) => {
    define();
    expect(warnings()).toEqual([]);
  });

  test('keeps the reason in the cloud assembly, and changes nothing else there', () => {
    const definition = defineTask('redis:7');
    MirroredImagesAspect.exclude(definition, 'moves to ElastiCache');
    const { metadata } = app.synth().getStackByName('Platform').manifest;
    expect(metadata!['/Platform/Task']).toContainEqual({ type: 'cdk-ecr-mirror:MirroredImagesAspect.excluded', data: 'moves to ElastiCache' });
  });

  test('reaches into a stage', () => {
    const stage = new Stage(app, 'Stage');
    const inner = new Stack(stage, 'Inner');
    new ecs.FargateTaskDefinition(inner, 'Task').addContainer('web', { image: image('redis:7') });
    Aspects.of(stage).add(new MirroredImagesAspect({ enforce: true }));
    MirroredImagesAspect.exclude(stage);
    expect(() => app.synth()).not.toThrow();
  });
});
