/** What the roles of a mirror with customized images may do, judged by a simulator of IAM. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, MirrorCompute, MirroredImage, RegistryCredentials } from '../../src';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { MAX_INLINE_POLICY_LENGTH, renderedLength } from '../../src/repositories/repository-arns';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { foreignStarts, ownStarts, StartBuildCall, startedProject } from '../support/start-build-calls';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const LINES = ['RUN true'];

interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, string | string[]>;
}

/** A mirror with a customized image of its own stack, one of another stack, and one that is not customized. */
function deployMirror(more = 0): TemplateResolver {
  const app = new App();
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', {
    images: ['nginx:stable'],
    credentials: [RegistryCredentials.dockerHub(secretsmanager.Secret.fromSecretNameV2(stack, 'DockerHub', 'docker-hub'))],
  });
  mirror.addImage('hashicorp/vault:1.14.0', { dockerfileLines: LINES });
  for (let index = 0; index < more; index++) mirror.addImage(`team/app${index}:1.0.0`, { dockerfileLines: LINES });
  new MirroredImage(new Stack(app, 'Team'), 'Redis', { mirror, image: 'redis:7.0.1', dockerfileLines: LINES });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployMirror();
const roleOf = (pattern: RegExp) => deployed.ids('AWS::IAM::Role').find((id) => pattern.test(id))!;
const customRole = roleOf(/^MirrorCustomImagesBuildRole/);
const buildRole = roleOf(/^MirrorBuildRole/);
const isCompleteRole = roleOf(/^MirrorOnDeployIsCompleteRole/);
const [customProject] = deployed.ids('AWS::CodeBuild::Project').filter((id) => /Custom/.test(id)).map((id) => deployed.arn(id));
const [project] = deployed.ids('AWS::CodeBuild::Project').filter((id) => !/Custom/.test(id)).map((id) => deployed.arn(id));
const [logGroup] = deployed.ids('AWS::Logs::LogGroup').filter((id) => /^MirrorLogs/.test(id)).map((id) => deployed.arn(id).replace(/:\*$/, ''));
const [program, engine] = [customProject, project].map((arn) => {
  const id = deployed.ids('AWS::CodeBuild::Project').find((one) => deployed.arn(one) === arn)!;
  return `arn:aws:s3:::${deployed.properties(id).Source.Location}`;
});
const started = {
  ...startedProject(deployed, deployed.ids('AWS::CodeBuild::Project').find((id) => /Custom/.test(id))!, ['IMAGES']),
  other: { image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0', type: 'ARM_CONTAINER' },
};
const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;
const bus = `arn:aws:events:${region}:${account}:event-bus/default`;

const judge = (role: string, { action, resource, context }: Call, template = deployed) => {
  return judgeCall({ principal: template.arn(role), action, resource, account, context }, { identity: rolePolicies(template, role) });
};

const PULL = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];
const PUSH = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];
/** What would let a build remove images, or change what expires. */
const REMOVE = ['ecr:BatchDeleteImage', 'ecr:DeleteRepository', 'ecr:PutLifecyclePolicy', 'ecr:DeleteLifecyclePolicy', 'ecr:StartLifecyclePolicyPreview', 'ecr:UpdateImageStorageClass'];
const BASES = ['mirror/hashicorp/vault', 'mirror/redis'];
const CUSTOMS = ['mirror/custom/hashicorp/vault', 'mirror/custom/redis'];

describe('builds of customized images', () => {
  test.each<Call>([
    { action: 'ecr:GetAuthorizationToken', resource: '*' },
    ...[...BASES, ...CUSTOMS].flatMap((name) => PULL.map((action) => ({ action, resource: repository(name) }))),
    ...CUSTOMS.flatMap((name) => [...PUSH, 'ecr:DescribeImages'].map((action) => ({ action, resource: repository(name) }))),
    { action: 'events:PutEvents', resource: bus, context: { 'events:source': ['cdk-ecr-mirror'] } },
    { action: 'logs:CreateLogStream', resource: `${logGroup}:log-stream:1234` },
    { action: 'logs:PutLogEvents', resource: `${logGroup}:log-stream:1234` },
    { action: 's3:GetObject', resource: program },
  ])('may do what they do: $action on $resource', async (call) => {
    expect(await judge(customRole, call)).toBe('Allowed');
  });

  test.each<Call>([
    ...BASES.flatMap((name) => PUSH.map((action) => ({ action, resource: repository(name) }))),
    ...[...PULL, ...PUSH].map((action) => ({ action, resource: repository('mirror/nginx') })),
    { action: 'ecr:PutImage', resource: repository('mirror/custom/nginx') },
    ...[...BASES, ...CUSTOMS].flatMap((name) => REMOVE.map((action) => ({ action, resource: repository(name) }))),
    ...[...BASES, 'mirror/custom/nginx'].map((name) => ({ action: 'ecr:DescribeImages', resource: repository(name) })),
    { action: 'ecr:SetRepositoryPolicy', resource: repository(CUSTOMS[0]) },
    { action: 'secretsmanager:GetSecretValue', resource: `arn:aws:secretsmanager:${region}:${account}:secret:docker-hub-AbCdEf` },
    { action: 'codebuild:StartBuild', resource: customProject },
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'events:PutEvents', resource: bus, context: { 'events:source': ['com.example.orders'] } },
    { action: 's3:GetObject', resource: engine },
    { action: 'iam:PassRole', resource: deployed.arn(buildRole) },
    { action: 'sts:AssumeRole', resource: deployed.arn(buildRole) },
    { action: 'ec2:CreateNetworkInterface', resource: `arn:aws:ec2:${region}:${account}:network-interface/eni-1234567890abcdef0` },
  ])('may do nothing else: $action on $resource', async (call) => {
    expect(await judge(customRole, call)).toBe('ImplicitlyDenied');
  });

  test('may join the network that they run in', async () => {
    const stack = new Stack(new App(), 'Platform');
    new ImageMirror(stack, 'Mirror', { compute: MirrorCompute.ec2({ vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 }) }) }).addImage('redis:7.0.1', { dockerfileLines: LINES });
    const template = new TemplateResolver(Template.fromStack(stack).toJSON());
    const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorCustomImagesBuildRole/.test(id))!;
    const call = { action: 'ec2:CreateNetworkInterface', resource: `arn:aws:ec2:${region}:${account}:network-interface/eni-1234567890abcdef0` };
    expect(await judge(role, call, template)).toBe('Allowed');
  });

  test('run for this account\'s CodeBuild only', () => {
    expect(deployed.properties(customRole).AssumeRolePolicyDocument.Statement).toEqual([{
      Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': account } },
    }]);
  });
});

describe('the mirror\'s own builds', () => {
  test.each<Call>([
    { action: 'codebuild:StartBuild', resource: customProject },
    ...CUSTOMS.map((name) => ({ action: 'ecr:BatchGetImage', resource: repository(name) })),
    ...BASES.map((name) => ({ action: 'ecr:PutImage', resource: repository(name) })),
  ])('may start those of customized images and see what there is: $action on $resource', async (call) => {
    expect(await judge(buildRole, call)).toBe('Allowed');
  });

  test.each(ownStarts(started))('may start one with %s', async (_, context) => {
    expect(await judge(buildRole, { action: 'codebuild:StartBuild', resource: customProject, context })).toBe('Allowed');
  });

  test.each([
    ...foreignStarts(started),
    ...Object.values(RUN_ENVIRONMENT).filter((name) => name !== 'IMAGES').map((name): StartBuildCall => {
      return [`the variable ${name}, which they have no use for`, { 'codebuild:environment.environmentVariables.name': [name] }];
    }),
  ])('may not start one with %s, whatever else allows it', async (_, context) => {
    expect(await judge(buildRole, { action: 'codebuild:StartBuild', resource: customProject, context })).toBe('ExplicitlyDenied');
  });

  test('may not start one in an image for the other processor where there is none', async () => {
    const stack = new Stack(new App(), 'Platform');
    const customImageCompute = MirrorCompute.ec2({ buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('example/build:1') });
    new ImageMirror(stack, 'Mirror', { customImageCompute }).addImage('redis:7.0.1', { dockerfileLines: LINES });
    const template = new TemplateResolver(Template.fromStack(stack).toJSON());
    const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorBuildRole/.test(id))!;
    const resource = template.arn(template.ids('AWS::CodeBuild::Project').find((id) => /Custom/.test(id))!);
    const start = (image: string) => judge(role, { action: 'codebuild:StartBuild', resource, context: { 'codebuild:environment.image': image } }, template);
    expect([await start('example/build:1'), await start(started.other.image)]).toEqual(['Allowed', 'ExplicitlyDenied']);
  });

  test.each<Call>([
    ...CUSTOMS.flatMap((name) => PUSH.filter((action) => action !== 'ecr:PutImage').map((action) => ({ action, resource: repository(name) }))),
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'codebuild:StopBuild', resource: customProject },
    { action: 'codebuild:UpdateProject', resource: customProject },
    { action: 'iam:PassRole', resource: deployed.arn(customRole) },
    { action: 's3:GetObject', resource: program },
  ])('may do nothing else with them: $action on $resource', async (call) => {
    expect(await judge(buildRole, call)).toBe('ImplicitlyDenied');
  });
});

test.each<[string, (mirror: ImageMirror) => void]>([
  ['a catalog', (mirror) => mirror.addCatalog('List', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(mirror, 'Images', '/images')))],
  ['many images', (mirror) => { for (let index = 0; index < 61; index++) mirror.addImage(`team/app${index}:1.0.0`); }],
])('the builds of a mirror with %s cannot pass off an image as a customized one', async (_, define) => {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror');
  mirror.addImage('redis:7.0.1', { dockerfileLines: LINES });
  define(mirror);
  const template = new TemplateResolver(Template.fromStack(stack).toJSON());
  const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorBuildRole/.test(id))!;
  const put = (name: string) => judge(role, { action: 'ecr:PutImage', resource: repository(name) }, template);
  expect([await put('mirror/team/app0'), await put('mirror/custom/redis')]).toEqual(['Allowed', 'ExplicitlyDenied']);
});

describe('whoever else starts and follows builds', () => {
  test('asks how builds of both projects stand', async () => {
    for (const resource of [project, customProject]) expect(await judge(isCompleteRole, { action: 'codebuild:BatchGetBuilds', resource })).toBe('Allowed');
    expect(await judge(isCompleteRole, { action: 'codebuild:StartBuild', resource: customProject })).toBe('ImplicitlyDenied');
  });

  test.each([/^MirrorSchedulerRole/, /^MirrorOnDeployOnEventRole/])('does not start a privileged build: %s', async (pattern) => {
    expect(await judge(roleOf(pattern), { action: 'codebuild:StartBuild', resource: customProject })).toBe('ImplicitlyDenied');
  });
});

describe('a mirror with many customized images', () => {
  const many = deployMirror(100);
  const idOf = (pattern: RegExp) => many.ids('AWS::IAM::Role').find((id) => pattern.test(id))!;

  test.each([/^MirrorCustomImagesBuildRole/, /^MirrorBuildRole/])('has policies that IAM takes: %s', (pattern) => {
    const length = rolePolicies(many, idOf(pattern)).reduce<number>((sum, policy) => sum + renderedLength(policy), 0);
    expect(length).toBeLessThan(MAX_INLINE_POLICY_LENGTH);
  });

  test('names their repositories by patterns, and lets no build of them change an original', async () => {
    const role = idOf(/^MirrorCustomImagesBuildRole/);
    expect(await judge(role, { action: 'ecr:PutImage', resource: repository('mirror/custom/team/app7') }, many)).toBe('Allowed');
    expect(await judge(role, { action: 'ecr:BatchGetImage', resource: repository('mirror/team/app7') }, many)).toBe('Allowed');
    expect(await judge(role, { action: 'ecr:PutImage', resource: repository('mirror/team/app7') }, many)).toBe('ImplicitlyDenied');
    expect(await judge(role, { action: 'ecr:BatchGetImage', resource: repository('production/app') }, many)).toBe('ImplicitlyDenied');
  });
});

test('an existing repository is named by itself, also one whose name is a token', async () => {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror');
  mirror.addImage('redis:7.0.1', { dockerfileLines: LINES, repository: new ecr.Repository(stack, 'Mine') });
  const template = new TemplateResolver(Template.fromStack(stack).toJSON());
  const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorCustomImagesBuildRole/.test(id))!;
  const mine = template.ids('AWS::ECR::Repository').find((id) => /^Mine/.test(id))!;
  expect(await judge(role, { action: 'ecr:BatchGetImage', resource: template.arn(mine) }, template)).toBe('Allowed');
  expect(await judge(role, { action: 'ecr:PutImage', resource: template.arn(mine) }, template)).toBe('ImplicitlyDenied');
});
