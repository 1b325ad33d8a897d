/** What mirrors images when a stack is deployed, as templates have it. */
import { App, CfnResource, Duration, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, ImageMirrorProps, MirrorCompute, MirroredImage, OnDeploy, OnTagMoved, RegistryCredentials } from '../../src';
import { Deployment, TemplateResolver } from '../support/template-resolver';

const TYPE = 'Custom::ImageMirror';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform');
});

function synthesize(props: ImageMirrorProps = {}): Template {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...props });
  return Template.fromStack(stack);
}

/** The custom resources of a template with their logical ids. */
function triggers(template: Template): [id: string, resource: Record<string, any>][] {
  return Object.entries(template.findResources(TYPE));
}

function onlyTrigger(template: Template): Record<string, any> {
  const found = triggers(template);
  expect(found).toHaveLength(1);
  return found[0][1];
}

function functionOf(template: Template, handler: string): Record<string, any> {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Handler: `handlers.${handler}` } }));
  return found;
}

describe('the custom resource', () => {
  test('is the declarations of the images, the prefix and the mode, and nothing from a clock', () => {
    const { Properties } = onlyTrigger(synthesize({ images: ['redis:7', 'nginx:stable'], onTagMoved: OnTagMoved.KEEP }));
    const { ServiceToken, ...rest } = Properties;
    expect(ServiceToken).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^MirrorOnDeployProviderframeworkonEvent/), 'Arn'] });
    expect(rest).toEqual({
      Images: [
        { IMAGE: 'docker.io/library/nginx:stable', ON_TAG_MOVED: 'KEEP' },
        { IMAGE: 'docker.io/library/redis:7', ON_TAG_MOVED: 'KEEP' },
      ],
      RepositoryPrefix: 'mirror',
      OnDeploy: 'WAIT',
    });
  });

  test('names each image as its schedule does', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    mirror.addImage('hashicorp/vault:1.14.0', { repositoryName: 'security/vault', referrers: false });
    mirror.addImage('redis:7', { repository: new ecr.Repository(stack, 'Mine') });
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    const scheduled = resolver.ids('AWS::Scheduler::Schedule').map((id) => {
      const { environmentVariablesOverride } = JSON.parse(resolver.properties(id).Target.Input);
      return Object.fromEntries(environmentVariablesOverride.map(({ name, value }: { name: string; value: string }) => [name, value]));
    });
    const { Images } = resolver.properties(resolver.ids(TYPE)[0]);
    expect(Images).toHaveLength(3);
    expect(Images).toEqual(expect.arrayContaining(scheduled));
  });

  test('holds an image that is added later', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    mirror.addImage('alpine:3');
    expect(onlyTrigger(Template.fromStack(stack)).Properties.Images).toEqual([{ IMAGE: 'docker.io/library/alpine:3' }, { IMAGE: 'docker.io/library/nginx:stable' }]);
  });

  test('has a logical id of its own, whatever the images', () => {
    const ids = [['nginx:stable'], ['redis:7', 'alpine:3']].map((images) => {
      stack = new Stack(new App(), 'Platform');
      return triggers(synthesize({ images })).map(([id]) => id);
    });
    expect(ids).toEqual([['MirrorOnDeployImages9AF2A85E'], ['MirrorOnDeployImages9AF2A85E']]);
  });

  test('goes without leaving anything', () => {
    synthesize().hasResource(TYPE, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
  });

  test('starts builds and does not wait for them where that is wanted', () => {
    expect(onlyTrigger(synthesize({ onDeploy: OnDeploy.START })).Properties).toMatchObject({ OnDeploy: 'START' });
  });

  test('is not there when a deployment is to mirror nothing, nor is anything for it', () => {
    const template = synthesize({ onDeploy: OnDeploy.OFF });
    for (const type of [TYPE, 'AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine', 'AWS::IAM::Policy']) template.resourceCountIs(type, 0);
    template.resourceCountIs('AWS::Logs::LogGroup', 1);
  });
});

describe('the custom resource waits', () => {
  const dependencies = (template: Template): string[] => onlyTrigger(template).DependsOn;

  test('for the repositories that it fills, and for the role of builds', () => {
    expect(dependencies(synthesize({ images: ['nginx:stable', 'redis:7'] }))).toEqual([
      expect.stringMatching(/^MirrorBuildRole/), expect.stringMatching(/^MirrorRepositoriesmirrornginx/), expect.stringMatching(/^MirrorRepositoriesmirrorredis/),
    ]);
  });

  test('for a repository that the app defines itself', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.addImage('nginx:stable', { repository: new ecr.Repository(stack, 'Mine') });
    expect(dependencies(Template.fromStack(stack))).toContainEqual(expect.stringMatching(/^Mine/));
  });

  test('for what lets builds read their credentials', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new secretsmanager.Secret(stack, 'DockerHub', { encryptionKey });
    expect(dependencies(synthesize({ credentials: [RegistryCredentials.dockerHub(secret)] }))).toContainEqual(expect.stringMatching(/^MirrorBuildRoleDefaultPolicy/));
  });

  test('for the routes and endpoints of the network that builds run in', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    vpc.addInterfaceEndpoint('Ecr', { service: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER });
    const names = dependencies(synthesize({ compute: MirrorCompute.ec2({ vpc }) }));
    for (const part of ['PrivateSubnet1DefaultRoute', 'NATGateway', 'VpcEcr']) expect(names).toContainEqual(expect.stringContaining(part));
  });

  test('for no repository that is not in the app', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.addImage('nginx:stable', { repository: ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/nginx') });
    expect(dependencies(Template.fromStack(stack))).toEqual([expect.stringMatching(/^MirrorBuildRole/)]);
  });
});

describe('whoever depends on an image', () => {
  const waiter = (scope: Stack) => new CfnResource(scope, 'Waiter', { type: 'AWS::CloudFormation::WaitConditionHandle' });

  test('waits for its repository and its first copy, and not for its schedule', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'redis:7'] });
    waiter(stack).node.addDependency(mirror.image('nginx:stable'));
    Template.fromStack(stack).hasResource('AWS::CloudFormation::WaitConditionHandle', {
      DependsOn: [Match.stringLikeRegexp('^MirrorOnDeployImages'), Match.stringLikeRegexp('^MirrorRepositoriesmirrornginx')],
    });
  });

  test('waits for its repository where a deployment mirrors nothing', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], onDeploy: OnDeploy.OFF });
    waiter(stack).node.addDependency(mirror.image('nginx:stable'));
    Template.fromStack(stack).hasResource('AWS::CloudFormation::WaitConditionHandle', { DependsOn: [Match.stringLikeRegexp('^MirrorRepositoriesmirrornginx')] });
  });

  test('of another stack waits for the stack of the image', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const other = new Stack(app, 'Other');
    waiter(other).node.addDependency(mirror.image('nginx:stable'));
    app.synth();
    expect(other.dependencies).toEqual([stack]);
  });

  test('may be a service in the network that builds run in', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], compute: MirrorCompute.ec2({ vpc }) });
    const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
    taskDefinition.addContainer('web', { image: ecs.ContainerImage.fromEcrRepository(mirror.image('nginx:stable').repository, 'stable') });
    const service = new ecs.FargateService(stack, 'Service', { cluster: new ecs.Cluster(stack, 'Cluster', { vpc }), taskDefinition });
    service.node.addDependency(mirror.image('nginx:stable'));
    Template.fromStack(stack).hasResource('AWS::ECS::Service', { DependsOn: Match.arrayWith([Match.stringLikeRegexp('^MirrorOnDeployImages')]) });
  });
});

describe('an image of another stack', () => {
  test('is mirrored by a custom resource there, behind the functions of the mirror', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const team = new Stack(app, 'Team');
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    new MirroredImage(team, 'Redis', { mirror, image: 'redis:7' });
    const { Properties } = onlyTrigger(Template.fromStack(team));
    expect(Properties.Images).toEqual([{ IMAGE: 'docker.io/grafana/grafana:11.1.0' }, { IMAGE: 'docker.io/library/redis:7' }]);
    expect(Properties.ServiceToken).toEqual({ 'Fn::ImportValue': expect.stringContaining('frameworkonEvent') });
    expect(onlyTrigger(Template.fromStack(stack)).Properties.Images).toEqual([{ IMAGE: 'docker.io/library/nginx:stable' }]);
    expect(team.dependencies).toEqual([stack]);
    expect(stack.dependencies).toEqual([]);
  });

  test('needs no custom resource in the stack of a mirror without images', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    Template.fromStack(stack).resourceCountIs(TYPE, 0);
    Template.fromStack(stack).resourceCountIs('AWS::StepFunctions::StateMachine', 1);
  });

  test('may be in a nested stack', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const nested = new NestedStack(stack, 'Nested');
    new MirroredImage(nested, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    expect(() => app.synth()).not.toThrow();
    Template.fromStack(nested).resourceCountIs(TYPE, 1);
  });

  test('may be in the stack that a mirror is nested in', () => {
    const mirror = new ImageMirror(new NestedStack(stack, 'Nested'), 'Mirror', { images: ['nginx:stable'] });
    new MirroredImage(stack, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    expect(() => app.synth()).not.toThrow();
    Template.fromStack(stack).resourceCountIs(TYPE, 1);
  });
});

describe('the functions', () => {
  test('run on Node 22, with the bundle, and log into a group that is kept as long as that of builds', () => {
    const template = synthesize({ logRetention: logs.RetentionDays.ONE_WEEK });
    for (const handler of ['onEvent', 'isComplete']) {
      expect(functionOf(template, handler).Properties).toMatchObject({ Runtime: 'nodejs22.x', LoggingConfig: { LogGroup: { Ref: expect.stringMatching(/^MirrorOnDeployLogs/) } } });
    }
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.map(({ Properties }) => Properties.RetentionInDays)).toEqual([7, 7]);
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) expect(Properties.LoggingConfig.LogGroup).toBeDefined();
  });

  test.each<[string, MirrorCompute, { start: string; longest: string; wait: string; total: number }]>([
    ['of an hour', MirrorCompute.ec2(), { start: '8', longest: '50', wait: '50', total: 60 }],
    ['on Lambda compute', MirrorCompute.awsLambda(), { start: '8', longest: '15', wait: '25', total: 35 }],
    ['of 5 minutes', MirrorCompute.ec2({ timeout: Duration.minutes(5) }), { start: '8', longest: '5', wait: '15', total: 25 }],
    ['of 36 hours', MirrorCompute.ec2({ timeout: Duration.hours(36) }), { start: '8', longest: '50', wait: '50', total: 60 }],
  ])('know how long builds %s take, and never take longer than the hour that CloudFormation waits', (_, compute, { start, longest, wait, total }) => {
    const template = synthesize({ compute });
    const onEvent = functionOf(template, 'onEvent').Properties;
    expect(onEvent.Environment.Variables).toEqual({
      MIRROR_PROJECT: { Ref: expect.stringMatching(/^MirrorProject/) }, MIRROR_LONGEST_BUILD_MINUTES: longest, MIRROR_START_MINUTES: start,
    });
    expect(functionOf(template, 'isComplete').Properties.Environment.Variables).toEqual({ MIRROR_WAIT_MINUTES: wait });
    // The framework gives a function 15 minutes.
    expect(onEvent.Timeout).toBeGreaterThan(Number(start) * 60);
    expect(onEvent.Timeout).toBeLessThan(15 * 60);
    const definition = JSON.stringify(Object.values(template.findResources('AWS::StepFunctions::StateMachine'))[0].Properties.DefinitionString);
    const [, interval, attempts] = /IntervalSeconds\\*":(\d+),\\*"MaxAttempts\\*":(\d+)/.exec(definition)!;
    expect([interval, Number(interval) * Number(attempts)]).toEqual(['10', total * 60]);
    expect(Number(start) + Number(wait)).toBeLessThan(total);
  });
});

test.each<[string, Deployment['partition'], string]>([['aws', 'aws', 'eu-west-1'], ['aws-cn', 'aws-cn', 'cn-north-1']])('everything is named in the partition of the place: %s', (_, partition, region) => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON(), { partition, region, account: '111122223333', urlSuffix: 'x' });
  const ids = ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine', TYPE].flatMap((type) => resolver.ids(type));
  const resolved = JSON.stringify(ids.map((id) => resolver.properties(id)));
  expect(new Set([...resolved.matchAll(/arn:([a-z-]+):/g)].map(([, found]) => found))).toEqual(new Set([partition]));
  expect(resolved).toContain(`arn:${partition}:cloudformation:${region}:111122223333:stack/Team/*`);
});
