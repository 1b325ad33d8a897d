import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror } from '../../src';
import { judgeCall, PrincipalCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const ORGANIZATION = 'o-abcde12345';
const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const PUSH = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];
const CHANGE = ['ecr:BatchDeleteImage', 'ecr:DeleteRepository', 'ecr:DeleteRepositoryPolicy', 'ecr:PutImageTagMutability', 'ecr:PutLifecyclePolicy', 'ecr:SetRepositoryPolicy'];

const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;

/** A stack in which every kind of consumer runs `nginx:stable`, and none runs `redis:7.2.5`. */
function deploy() {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'redis:7.2.5'] });
  const image = mirror.image('nginx:stable');
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: image.toContainerImage() });
  new ecs.Ec2TaskDefinition(stack, 'Machine').addContainer('Web', { image: image.toContainerImage(), memoryLimitMiB: 256 });
  const container = new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image.toContainerImage(), cpu: 1, memory: Size.gibibytes(2) });
  new batch.EcsJobDefinition(stack, 'Job', { container });
  const buildSpec = codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['true'] } } });
  new codebuild.Project(stack, 'Build', { buildSpec, environment: { buildImage: image.toBuildImage() } });
  new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
  const publisher = new iam.Role(stack, 'Publisher', { assumedBy: new iam.AccountRootPrincipal() });
  image.grantPull(publisher);
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deploy();

function roleWith(prefix: string): string {
  const [role, ...others] = deployed.ids('AWS::IAM::Role').filter((id) => id.startsWith(prefix));
  if (role === undefined || others.length > 0) throw new Error(`${others.length + 1} roles are called ${prefix}, or none`);
  return role;
}

/** Whether the role's own policies, without that of the repository, allow a call. */
function mayRole(prefix: string, action: string, resource: string): Promise<string> {
  const id = roleWith(prefix);
  return judgeCall({ principal: deployed.arn(id), action, resource, account }, { identity: rolePolicies(deployed, id) });
}

describe.each([
  ['the execution role of a task on Fargate', 'TaskExecutionRole'],
  ['the execution role of a task on Amazon EC2', 'MachineExecutionRole'],
  ['the execution role of a job', 'ContainerExecutionRole'],
  ['the role of a project', 'BuildRole'],
  ['a role that was granted the pull', 'Publisher'],
])('%s', (_, role) => {
  test.each([...PULL.map((action) => [action, repository('mirror/nginx')]), ['ecr:GetAuthorizationToken', '*']])('may do %s on %s', async (action, resource) => {
    expect(await mayRole(role, action, resource)).toBe('Allowed');
  });

  test.each([
    ...PULL.map((action) => [action, repository('mirror/redis')]),
    ...PULL.map((action) => [action, repository('mirror/nginx-but-not-mine')]),
    ...PULL.map((action) => [action, `arn:aws:ecr:us-east-1:${account}:repository/mirror/nginx`]),
    ...[...PUSH, ...CHANGE].map((action) => [action, repository('mirror/nginx')]),
    ['ecr:CreateRepository', repository('mirror/another')],
  ])('may not do %s on %s', async (action, resource) => {
    expect(await mayRole(role, action, resource)).toBe('ImplicitlyDenied');
  });
});

describe('a role that runs beside the image', () => {
  test.each(['TaskTaskRole', 'MachineTaskRole', 'FunctionServiceRole'])('%s may not pull, for it need not', async (role) => {
    for (const action of PULL) expect(await mayRole(role, action, repository('mirror/nginx'))).toBe('ImplicitlyDenied');
  });
});

describe('AWS Lambda', () => {
  const policyOf = (name: string) => {
    const [properties] = deployed.ids('AWS::ECR::Repository').map((id) => deployed.properties(id)).filter(({ RepositoryName }) => RepositoryName === name);
    return properties.RepositoryPolicyText;
  };
  const functionOf = (owner: string, place = region) => `arn:aws:lambda:${place}:${owner}:function:worker`;
  const mayLambda = (call: Pick<PrincipalCall, 'action' | 'context'>, name = 'mirror/nginx', principal = 'lambda.amazonaws.com') => judgeCall(
    { ...call, principal, resource: repository(name), account }, { identity: [], resource: policyOf(name) },
  );

  test.each(['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'])('may do %s for a function of the account', async (action) => {
    expect(await mayLambda({ action, context: { 'aws:SourceArn': functionOf(account) } })).toBe('Allowed');
  });

  test.each(['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'])('may not do %s for another account, another Region, or nobody', async (action) => {
    expect(await mayLambda({ action, context: { 'aws:SourceArn': functionOf('444455556666') } })).toBe('ImplicitlyDenied');
    expect(await mayLambda({ action, context: { 'aws:SourceArn': functionOf(account, 'us-east-1') } })).toBe('ImplicitlyDenied');
    expect(await mayLambda({ action })).toBe('ImplicitlyDenied');
  });

  test.each([...PUSH, ...CHANGE])('may not do %s', async (action) => {
    expect(await mayLambda({ action, context: { 'aws:SourceArn': functionOf(account) } })).toBe('ImplicitlyDenied');
  });

  test('may not pull an image that no function runs', async () => {
    expect(await mayLambda({ action: 'ecr:BatchGetImage', context: { 'aws:SourceArn': functionOf(account) } }, 'mirror/redis')).toBe('ImplicitlyDenied');
  });

  test('is the only service that may', async () => {
    const call = { action: 'ecr:BatchGetImage', context: { 'aws:SourceArn': functionOf(account) } };
    expect(await mayLambda(call, 'mirror/nginx', 'ec2.amazonaws.com')).toBe('ImplicitlyDenied');
  });
});

describe('a shared mirror', () => {
  /** The policy of a repository of a mirror that was shared. */
  function sharedPolicy(share: (mirror: ImageMirror) => void): unknown {
    const stack = new Stack(new App(), 'Platform');
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    share(mirror);
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    return resolver.properties(resolver.ids('AWS::ECR::Repository')[0]).RepositoryPolicyText;
  }

  const identityMay = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: PULL, Resource: '*' }] };
  const callOf = (owner: string, action: string, organization?: string): PrincipalCall => ({
    principal: `arn:aws:iam::${owner}:role/Task`,
    action,
    resource: repository('mirror/nginx'),
    account,
    context: organization === undefined ? {} : { 'aws:PrincipalOrgID': organization },
  });

  const organization = sharedPolicy((mirror) => mirror.grantPullToOrganization(ORGANIZATION));
  const accounts = sharedPolicy((mirror) => mirror.grantPullToAccounts(['444455556666']));

  test.each(PULL)('lets the roles of its organization do %s when their own account does too', async (action) => {
    expect(await judgeCall(callOf('444455556666', action, ORGANIZATION), { identity: [identityMay], resource: organization })).toBe('Allowed');
    expect(await judgeCall(callOf('444455556666', action, ORGANIZATION), { identity: [], resource: organization })).toBe('ImplicitlyDenied');
  });

  test('lets every role of its own account pull, as the documentation says', async () => {
    expect(await judgeCall(callOf(account, 'ecr:BatchGetImage', ORGANIZATION), { identity: [], resource: organization })).toBe('Allowed');
  });

  test('lets no other organization pull, and nobody outside one', async () => {
    for (const other of ['o-zzzzz99999', undefined]) {
      expect(await judgeCall(callOf('444455556666', 'ecr:BatchGetImage', other), { identity: [identityMay], resource: organization })).toBe('ImplicitlyDenied');
    }
  });

  test.each(PULL)('lets the roles of its accounts do %s when their own account does too', async (action) => {
    expect(await judgeCall(callOf('444455556666', action), { identity: [identityMay], resource: accounts })).toBe('Allowed');
    expect(await judgeCall(callOf('444455556666', action), { identity: [], resource: accounts })).toBe('ImplicitlyDenied');
  });

  test('lets no other account pull', async () => {
    expect(await judgeCall(callOf('222233334444', 'ecr:BatchGetImage'), { identity: [identityMay], resource: accounts })).toBe('ImplicitlyDenied');
  });

  test.each([...PUSH, ...CHANGE])('lets nobody do %s from outside', async (action) => {
    const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
    for (const resource of [organization, accounts]) {
      expect(await judgeCall(callOf('444455556666', action, ORGANIZATION), { identity: [everything], resource })).toBe('ImplicitlyDenied');
    }
  });
});
