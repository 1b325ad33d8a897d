/** Permissions of builds on upstream repositories in Amazon ECR, judged by a simulator of IAM. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, MirroredImage, TagFilter } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, Deployment, TemplateResolver } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

const folder = withFolder();
const EKS = '602401143452.dkr.ecr.us-west-2.amazonaws.com';
const PULL = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

const judge = (template: TemplateResolver, action: string, resource: string) => {
  const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorBuildRole/.test(id))!;
  // The policies of repositories in other accounts let the account of the mirror do everything.
  const [, , , , owner] = resource.split(':');
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: COMMERCIAL.account }, Action: 'ecr:*' }] };
  const policies = { identity: rolePolicies(template, role), resource: owner === COMMERCIAL.account ? undefined : policy };
  return judgeCall({ principal: template.arn(role), action, resource, account: owner }, policies);
};

const CHINA: Deployment = { partition: 'aws-cn', account: '111122223333', region: 'cn-north-1', urlSuffix: 'amazonaws.com.cn' };
const GOVERNMENT: Deployment = { partition: 'aws-us-gov', account: '111122223333', region: 'us-gov-west-1', urlSuffix: 'amazonaws.com' };

test.each<[string, string, Deployment]>([
  [`${EKS}/eks/coredns:v1.11.1`, 'arn:aws:ecr:us-west-2:602401143452:repository/eks/coredns', COMMERCIAL],
  [`${EKS}/eks/coredns@sha256:${'0'.repeat(64)}`, 'arn:aws:ecr:us-west-2:602401143452:repository/eks/coredns', COMMERCIAL],
  ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/app:1', 'arn:aws:ecr:eu-west-1:444455556666:repository/app', COMMERCIAL],
  ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1', 'arn:aws:ecr:eu-west-1:111122223333:repository/team/app', COMMERCIAL],
  ['444455556666.dkr.ecr-fips.us-east-1.amazonaws.com/app:1', 'arn:aws:ecr:us-east-1:444455556666:repository/app', COMMERCIAL],
  ['444455556666.dkr-ecr.us-east-1.on.aws/app:1', 'arn:aws:ecr:us-east-1:444455556666:repository/app', COMMERCIAL],
  ['918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/coredns:v1.11.1', 'arn:aws-cn:ecr:cn-north-1:918309763551:repository/eks/coredns', CHINA],
  ['013241004608.dkr.ecr.us-gov-west-1.amazonaws.com/eks/coredns:v1.11.1', 'arn:aws-us-gov:ecr:us-gov-west-1:013241004608:repository/eks/coredns', GOVERNMENT],
])('builds may pull %s, and no other repository', async (image, repository, deployment) => {
  const stack = new Stack(new App(), 'Platform');
  new ImageMirror(stack, 'Mirror', { images: [image] });
  const template = new TemplateResolver(Template.fromStack(stack).toJSON(), deployment);
  for (const action of PULL) {
    expect(await judge(template, action, repository)).toBe('Allowed');
    expect(await judge(template, action, `${repository}-2`)).toBe('ImplicitlyDenied');
    expect(await judge(template, action, repository.replace(/:[0-9]{12}:/, ':999988887777:'))).toBe('ImplicitlyDenied');
    expect(await judge(template, action, repository.replace(/:ecr:[^:]+:/, ':ecr:sa-east-1:'))).toBe('ImplicitlyDenied');
  }
  for (const action of ['ecr:ListImages', 'ecr:PutImage', 'ecr:InitiateLayerUpload', 'ecr:DescribeImages', 'ecr:BatchDeleteImage', 'ecr:CreateRepository']) {
    expect([action, await judge(template, action, repository)]).toEqual([action, 'ImplicitlyDenied']);
  }
});

test('builds may list the tags only where a filter selects tags', async () => {
  const { mirror, deploy } = mirrorStack({ images: [`${EKS}/eks/coredns:v1.11.1`] });
  mirror.addImage(`${EKS}/eks/kube-proxy`, { tags: TagFilter.semver('1.x') });
  const template = deploy();
  const list = (name: string) => judge(template, 'ecr:ListImages', `arn:aws:ecr:us-west-2:602401143452:repository/eks/${name}`);
  expect([await list('kube-proxy'), await list('coredns')]).toEqual(['Allowed', 'ImplicitlyDenied']);
  expect(await judge(template, 'ecr:BatchGetImage', 'arn:aws:ecr:us-west-2:602401143452:repository/eks/kube-proxy')).toBe('Allowed');
});

test('images in other stacks, and customized images, count too', async () => {
  const { app, mirror, deploy } = mirrorStack();
  new MirroredImage(new Stack(app, 'Team'), 'Proxy', { mirror, image: `${EKS}/eks/kube-proxy:v1.29.0` });
  mirror.addImage(`${EKS}/eks/coredns:v1.11.1`, { dockerfileLines: ['ENV A=1'] });
  const template = deploy();
  for (const name of ['kube-proxy', 'coredns']) {
    expect(await judge(template, 'ecr:BatchGetImage', `arn:aws:ecr:us-west-2:602401143452:repository/eks/${name}`)).toBe('Allowed');
  }
});

test('the images of a catalog file count too', async () => {
  const file = path.join(folder, 'images.yaml');
  writeFileSync(file, `images:\n- ${EKS}/eks/coredns:v1.11.1\n- ${EKS}/eks/kube-proxy:v1.29.0\n- nginx:stable\n`);
  const { mirror, deploy } = mirrorStack();
  mirror.addCatalog('List', ImageCatalog.fromFile(file));
  const template = deploy();
  for (const name of ['kube-proxy', 'coredns']) {
    expect(await judge(template, 'ecr:BatchGetImage', `arn:aws:ecr:us-west-2:602401143452:repository/eks/${name}`)).toBe('Allowed');
    expect(await judge(template, 'ecr:ListImages', `arn:aws:ecr:us-west-2:602401143452:repository/eks/${name}`)).toBe('ImplicitlyDenied');
  }
});

test('for a list that is not known at synthesis, the app grants the pull', async () => {
  const { stack, mirror, deploy } = mirrorStack();
  mirror.addCatalog('List', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'Images', '/images')));
  ecr.Repository.fromRepositoryArn(stack, 'CoreDns', 'arn:aws:ecr:us-west-2:602401143452:repository/eks/coredns').grantPull(mirror);
  const template = deploy();
  for (const action of PULL) expect(await judge(template, action, 'arn:aws:ecr:us-west-2:602401143452:repository/eks/coredns')).toBe('Allowed');
  expect(await judge(template, 'ecr:BatchGetImage', 'arn:aws:ecr:us-west-2:602401143452:repository/eks/kube-proxy')).toBe('ImplicitlyDenied');
});

test('a second synthesis has the same policy', () => {
  const { app, stack } = mirrorStack({ images: [`${EKS}/eks/coredns:v1.11.1`] });
  const templates = [1, 2].map(() => JSON.stringify(app.synth({ force: true }).getStackByName(stack.stackName).template));
  expect(templates[1]).toBe(templates[0]);
});

test('a mirror without upstreams in Amazon ECR has no statement for them', () => {
  const { stack } = mirrorStack({ images: ['nginx:stable', 'public.ecr.aws/nginx/nginx:1'] });
  const resources = Template.fromStack(stack).findResources('AWS::IAM::Role');
  expect(JSON.stringify(resources)).toContain('ecr:PutImage');
  expect(JSON.stringify(resources)).not.toContain('ecr:ListImages');
});

describe('an upstream in another partition', () => {
  const warnings = (image: string, region?: string) => {
    const stack = new Stack(new App(), 'Platform', { env: { region } });
    new ImageMirror(stack, 'Mirror', { images: [image] });
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('another AWS partition'));
  };

  test('is a warning', () => {
    expect(warnings('918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/coredns:v1.11.1', 'eu-west-1')).toHaveLength(1);
    expect(warnings(`${EKS}/eks/coredns:v1.11.1`, 'cn-north-1')).toHaveLength(1);
  });

  test('is no warning where the Region is not known, or the partition is the same', () => {
    expect(warnings('918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/coredns:v1.11.1')).toEqual([]);
    expect(warnings(`${EKS}/eks/coredns:v1.11.1`, 'eu-west-1')).toEqual([]);
    expect(warnings('nginx:stable', 'eu-west-1')).toEqual([]);
  });
});
