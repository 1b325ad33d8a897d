/** What builds of a mirror with catalogs may do, judged by a simulator of IAM's rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror } from '../../src';
import { buildSchedules } from '../support/local-scheduler';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;

/** A mirror with an image and a catalog of each kind, and somebody who pulls. */
function deploy() {
  const folder = mkdtempSync(path.join(tmpdir(), 'catalog-'));
  writeFileSync(path.join(folder, 'images.yaml'), 'images: ["nginx:1.27.0"]');
  const stack = new Stack(new App(), 'Platform', { env: { account, region } });
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], encryptionKey: kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${region}:${account}:key/1234`) });
  const catalog = mirror.addCatalog('Parameter', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')));
  mirror.addCatalog('Bucket', ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'Lists', 'lists'), 'platform/images.yaml'));
  mirror.addCatalog('File', ImageCatalog.fromFile(path.join(folder, 'images.yaml')));
  catalog.grantPull(new iam.Role(stack, 'Consumer', { assumedBy: new iam.AccountRootPrincipal() }));
  rmSync(folder, { recursive: true });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deploy();
const roleOf = (name: string) => deployed.ids('AWS::IAM::Role').find((id) => id.includes(name))!;
const asset = buildSchedules(deployed).map(({ variables }) => variables.CATALOG ?? '').find((location) => location.startsWith('s3://cdk-'))!.slice('s3://'.length);

type Call = [action: string, resource: string];

/** A key lets the account say who may use it. */
const KEY_POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }] };

function judge(role: string, [action, resource]: Call): Promise<string> {
  const policies = { identity: rolePolicies(deployed, role), ...action.startsWith('kms:') ? { resource: KEY_POLICY } : {} };
  return judgeCall({ principal: deployed.arn(role), action, resource, account }, policies);
}

const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;
const parameter = (name: string) => `arn:aws:ssm:${region}:${account}:parameter/${name}`;
const PUSH = ['ecr:BatchGetImage', 'ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];

describe('a build', () => {
  test.each<Call>([
    ...['mirror/nginx', 'mirror/quay.io/a/b', 'mirror-floating/nginx'].flatMap((name) => [...PUSH, 'ecr:CreateRepository'].map((action): Call => [action, repository(name)])),
    ['ssm:GetParameter', parameter('platform/images')],
    ['s3:GetObject', 'arn:aws:s3:::lists/platform/images.yaml'],
    ['s3:GetObject', `arn:aws:s3:::${asset}`],
  ])('may do what a catalog asks for: %s on %s', async (...call) => {
    expect(await judge(roleOf('BuildRole'), call)).toBe('Allowed');
  });

  test.each<Call>([
    ...['mirrored/nginx', 'mirror-floatingly/nginx', 'mirror', 'production/app', 'other/mirror/nginx'].flatMap((name) => [...PUSH, 'ecr:CreateRepository'].map((action): Call => [action, repository(name)])),
    ['ecr:CreateRepository', `arn:aws:ecr:us-east-1:${account}:repository/mirror/nginx`],
    ['ecr:DeleteRepository', repository('mirror/nginx')],
    ['ecr:BatchDeleteImage', repository('mirror/nginx')],
    ['ecr:PutImageTagMutability', repository('mirror/nginx')],
    ['ecr:SetRepositoryPolicy', repository('mirror/nginx')],
    ['ecr:PutLifecyclePolicy', repository('mirror/nginx')],
    ['ecr:TagResource', repository('mirror/nginx')],
    ['ecr:UpdateRepositoryCreationTemplate', '*'],
    ['ssm:GetParameter', parameter('platform/images/more')],
    ['ssm:GetParameter', parameter('platform/secrets')],
    ['ssm:GetParameters', parameter('platform/images')],
    ['ssm:GetParametersByPath', parameter('platform')],
    ['ssm:PutParameter', parameter('platform/images')],
    ['s3:GetObject', 'arn:aws:s3:::lists/platform/other.yaml'],
    ['s3:GetObject', 'arn:aws:s3:::lists/platform/images.yaml/more'],
    ['s3:PutObject', 'arn:aws:s3:::lists/platform/images.yaml'],
    ['s3:PutObject', `arn:aws:s3:::${asset}`],
    ['s3:ListBucket', 'arn:aws:s3:::lists'],
    ['kms:CreateGrant', `arn:aws:kms:${region}:${account}:key/1234`],
  ])('may do nothing else: %s on %s', async (...call) => {
    expect(await judge(roleOf('BuildRole'), call)).toBe('ImplicitlyDenied');
  });
});

describe('Amazon ECR, when it creates a repository', () => {
  test.each<Call>([
    ['ecr:CreateRepository', repository('mirror/nginx')],
    ['ecr:TagResource', repository('mirror-floating/nginx')],
    ['kms:CreateGrant', `arn:aws:kms:${region}:${account}:key/1234`],
  ])('may %s on %s', async (...call) => {
    expect(await judge(roleOf('CreationRole'), call)).toBe('Allowed');
  });

  test.each<Call>([
    ['ecr:CreateRepository', repository('production/app')],
    ['ecr:PutImage', repository('mirror/nginx')],
    ['kms:CreateGrant', `arn:aws:kms:${region}:${account}:key/5678`],
    ['kms:Decrypt', `arn:aws:kms:${region}:${account}:key/1234`],
  ])('may not %s on %s', async (...call) => {
    expect(await judge(roleOf('CreationRole'), call)).toBe('ImplicitlyDenied');
  });
});

describe('who pulls', () => {
  test.each<[...Call, string]>([
    ['ecr:BatchGetImage', repository('mirror/nginx'), 'Allowed'],
    ['ecr:GetDownloadUrlForLayer', repository('mirror-floating/nginx'), 'Allowed'],
    ['ecr:PutImage', repository('mirror/nginx'), 'ImplicitlyDenied'],
    ['ecr:CreateRepository', repository('mirror/nginx'), 'ImplicitlyDenied'],
    ['ecr:BatchGetImage', repository('production/app'), 'ImplicitlyDenied'],
  ])('with %s on %s is %s', async (action, resource, verdict) => {
    expect(await judge(roleOf('Consumer'), [action, resource])).toBe(verdict);
  });
});
