import { App, AspectPriority, Aspects, IAspect, Stack, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImage, MirroredImagesAspect } from '../../src';

const STABILIZED = '@aws-cdk/core:aspectStabilization';

interface Fixture {
  readonly app: App;
  readonly platform: Stack;
  readonly stack: Stack;
  readonly mirror: ImageMirror;
  readonly aspect: MirroredImagesAspect;
  readonly definition: ecs.FargateTaskDefinition;
}

function fixture(context: Record<string, boolean>, ...containers: string[]): Fixture {
  const app = new App({ context });
  const platform = new Stack(app, 'Platform');
  const mirror = new ImageMirror(platform, 'Mirror');
  const stack = new Stack(app, 'Web');
  // In the stack that runs them, so that all that matters is in one template.
  for (const [id, image] of [['Nginx', 'nginx:stable'], ['Busybox', 'busybox:1.36.1']]) new MirroredImage(stack, id, { mirror, image });
  const definition = new ecs.FargateTaskDefinition(stack, 'Task');
  for (const image of containers) definition.addContainer('web', { image: ecs.ContainerImage.fromRegistry(image) });
  new Construct(stack, 'Last');
  return { app, platform, stack, mirror, definition, aspect: new MirroredImagesAspect({ mirrors: [mirror] }) };
}

/** An aspect that does something once, when it visits the construct with this path. */
function once(path: string, act: () => void): IAspect {
  let isDone = false;
  return {
    visit: (node: IConstruct) => {
      if (node.node.path !== path || isDone) return;
      isDone = true;
      act();
    },
  };
}

describe.each([['in one pass', { [STABILIZED]: false }], ['until nothing changes', { [STABILIZED]: true }]])('with aspects that run %s', (_, context) => {
  const PLACES = ['Web', 'Web/Task', 'Web/Task/Resource', 'Web/Last'];
  const ORDERS = [['before', AspectPriority.MUTATING - 1], ['after', AspectPriority.MUTATING + 1]] as const;

  test.each(PLACES.flatMap((place) => ORDERS.map(([order, priority]) => [place, order, priority] as const)))(
    'a sidecar that another aspect adds when it visits %s, %s this one does, is replaced, may be pulled and is waited for',
    (place, __, priority) => {
      const { app, platform, stack, mirror, aspect, definition } = fixture(context, 'nginx:stable');
      const sidecar = once(place, () => definition.addContainer('sidecar', { image: ecs.ContainerImage.fromRegistry('busybox:1.36.1') }));
      Aspects.of(app).add(aspect, { priority: AspectPriority.MUTATING });
      Aspects.of(app).add(sidecar, { priority });
      const deployed = new DeployedStack(stack, platform);
      expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable`, sidecar: `${REGISTRY}/mirror/busybox:1.36.1` });
      const policy = deployed.resolver.ids('AWS::IAM::Policy').map((id) => deployed.resolver.properties(id)).find(({ Roles }) => Roles[0].startsWith('TaskExecutionRole'))!;
      const resources = policy.PolicyDocument.Statement.map(({ Resource }: { Resource: string }) => Resource);
      expect(resources).toEqual(expect.arrayContaining(['nginx', 'busybox'].map((name) => `arn:aws:ecr:eu-west-1:111122223333:repository/mirror/${name}`)));
      expect(mirror.images.map((image) => deployed.waits('AWS::ECS::TaskDefinition', image))).toEqual([true, true]);
    },
  );

  test('a sidecar that is added late is the only image, and gets the task definition its execution role', () => {
    const { app, platform, stack, aspect, definition } = fixture(context);
    Aspects.of(app).add(aspect);
    Aspects.of(app).add(once('Web/Last', () => definition.addContainer('web', { image: ecs.ContainerImage.fromRegistry('nginx:stable') })));
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    const [role] = deployed.resolver.ids('AWS::IAM::Role').filter((id) => id.startsWith('TaskExecutionRole'));
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn(role));
  });

  test('what another aspect adds to a container late is not lost', () => {
    const { app, platform, stack, aspect, definition } = fixture(context, 'nginx:stable');
    Aspects.of(app).add(aspect);
    Aspects.of(app).add(once('Web/Last', () => {
      definition.defaultContainer!.addPortMappings({ containerPort: 8080 });
      definition.addVolume({ name: 'scratch' });
    }));
    const { ContainerDefinitions, Volumes } = new DeployedStack(stack, platform).only('AWS::ECS::TaskDefinition');
    expect(ContainerDefinitions[0].PortMappings).toEqual([{ ContainerPort: 8080, Protocol: 'tcp' }]);
    expect(Volumes).toEqual([{ Name: 'scratch' }]);
  });

  test('an image that another aspect changes late counts as it is then', () => {
    const { app, platform, stack, aspect, definition } = fixture(context, 'redis:7');
    const task = definition.node.defaultChild as ecs.CfnTaskDefinition;
    Aspects.of(app).add(aspect);
    Aspects.of(app).add(once('Web/Last', () => { task.containerDefinitions = [{ name: 'web', image: 'nginx:stable' }]; }));
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    expect(deployed.warnings()).toEqual([]);
  });

  test('the execution role that this takes is visited by the other aspects: it has their tags and their boundary', () => {
    const { app, platform, stack, aspect } = fixture(context, 'nginx:stable');
    Aspects.of(app).add(aspect, { priority: AspectPriority.MUTATING });
    Tags.of(app).add('team', 'web');
    iam.PermissionsBoundary.of(app).apply(iam.ManagedPolicy.fromAwsManagedPolicyName('Boundary'));
    const deployed = new DeployedStack(stack, platform);
    const [role] = deployed.resolver.ids('AWS::IAM::Role').filter((id) => id.startsWith('TaskExecutionRole'));
    expect(deployed.resolver.properties(role)).toMatchObject({ Tags: [{ Key: 'team', Value: 'web' }], PermissionsBoundary: 'arn:aws:iam::aws:policy/Boundary' });
  });

  test('visiting twice, by one aspect or by two that are alike, changes nothing', () => {
    const times = [1, 2].map((count) => {
      const { app, platform, stack, mirror, aspect } = fixture(context, 'nginx:stable');
      Aspects.of(app).add(aspect);
      if (count === 2) {
        Aspects.of(stack).add(aspect);
        Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror] }));
      }
      return { template: Template.fromStack(stack).toJSON(), warnings: new DeployedStack(stack, platform).warnings() };
    });
    expect(times[1]).toEqual(times[0]);
  });

  test('synthesizing twice gives the same template', () => {
    const { app, stack, aspect } = fixture(context, 'nginx:stable');
    Aspects.of(app).add(aspect);
    const synthesize = () => app.synth({ force: true }).getStackByName(stack.stackName).template;
    const first = synthesize();
    expect(synthesize()).toEqual(first);
  });

  test('two aspects complement each other, and neither warns of what the other replaces', () => {
    const { app, platform, stack, aspect, definition } = fixture(context, 'nginx:stable');
    definition.addContainer('cache', { image: ecs.ContainerImage.fromRegistry('redis:7') });
    const other = new ImageMirror(platform, 'Other', { images: ['redis:7'], repositoryPrefix: 'other' });
    Aspects.of(app).add(new MirroredImagesAspect({ enforce: true }));
    Aspects.of(app).add(aspect);
    Aspects.of(definition).add(new MirroredImagesAspect({ mirrors: [other] }));
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable`, cache: `${REGISTRY}/other/redis:7` });
    expect(deployed.warnings()).toEqual([]);
  });

  test('the order of aspects does not change a template', () => {
    const templates = [true, false].map((isFirst) => {
      const { app, stack, aspect, definition } = fixture(context, 'nginx:stable');
      const sidecar = once('Web/Task', () => definition.addContainer('sidecar', { image: ecs.ContainerImage.fromRegistry('busybox:1.36.1') }));
      for (const one of isFirst ? [aspect, sidecar] : [sidecar, aspect]) Aspects.of(app).add(one);
      return Template.fromStack(stack).toJSON();
    });
    expect(templates[1]).toEqual(templates[0]);
  });
});
