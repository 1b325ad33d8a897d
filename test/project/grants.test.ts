/** Permissions that an app grants to builds, judged by a simulator of IAM. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as signer from 'aws-cdk-lib/aws-signer';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { ImageCatalog, ImageMirror, MirrorCompute, PullThroughCache, UpstreamRegistry } from '../../src';
import { MAX_INLINE_POLICY_LENGTH, renderedLength } from '../../src/repositories/repository-arns';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

const folder = withFolder();

const { account, region } = COMMERCIAL;
const KEY = `arn:aws:kms:${region}:${account}:key/11112222-3333-4444-5555-666677778888`;
const PROFILE = `arn:aws:signer:${region}:${account}:/signing-profiles/images`;

/** The policy of a key, or of a repository in another account, that lets IAM policies decide. */
function resourcePolicy(action: string, resource: string) {
  if (action.startsWith('kms:')) return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }] };
  const isForeign = action.startsWith('ecr:') && resource.split(':')[4] !== account;
  return isForeign ? { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'ecr:*' }] } : undefined;
}

type Context = Record<string, string | string[]>;

/** The key has a name in it, which the simulator does not support. So another key of the same type stands in for it. */
const standIn = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value).replaceAll('kms:EncryptionContext:aws:s3:arn', 'kms:RequestAlias')) as Value;

const roleOf = (template: TemplateResolver, pattern: RegExp) => template.ids('AWS::IAM::Role').find((id) => pattern.test(id))!;
const judge = (template: TemplateResolver, action: string, resource: string, context: Context = {}, role = /^MirrorBuildRole/) => {
  const roleId = roleOf(template, role);
  const call = { principal: template.arn(roleId), action, resource, account: resource.split(':')[4] || account, context: standIn(context) };
  return judgeCall(call, { identity: standIn(rolePolicies(template, roleId)), resource: resourcePolicy(action, resource) });
};

const statement = (action: string, resource: string) => new iam.PolicyStatement({ actions: [action], resources: [resource] });

describe('a grant reaches the role of builds', () => {
  test.each<[string, (mirror: ImageMirror, key: kms.IKey) => unknown]>([
    ['to the mirror', (mirror, key) => key.grantDecrypt(mirror)],
    ['to its principal', (mirror, key) => key.grantDecrypt(mirror.grantPrincipal)],
    ['to the project', (mirror, key) => key.grantDecrypt(mirror.project)],
    ['to the principal of the project', (mirror, key) => key.grantDecrypt(mirror.project.grantPrincipal)],
    ['to the role of the project', (mirror, key) => key.grantDecrypt(mirror.project.role!)],
    ['with addToRolePolicy()', (mirror) => mirror.project.addToRolePolicy(statement('kms:Decrypt', KEY))],
    ['with addToPrincipalPolicy()', (mirror) => mirror.grantPrincipal.addToPrincipalPolicy(statement('kms:Decrypt', KEY))],
    ['with iam.Grant', (mirror) => iam.Grant.addToPrincipal({ grantee: mirror, actions: ['kms:Decrypt'], resourceArns: [KEY] }).assertSuccess()],
    ['with an inline policy', ({ project }) => project.role!.attachInlinePolicy(new iam.Policy(project, 'More', { statements: [statement('kms:Decrypt', KEY)] }))],
  ])('%s', async (_, grant) => {
    const { stack, mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    grant(mirror, kms.Key.fromKeyArn(stack, 'Key', KEY));
    const template = deploy();
    expect(await judge(template, 'kms:Decrypt', KEY)).toBe('Allowed');
    expect(await judge(template, 'kms:Decrypt', KEY.replace('1111', '9999'))).toBe('ImplicitlyDenied');
  });

  test('and a resource policy names the role', () => {
    const { stack, mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    const other = s3.Bucket.fromBucketName(stack, 'Lists', 'lists');
    other.grantRead(mirror.project);
    new sqs.Queue(stack, 'Queue').addToResourcePolicy(new iam.PolicyStatement({ principals: [mirror.grantPrincipal], actions: ['sqs:SendMessage'], resources: ['*'] }));
    const template = deploy();
    const [policy] = template.ids('AWS::SQS::QueuePolicy').map((id) => template.properties(id).PolicyDocument).filter((one) => JSON.stringify(one).includes('BuildRole'));
    expect(policy.Statement[0].Principal).toEqual({ AWS: template.arn(roleOf(template, /^MirrorBuildRole/)) });
  });

  test('before the first build of a deployment starts', () => {
    const { stack, mirror } = mirrorStack({ images: ['nginx:stable'] });
    kms.Key.fromKeyArn(stack, 'Key', KEY).grantDecrypt(mirror);
    const [resource] = Object.values(Template.fromStack(stack).findResources('Custom::ImageMirror'));
    expect(resource.DependsOn).toContainEqual(expect.stringMatching(/^MirrorBuildRoleDefaultPolicy/));
  });
});

test('without a grant of the app, the role has no policy but its own', () => {
  const template = mirrorStack({ images: ['nginx:stable'] }).deploy();
  expect(rolePolicies(template, roleOf(template, /^MirrorBuildRole/))).toHaveLength(1);
});

test('a grant does not reach the privileged builds of customized images, which run what comes from upstream', async () => {
  const { stack, mirror, deploy } = mirrorStack();
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
  kms.Key.fromKeyArn(stack, 'Key', KEY).grantDecrypt(mirror);
  expect(await judge(deploy(), 'kms:Decrypt', KEY, {}, /^MirrorCustomImagesBuildRole/)).toBe('ImplicitlyDenied');
});

test('long grants count in the policy of the role, which then lists repositories by a pattern', () => {
  const { mirror, deploy } = mirrorStack({ images: Array.from({ length: 45 }, (_, index) => `team/application${index}:1.0.0`) });
  for (let index = 0; index < 40; index++) mirror.project.addToRolePolicy(statement('s3:GetObject', `arn:aws:s3:::bucket-with-a-name-${index}/and/a/rather/long/key/in/it/which/is/readable`));
  const template = deploy();
  const length = rolePolicies(template, roleOf(template, /^MirrorBuildRole/)).reduce<number>((sum, policy) => sum + renderedLength(policy), 0);
  expect(length).toBeLessThan(MAX_INLINE_POLICY_LENGTH);
});

describe('signing', () => {
  const define = (order: 'before' | 'after') => {
    const { stack, mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    const allow = () => mirror.allowSigning(signer.SigningProfile.fromSigningProfileAttributes(stack, 'Profile', { signingProfileName: 'images', signingProfileVersion: 'v1' }));
    if (order === 'before') allow();
    mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
    if (order === 'after') allow();
    return deploy();
  };

  test.each(['before', 'after'] as const)('is allowed to all builds that push, %s customized images are added', async (order) => {
    const template = define(order);
    for (const role of [/^MirrorBuildRole/, /^MirrorCustomImagesBuildRole/]) {
      expect([role, await judge(template, 'signer:SignPayload', PROFILE, {}, role)]).toEqual([role, 'Allowed']);
      expect(await judge(template, 'signer:SignPayload', PROFILE.replace('images', 'another'), {}, role)).toBe('ImplicitlyDenied');
      expect(await judge(template, 'signer:StartSigningJob', PROFILE, {}, role)).toBe('ImplicitlyDenied');
    }
  });

  test('is not allowed otherwise', async () => {
    expect(await judge(mirrorStack({ images: ['nginx:stable'] }).deploy(), 'signer:SignPayload', PROFILE)).toBe('ImplicitlyDenied');
  });
});

describe('assets in a bucket with a key of its own', () => {
  const template = (() => {
    const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
    return deploy();
  })();
  const projectOf = (custom: boolean) => template.ids('AWS::CodeBuild::Project').find((id) => /Custom/.test(id) === custom)!;
  const contextOf = (arn: string, service = `s3.${region}.amazonaws.com`) => ({ 'kms:ViaService': service, 'kms:EncryptionContext:aws:s3:arn': arn });

  describe.each([[/^MirrorBuildRole/, false], [/^MirrorCustomImagesBuildRole/, true]] as const)('and %s', (role, custom) => {
    const object = `arn:aws:s3:::${template.properties(projectOf(custom)).Source.Location}`;
    const bucket = object.split('/')[0];
    test.each<[string, string, Context, string]>([
      ['the object', KEY, contextOf(object), 'Allowed'],
      ['the bucket with a Bucket Key', KEY, contextOf(bucket), 'Allowed'],
      ['another object', KEY, contextOf(`${bucket}/another.zip`), 'ImplicitlyDenied'],
      ['another bucket', KEY, contextOf('arn:aws:s3:::another'), 'ImplicitlyDenied'],
      ['no context', KEY, { 'kms:ViaService': `s3.${region}.amazonaws.com` }, 'ImplicitlyDenied'],
      ['not by Amazon S3', KEY, { 'kms:EncryptionContext:aws:s3:arn': object }, 'ImplicitlyDenied'],
      ['by another service', KEY, contextOf(object, `secretsmanager.${region}.amazonaws.com`), 'ImplicitlyDenied'],
      ['in another Region', KEY.replace(region, 'us-east-1'), contextOf(object, 's3.us-east-1.amazonaws.com'), 'ImplicitlyDenied'],
      ['in another account', KEY.replace(account, '444455556666'), contextOf(object), 'ImplicitlyDenied'],
    ])('%s', async (_, key, context, expected) => {
      expect(await judge(template, 'kms:Decrypt', key, context, role)).toBe(expected);
      expect(await judge(template, 'kms:GenerateDataKey', key, context, role)).toBe('ImplicitlyDenied');
    });
  });

  test('in China', async () => {
    const stack = new Stack(new App(), 'Platform');
    new ImageMirror(stack, 'Mirror', { images: ['quay.io/app/app:1'] });
    const china = { partition: 'aws-cn', account, region: 'cn-north-1', urlSuffix: 'amazonaws.com.cn' };
    const deployed = new TemplateResolver(Template.fromStack(stack).toJSON(), china);
    const object = `arn:aws-cn:s3:::${deployed.properties(deployed.ids('AWS::CodeBuild::Project')[0]).Source.Location}`;
    for (const domain of ['amazonaws.com', 'amazonaws.com.cn']) {
      const key = `arn:aws-cn:kms:cn-north-1:${account}:key/1`;
      expect(await judge(deployed, 'kms:Decrypt', key, contextOf(object, `s3.cn-north-1.${domain}`))).toBe('Allowed');
    }
  });

  test('the list of a catalog', async () => {
    const file = path.join(folder, 'images.yaml');
    writeFileSync(file, 'images:\n- nginx:stable\n');
    const { mirror, deploy } = mirrorStack();
    mirror.addCatalog('List', ImageCatalog.fromFile(file));
    const deployed = deploy();
    const reads: { Resource: string }[] = deployed.properties(roleOf(deployed, /^MirrorBuildRole/)).Policies[0].PolicyDocument.Statement
      .filter(({ Action }: { Action: unknown }) => Action === 's3:GetObject');
    expect(reads).toHaveLength(1);
    expect(await judge(deployed, 'kms:Decrypt', KEY, contextOf(reads[0].Resource))).toBe('Allowed');
  });
});

describe('build images in Amazon ECR', () => {
  const FOREIGN = '444455556666.dkr.ecr.us-west-2.amazonaws.com/build/node';
  const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

  test.each<[string, (stack: Stack) => codebuild.IBuildImage]>([
    ['with an imported repository', (stack) => codebuild.LinuxBuildImage.fromEcrRepository(ecr.Repository.fromRepositoryArn(stack, 'Node', 'arn:aws:ecr:us-west-2:444455556666:repository/build/node'))],
    ['with a URI', () => codebuild.LinuxBuildImage.fromDockerRegistry(`${FOREIGN}:22`)],
    ['with a URI that has a digest', () => codebuild.LinuxBuildImage.fromDockerRegistry(`${FOREIGN}@sha256:${'0'.repeat(64)}`)],
  ])('of another account can be pulled: %s', async (_, image) => {
    const stack = new Stack(new App(), 'Platform');
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], compute: MirrorCompute.ec2({ buildImage: image(stack) }) });
    mirror.addImage('redis:7.0.1', { dockerfileLines: ['ENV A=1'] });
    const template = new TemplateResolver(Template.fromStack(stack).toJSON());
    for (const role of [/^MirrorBuildRole/, /^MirrorCustomImagesBuildRole/]) {
      for (const action of PULL) expect(await judge(template, action, 'arn:aws:ecr:us-west-2:444455556666:repository/build/node', {}, role)).toBe('Allowed');
      expect(await judge(template, 'ecr:BatchGetImage', 'arn:aws:ecr:us-west-2:444455556666:repository/build', {}, role)).toBe('ImplicitlyDenied');
      expect(await judge(template, 'ecr:PutImage', 'arn:aws:ecr:us-west-2:444455556666:repository/build/node', {}, role)).toBe('ImplicitlyDenied');
    }
  });
});

test('a pull-through cache lets the mirror pull images, which creates their repositories', async () => {
  const { stack, mirror, deploy } = mirrorStack({ images: [`${account}.dkr.ecr.${region}.amazonaws.com/quay/prometheus/prometheus:v2.53.0`] });
  const cache = new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, repositoryPrefix: 'quay' });
  cache.grantPull(mirror, 'quay.io/prometheus/prometheus');
  const template = deploy();
  const repository = `arn:aws:ecr:${region}:${account}:repository/quay/prometheus/prometheus`;
  for (const action of ['ecr:BatchImportUpstreamImage', 'ecr:CreateRepository', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']) {
    expect([action, await judge(template, action, repository)]).toEqual([action, 'Allowed']);
  }
});

describe('the last pull times of images', () => {
  test('change when builds read them', () => {
    expect(mirrorStack({ images: ['nginx:stable'] }).deploy().ids('AWS::ECR::PullTimeUpdateExclusion')).toEqual([]);
  });

  test('do not change with excludePullTimes', () => {
    const template = mirrorStack({ images: ['nginx:stable'], excludePullTimes: true }).deploy();
    const [exclusion] = template.ids('AWS::ECR::PullTimeUpdateExclusion');
    expect(template.properties(exclusion)).toEqual({ PrincipalArn: template.arn(roleOf(template, /^MirrorBuildRole/)) });
  });
});
