import { Aspects, Size, Stack } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImage, MirroredImagesAspect } from '../../src';
import { mirrorAndWorkload } from '../support/mirror-stack';

const MIRRORED = `${REGISTRY}/mirror/nginx:stable`;

let platform: Stack;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  const { app, ...stacks } = mirrorAndWorkload('Jobs');
  ({ platform, stack, mirror } = stacks);
  // In the stack that runs it, so that all that matters is in one template.
  new MirroredImage(stack, 'Nginx', { mirror, image: 'nginx:stable' });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
});

const resources = { cpu: 1, memory: Size.gibibytes(2) };
const image = ecs.ContainerImage.fromRegistry('nginx:stable');

/** The logical ids of the roles that may pull from the mirror's repository. */
function pullers({ resolver }: DeployedStack): string[] {
  const names = resolver.ids('AWS::IAM::Policy').map((id) => resolver.properties(id))
    .filter(({ PolicyDocument }) => PolicyDocument.Statement.some(({ Resource }: { Resource: string }) => Resource === 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx'))
    .flatMap(({ Roles }) => Roles);
  return resolver.ids('AWS::IAM::Role').filter((id) => names.includes(resolver.resolve({ Ref: id })));
}

describe('a job definition', () => {
  test.each([
    ['Fargate', () => new batch.EcsFargateContainerDefinition(stack, 'Container', { ...resources, image })],
    ['EC2', () => new batch.EcsEc2ContainerDefinition(stack, 'Container', { ...resources, image })],
  ])('on %s runs the mirror\'s image, its execution role may pull it, and it waits for the first copy', (_, defineContainer) => {
    const container = defineContainer();
    new batch.EcsJobDefinition(stack, 'Job', { container });
    const deployed = new DeployedStack(stack, platform);
    const { ContainerProperties } = deployed.only('AWS::Batch::JobDefinition');
    expect(ContainerProperties.Image).toBe(MIRRORED);
    const [role] = pullers(deployed);
    expect(ContainerProperties.ExecutionRoleArn).toBe(deployed.resolver.arn(role));
    expect(deployed.waits('AWS::Batch::JobDefinition', mirror.image('nginx:stable'))).toBe(true);
  });

  test('on several nodes runs the mirror\'s images on each range of nodes, also on those that are added after the definition', () => {
    const container = (id: string) => new batch.EcsEc2ContainerDefinition(stack, id, { ...resources, image });
    const job = new batch.MultiNodeJobDefinition(stack, 'Job', { containers: [{ container: container('Main'), startNode: 0, endNode: 0 }] });
    job.addContainer({ container: container('Others'), startNode: 1, endNode: 4 });
    const deployed = new DeployedStack(stack, platform);
    const ranges: { Container: Record<string, string> }[] = deployed.only('AWS::Batch::JobDefinition').NodeProperties.NodeRangeProperties;
    expect(ranges.map(({ Container }) => Container.Image)).toEqual([MIRRORED, MIRRORED]);
    const roles = pullers(deployed).map((role) => deployed.resolver.arn(role));
    expect(ranges.map(({ Container }) => Container.ExecutionRoleArn).sort()).toEqual(roles.sort());
  });

  test('on Amazon EKS runs the mirror\'s image, and nobody is granted the pull, for the nodes pull', () => {
    new batch.EksJobDefinition(stack, 'Job', { container: new batch.EksContainerDefinition(stack, 'Container', { image }) });
    const deployed = new DeployedStack(stack, platform);
    const { EksProperties } = deployed.only('AWS::Batch::JobDefinition');
    expect(EksProperties.PodProperties.Containers[0].Image).toBe(MIRRORED);
    expect(pullers(deployed)).toEqual([]);
    expect(deployed.waits('AWS::Batch::JobDefinition', mirror.image('nginx:stable'))).toBe(true);
  });

  test('changes no role that the app must not change', () => {
    const executionRole = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/shared', { mutable: false });
    new batch.EcsJobDefinition(stack, 'Job', { container: new batch.EcsFargateContainerDefinition(stack, 'Container', { ...resources, image, executionRole }) });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.only('AWS::Batch::JobDefinition').ContainerProperties.Image).toBe(MIRRORED);
    expect(pullers(deployed)).toEqual([]);
  });
});

describe('a job definition of CloudFormation\'s own', () => {
  const role = (id: string) => new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });

  test('with one container gets an execution role when it has none, and loses the credentials for the public registry', () => {
    new batch.CfnJobDefinition(stack, 'Job', {
      type: 'container', containerProperties: { image: 'nginx:stable', repositoryCredentials: { credentialsParameter: 'docker-hub' } },
    });
    const deployed = new DeployedStack(stack, platform);
    const [created] = pullers(deployed);
    expect(deployed.only('AWS::Batch::JobDefinition').ContainerProperties).toEqual({ Image: MIRRORED, ExecutionRoleArn: deployed.resolver.arn(created) });
  });

  test('with several containers keeps the execution role of its task', () => {
    new batch.CfnJobDefinition(stack, 'Job', {
      type: 'container',
      ecsProperties: {
        taskProperties: [{
          executionRoleArn: role('Execution').roleArn,
          containers: [{ name: 'main', image: 'nginx:stable' }, { name: 'own', image: MIRRORED }, { name: 'side', image: 'docker.io/library/nginx:stable' }],
        }],
      },
    });
    const deployed = new DeployedStack(stack, platform);
    const [task] = deployed.only('AWS::Batch::JobDefinition').EcsProperties.TaskProperties;
    expect(task.Containers.map(({ Image }: { Image: string }) => Image)).toEqual([MIRRORED, MIRRORED, MIRRORED]);
    expect(pullers(deployed).map((one) => deployed.resolver.arn(one))).toEqual([task.ExecutionRoleArn]);
  });

  test('with pods runs the mirror\'s images in the containers that initialize and in the others', () => {
    new batch.CfnJobDefinition(stack, 'Job', {
      type: 'container',
      eksProperties: { podProperties: { initContainers: [{ name: 'before', image: 'nginx:stable' }], containers: [{ name: 'main', image: 'nginx:stable' }] } },
    });
    const { PodProperties } = new DeployedStack(stack, platform).only('AWS::Batch::JobDefinition').EksProperties;
    expect([PodProperties.InitContainers, PodProperties.Containers]).toEqual([[{ Name: 'before', Image: MIRRORED }], [{ Name: 'main', Image: MIRRORED }]]);
  });

  test('on several nodes runs the mirror\'s images, whichever kind of container a range has', () => {
    new batch.CfnJobDefinition(stack, 'Job', {
      type: 'multinode',
      nodeProperties: {
        mainNode: 0,
        numNodes: 3,
        nodeRangeProperties: [
          { targetNodes: '0:0', container: { image: 'nginx:stable', executionRoleArn: role('First').roleArn } },
          { targetNodes: '1:1', ecsProperties: { taskProperties: [{ containers: [{ image: 'nginx:stable' }], executionRoleArn: role('Second').roleArn }] } },
          { targetNodes: '2:2', eksProperties: { podProperties: { containers: [{ image: 'nginx:stable' }] } } },
        ],
      },
    });
    const deployed = new DeployedStack(stack, platform);
    const [first, second, third] = deployed.only('AWS::Batch::JobDefinition').NodeProperties.NodeRangeProperties;
    expect([first.Container.Image, second.EcsProperties.TaskProperties[0].Containers[0].Image, third.EksProperties.PodProperties.Containers[0].Image])
      .toEqual([MIRRORED, MIRRORED, MIRRORED]);
    expect(pullers(deployed).map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual(['First', 'Second']);
  });
});
