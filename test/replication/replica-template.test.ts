/** The settings of replicas in the destinations of a replication. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as kms from 'aws-cdk-lib/aws-kms';
import { MirrorReplicaTemplate, MirrorReplicaTemplateProps, PullThroughCache, UpstreamRegistry } from '../../src';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const KEY_ARN = `arn:aws:kms:${region}:${account}:key/1234`;
const TEMPLATE = 'AWS::ECR::RepositoryCreationTemplate';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Destination');
});

const deploy = () => new TemplateResolver(Template.fromStack(stack).toJSON());

function define(props?: MirrorReplicaTemplateProps) {
  const replicas = new MirrorReplicaTemplate(stack, 'Replicas', props);
  const settings = () => {
    const template = deploy();
    return template.properties(template.ids(TEMPLATE)[0]);
  };
  return { replicas, settings };
}

test('by default, replicas are mutable, never expire, and need no role', () => {
  const { settings } = define();
  expect(settings()).toEqual({ AppliedFor: ['REPLICATION'], Prefix: 'mirror', Description: 'Replicas of mirrored images', ImageTagMutability: 'MUTABLE' });
  expect(deploy().ids('AWS::IAM::Role')).toEqual([]);
});

test('replicas have the settings of the template', () => {
  const { settings } = define({
    repositoryPrefix: 'platform/upstream',
    imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
    imageTagMutabilityExclusionFilters: [ecr.ImageTagMutabilityExclusionFilter.wildcard('stable*')],
    lifecycleRules: [{ tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(400) }],
    encryption: ecr.RepositoryEncryption.KMS_DSSE,
    encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY_ARN),
    repositoryTags: { team: 'platform', area: 'images' },
  });
  expect(settings()).toMatchObject({
    Prefix: 'platform/upstream',
    ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    ImageTagMutabilityExclusionFilters: [{ ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: 'stable*' }],
    LifecyclePolicy: expect.stringContaining('"countNumber":400'),
    EncryptionConfiguration: { EncryptionType: 'KMS_DSSE', KmsKey: KEY_ARN },
    ResourceTags: [{ Key: 'area', Value: 'images' }, { Key: 'team', Value: 'platform' }],
    CustomRoleArn: expect.any(String),
  });
});

test('other accounts and the organization can pull replicas, and do nothing else', async () => {
  const { replicas, settings } = define();
  replicas.grantPullToAccounts(['444455556666']);
  replicas.grantPullToOrganization('o-abcde12345');
  const policy = JSON.parse(settings().RepositoryPolicy);
  const judge = (principalAccount: string, action: string, organization?: string) => judgeCall({
    principal: `arn:aws:iam::${principalAccount}:role/task`,
    action,
    resource: `arn:aws:ecr:${region}:${account}:repository/mirror/nginx`,
    account,
    context: organization === undefined ? {} : { 'aws:PrincipalOrgID': organization },
  }, { identity: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ecr:*', Resource: '*' }] }], resource: policy });
  expect(await judge('444455556666', 'ecr:BatchGetImage')).toBe('Allowed');
  expect(await judge('777788889999', 'ecr:BatchGetImage', 'o-abcde12345')).toBe('Allowed');
  expect(await judge('777788889999', 'ecr:BatchGetImage', 'o-zzzzz99999')).toBe('ImplicitlyDenied');
  expect(await judge('444455556666', 'ecr:PutImage')).toBe('ImplicitlyDenied');
});

test('the role that creates encrypted replicas is ready before the template, and is restricted to the prefix and the key', async () => {
  define({ encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY_ARN) });
  const template = deploy();
  const [role] = template.ids('AWS::IAM::Role');
  const [policyId] = template.ids('AWS::IAM::Policy');
  expect(Template.fromStack(stack).toJSON().Resources[template.ids(TEMPLATE)[0]].DependsOn).toEqual(expect.arrayContaining([policyId, role]));
  const keyPolicy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }] };
  const judge = (action: string, resource: string) => judgeCall(
    { principal: template.arn(role), action, resource, account },
    { identity: rolePolicies(template, role), ...action.startsWith('kms:') ? { resource: keyPolicy } : {} },
  );
  const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;
  for (const action of ['ecr:CreateRepository', 'ecr:ReplicateImage', 'ecr:TagResource']) {
    expect([action, await judge(action, repository('mirror/nginx'))]).toEqual([action, 'Allowed']);
    expect([action, await judge(action, repository('production/app'))]).toEqual([action, 'ImplicitlyDenied']);
  }
  expect(await judge('kms:CreateGrant', KEY_ARN)).toBe('Allowed');
  expect(await judge('kms:Decrypt', KEY_ARN)).toBe('ImplicitlyDenied');
  expect(await judge('kms:CreateGrant', KEY_ARN.replace('1234', '5678'))).toBe('ImplicitlyDenied');
  expect(await judge('ecr:DeleteRepository', repository('mirror/nginx'))).toBe('ImplicitlyDenied');
});

test('floating tags of catalogs have a template of their own', () => {
  new MirrorReplicaTemplate(stack, 'Floating', { repositoryPrefix: 'mirror-floating' });
  define({ imageTagMutability: ecr.TagMutability.IMMUTABLE });
  const template = deploy();
  expect(template.ids(TEMPLATE).map((id) => [template.properties(id).Prefix, template.properties(id).ImageTagMutability]).sort())
    .toEqual([['mirror', 'IMMUTABLE'], ['mirror-floating', 'MUTABLE']]);
});

describe('a template is refused', () => {
  test('when another template of the app has its prefix', () => {
    new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, repositoryPrefix: 'mirror' });
    expect(() => define()).toThrow('the prefix "mirror" already has a repository creation template');
  });

  test.each<[MirrorReplicaTemplateProps, string]>([
    [{ repositoryPrefix: 'Mirror' }, 'repositoryPrefix "Mirror" is not valid'],
    [{ repositoryPrefix: 'up__stream' }, 'repositoryPrefix "up__stream" is not valid for a repository creation template'],
    [{ repositoryTags: { 'aws:team': 'x' } }, 'starts with "aws:"'],
    [{ imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION }, 'ExclusionFilters'],
  ])('with %j', (props, message) => {
    expect(() => define(props)).toThrow(message);
  });

  test('with AES-256 and a key', () => {
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
    expect(() => define({ encryption: ecr.RepositoryEncryption.AES_256, encryptionKey })).toThrow('encryption is AES_256');
  });

  test('with a grant for an account or organization that is not valid', () => {
    const { replicas } = define();
    expect(() => replicas.grantPullToAccounts(['4444'])).toThrow('"4444" is not a valid account ID');
    expect(() => replicas.grantPullToOrganization('abc')).toThrow('"abc" is not a valid organization ID');
  });
});
