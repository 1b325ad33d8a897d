import { Aspects, CfnCondition, CfnParameter, CfnResource, Fn, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImage, MirroredImageOptions, MirroredImagesAspect } from '../../src';
import { mirrorAndWorkload } from '../support/mirror-stack';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const PULLED = { Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'], Effect: 'Allow' };

let platform: Stack;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  const { app, ...stacks } = mirrorAndWorkload('Web');
  ({ platform, stack, mirror } = stacks);
  addImage('nginx:stable');
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
});

/** Mirrors an image in the stack that runs it, so that all that matters is in one template. */
function addImage(name: string, options: MirroredImageOptions = {}): MirroredImage {
  return new MirroredImage(stack, `Image${stack.node.children.length}`, { mirror, image: name, ...options });
}

const image = (name: string) => ecs.ContainerImage.fromRegistry(name);

function fargate(...images: string[]): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(stack, 'Task');
  images.forEach((name, index) => definition.addContainer(`container${index}`, { image: image(name) }));
  return definition;
}

/** The image of the first container as the template has it. */
function imageInTemplate(): unknown {
  const [task] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
  return task.Properties.ContainerDefinitions[0].Image;
}

/** The statements of the policies that are attached to the role with this logical id. */
function grantedTo(deployed: DeployedStack, roleId: string): Record<string, unknown>[] {
  const { resolver } = deployed;
  const attached = resolver.ids('AWS::IAM::Policy').map((id) => resolver.properties(id)).filter(({ Roles }) => Roles.includes(resolver.resolve({ Ref: roleId })));
  return attached.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

describe('a task definition', () => {
  test.each<[string, ecs.Compatibility, Partial<ecs.TaskDefinitionProps>]>([
    ['on Fargate', ecs.Compatibility.FARGATE, { cpu: '256', memoryMiB: '512' }],
    ['on EC2', ecs.Compatibility.EC2, {}],
    ['on either', ecs.Compatibility.EC2_AND_FARGATE, { cpu: '256', memoryMiB: '512', networkMode: ecs.NetworkMode.AWS_VPC }],
    ['elsewhere', ecs.Compatibility.EXTERNAL, {}],
  ])('%s runs the mirror\'s images, and its execution role may pull them', (_, compatibility, props) => {
    const definition = new ecs.TaskDefinition(stack, 'Task', { compatibility, ...props });
    definition.addContainer('web', { image: image('nginx:stable'), memoryLimitMiB: 128 });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    const role = stack.resolve((definition.executionRole!.node.defaultChild as CfnResource).logicalId);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn(role));
    expect(grantedTo(deployed, role)).toEqual([
      { ...PULLED, Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx' },
      { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
    ]);
  });

  test('runs the mirror\'s images in all its containers: the main one, one that initializes, and the log router', () => {
    addImage('busybox:1.36.1');
    addImage('public.ecr.aws/aws-observability/aws-for-fluent-bit:3.0.0');
    const definition = fargate();
    const main = definition.addContainer('main', { image: image('nginx:stable'), logging: ecs.LogDrivers.firelens({}) });
    const before = definition.addContainer('before', { image: image('busybox:1.36.1'), essential: false });
    main.addContainerDependencies({ container: before, condition: ecs.ContainerDependencyCondition.SUCCESS });
    definition.addFirelensLogRouter('router', {
      image: image('public.ecr.aws/aws-observability/aws-for-fluent-bit:3.0.0'), firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT },
    });
    expect(new DeployedStack(stack, platform).images()).toEqual({
      main: `${REGISTRY}/mirror/nginx:stable`,
      before: `${REGISTRY}/mirror/busybox:1.36.1`,
      router: `${REGISTRY}/mirror/public.ecr.aws/aws-observability/aws-for-fluent-bit:3.0.0`,
    });
  });

  test('waits for the first copy of the images that it runs, and for no other', () => {
    const other = addImage('redis:7.4.0');
    fargate('nginx:stable');
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.waits('AWS::ECS::TaskDefinition', mirror.image('nginx:stable'))).toBe(true);
    expect(deployed.waits('AWS::ECS::TaskDefinition', other)).toBe(false);
  });

  test('keeps the execution role that it has', () => {
    const executionRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    new ecs.FargateTaskDefinition(stack, 'Task', { executionRole }).addContainer('web', { image: image('nginx:stable') });
    const deployed = new DeployedStack(stack, platform);
    const role = stack.resolve((executionRole.node.defaultChild as iam.CfnRole).logicalId);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn(role));
    expect(grantedTo(deployed, role)).toContainEqual({ ...PULLED, Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx' });
  });

  test('changes no role that the app must not change', () => {
    const executionRole = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/shared', { mutable: false });
    new ecs.FargateTaskDefinition(stack, 'Task', { executionRole }).addContainer('web', { image: image('nginx:stable') });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    expect(deployed.resolver.ids('AWS::IAM::Policy')).toEqual([]);
  });

  test('takes the credentials for Docker Hub no longer to the mirror', () => {
    const credentials = new secretsmanager.Secret(stack, 'DockerHub', { secretStringValue: SecretValue.unsafePlainText('none') });
    const definition = fargate();
    definition.addContainer('mirrored', { image: ecs.ContainerImage.fromRegistry('nginx:stable', { credentials }) });
    definition.addContainer('public', { image: ecs.ContainerImage.fromRegistry('example/team', { credentials }) });
    const [mirrored, stillPublic] = new DeployedStack(stack, platform).only('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(mirrored).not.toHaveProperty('RepositoryCredentials');
    expect(stillPublic).toHaveProperty('RepositoryCredentials');
  });
});

describe('an image', () => {
  test.each([
    'nginx:stable', 'library/nginx:stable', 'docker.io/nginx:stable', 'docker.io/library/nginx:stable', 'index.docker.io/library/nginx:stable',
    'registry-1.docker.io/library/nginx:stable', 'Docker.IO/library/nginx:stable',
  ])('is found by any spelling: %s', (spelling) => {
    fargate(spelling);
    expect(new DeployedStack(stack, platform).images()).toEqual({ container0: `${REGISTRY}/mirror/nginx:stable` });
  });

  test('without a tag means latest', () => {
    addImage('redis');
    fargate('redis', 'redis:latest', 'nginx');
    expect(new DeployedStack(stack, platform).images()).toEqual({
      container0: `${REGISTRY}/mirror/redis:latest`, container1: `${REGISTRY}/mirror/redis:latest`, container2: 'nginx',
    });
  });

  test('of a registry with a port is found', () => {
    addImage('registry.example.com:5000/team/app:1.0.0');
    fargate('registry.example.com:5000/team/app:1.0.0', 'registry.example.com/team/app:1.0.0');
    expect(new DeployedStack(stack, platform).images()).toEqual({
      container0: `${REGISTRY}/mirror/registry.example.com_5000/team/app:1.0.0`, container1: 'registry.example.com/team/app:1.0.0',
    });
  });

  test.each([`redis@${DIGEST}`, `redis:7.4.0@${DIGEST}`])('that is pinned to a digest stays pinned to it: %s', (pinned) => {
    addImage(`redis@${DIGEST}`);
    fargate(pinned);
    expect(new DeployedStack(stack, platform).images()).toEqual({ container0: `${REGISTRY}/mirror/redis@${DIGEST}` });
  });

  test('that is pinned to a digest is pulled by its tag where a choice of platforms gave it another digest', () => {
    addImage(`redis:7.4.0@${DIGEST}`, { platforms: [ecr_assets.Platform.LINUX_ARM64] });
    fargate(`redis:7.4.0@${DIGEST}`);
    expect(new DeployedStack(stack, platform).images()).toEqual({ container0: `${REGISTRY}/mirror/redis:7.4.0` });
  });

  test('that is pinned to a digest is not replaced by one that is mirrored by its tag', () => {
    fargate(`nginx:stable@${DIGEST}`);
    expect(new DeployedStack(stack, platform).images()).toEqual({ container0: `nginx:stable@${DIGEST}` });
  });

  test('that is mirrored twice is taken from the repository that was first', () => {
    addImage('nginx:stable', { repositoryName: 'second/nginx' });
    fargate('nginx:stable');
    expect(new DeployedStack(stack, platform).images()).toEqual({ container0: `${REGISTRY}/mirror/nginx:stable` });
  });

  test('of the mirror stays as it is', () => {
    fargate().addContainer('web', { image: image(mirror.image('nginx:stable').imageUri) });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    expect(deployed.resolver.ids('AWS::IAM::Policy')).toEqual([]);
    expect(deployed.warnings()).toEqual([]);
  });

  test.each([
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com/nginx:stable',
    '906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit:3.0.0',
    '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/nginx:stable',
    '111122223333.dkr-ecr.eu-west-1.on.aws/nginx:stable',
  ])('in Amazon ECR stays as it is: %s', (name) => {
    fargate(name);
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ container0: name });
    expect(deployed.warnings()).toEqual([]);
  });

  test('of a repository in the app stays as it is', () => {
    const repository = new ecr.Repository(stack, 'Repository', { repositoryName: 'nginx' });
    fargate().addContainer('app', { image: ecs.ContainerImage.fromEcrRepository(repository, 'stable') });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ app: `${REGISTRY}/nginx:stable` });
    expect(deployed.warnings()).toEqual([]);
  });

  test('that only CloudFormation knows stays as it is', () => {
    const parameter = new CfnParameter(stack, 'Image', { default: 'nginx:stable' });
    fargate().addContainer('web', { image: image(parameter.valueAsString) });
    const deployed = new DeployedStack(stack, platform);
    expect(imageInTemplate()).toEqual({ Ref: 'Image' });
    expect(deployed.warnings()).toEqual([]);
  });

  test('that CloudFormation chooses by a condition is replaced in each case', () => {
    const { logicalId } = new CfnCondition(stack, 'Small', { expression: Fn.conditionEquals('a', 'b') });
    const inner = Fn.conditionIf(logicalId, 'redis:7', 'docker.io/nginx:stable');
    fargate().addContainer('web', { image: image(Fn.conditionIf(logicalId, 'nginx:stable', inner).toString()) });
    const uri = stack.resolve(mirror.image('nginx:stable').imageUri);
    expect(imageInTemplate()).toEqual({ 'Fn::If': ['Small', uri, { 'Fn::If': ['Small', 'redis:7', uri] }] });
  });
});

describe('a task definition of CloudFormation\'s own', () => {
  const containerDefinitions = [{ name: 'web', image: 'nginx:stable', repositoryCredentials: { credentialsParameter: 'docker-hub' } }];

  test('gets an execution role when it has none', () => {
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions });
    const deployed = new DeployedStack(stack, platform);
    const { ContainerDefinitions, ExecutionRoleArn } = deployed.only('AWS::ECS::TaskDefinition');
    expect(ContainerDefinitions).toEqual([{ Name: 'web', Image: `${REGISTRY}/mirror/nginx:stable` }]);
    const [role] = deployed.resolver.ids('AWS::IAM::Role').filter((id) => id.startsWith('Task'));
    expect(ExecutionRoleArn).toBe(deployed.resolver.arn(role));
    expect(deployed.resolver.properties(role).AssumeRolePolicyDocument.Statement).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' } },
    ]);
    expect(grantedTo(deployed, role)[0]).toEqual({ ...PULLED, Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx' });
  });

  test('gets no role when it runs nothing that is mirrored', () => {
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions: [{ name: 'web', image: 'redis:7' }] });
    expect(new DeployedStack(stack, platform).only('AWS::ECS::TaskDefinition')).toEqual({ ContainerDefinitions: [{ Name: 'web', Image: 'redis:7' }] });
  });

  test('keeps the role that the app defines', () => {
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions, executionRoleArn: role.roleArn });
    const deployed = new DeployedStack(stack, platform);
    const roleId = stack.resolve((role.node.defaultChild as iam.CfnRole).logicalId);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn(roleId));
    expect(grantedTo(deployed, roleId)).toHaveLength(2);
    expect(deployed.resolver.ids('AWS::IAM::Policy')).toHaveLength(1);
  });

  test('keeps the role of CloudFormation\'s own that the app defines', () => {
    const role = new iam.CfnRole(stack, 'Role', { assumeRolePolicyDocument: {} });
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions, executionRoleArn: role.attrArn });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn('Role'));
    expect(grantedTo(deployed, 'Role')).toHaveLength(2);
  });

  test('keeps the role of the account, which gets a policy', () => {
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions, executionRoleArn: 'arn:aws:iam::111122223333:role/service-role/execution' });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe('arn:aws:iam::111122223333:role/service-role/execution');
    expect(deployed.only('AWS::IAM::Policy').Roles).toEqual(['execution']);
  });

  test('is replaced where it is written without a class of its own, too', () => {
    new CfnResource(stack, 'Task', { type: 'AWS::ECS::TaskDefinition', properties: { ContainerDefinitions: [{ Name: 'web', Image: 'nginx:stable' }] } });
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    expect(deployed.resolver.ids('AWS::IAM::Policy')).toHaveLength(1);
  });

  test('is replaced where its image and its role were overridden, too', () => {
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const task = new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions: [{ name: 'web', image: 'redis:7' }] });
    task.addPropertyOverride('ContainerDefinitions.0.Image', 'nginx:stable');
    task.addPropertyOverride('ExecutionRoleArn', role.roleArn);
    const deployed = new DeployedStack(stack, platform);
    expect(deployed.images()).toEqual({ web: `${REGISTRY}/mirror/nginx:stable` });
    const roleId = stack.resolve((role.node.defaultChild as iam.CfnRole).logicalId);
    expect(deployed.only('AWS::ECS::TaskDefinition').ExecutionRoleArn).toBe(deployed.resolver.arn(roleId));
    expect(deployed.resolver.ids('AWS::IAM::Policy')).toHaveLength(1);
    expect(deployed.only('AWS::IAM::Policy').PolicyDocument.Statement).toHaveLength(2);
  });
});
