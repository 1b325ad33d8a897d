/** The encryption and the tags of repositories: those that the mirror defines, and those that catalogs and caches create. */
import { Aws, Stack, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { CreationTemplate, ImageCatalog, ImageMirrorProps, PullThroughCache, UpstreamRegistry } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const KEY_ARN = `arn:aws:kms:${region}:${account}:key/1234`;
const { AES_256, KMS, KMS_DSSE } = ecr.RepositoryEncryption;

const key = (stack: Stack) => kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
const list = (stack: Stack) => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images'));

/** A mirror with a customized image and a catalog. */
function deploy(props: ImageMirrorProps, withKey = false): TemplateResolver {
  const keyStack = new Stack();
  const own = mirrorStack({ ...props, encryptionKey: withKey ? key(keyStack) : undefined });
  own.mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['VOLUME ["/etc/vault"]'] });
  own.mirror.addCatalog('Teams', list(own.stack));
  return new TemplateResolver(Template.fromStack(own.stack).toJSON());
}

const ENCRYPTED = ['AWS::ECR::Repository', 'AWS::ECR::RepositoryCreationTemplate'];
const encryptions = (template: TemplateResolver) => ENCRYPTED.flatMap((type) => template.ids(type))
  .map((id) => template.properties(id).EncryptionConfiguration);
const creationRoles = (template: TemplateResolver) => template.ids('AWS::IAM::Role').filter((id) => id.includes('CreationRole'));

describe('the encryption of repositories', () => {
  test.each<[string, ImageMirrorProps, boolean, object | undefined]>([
    ['AES-256 without an option', {}, false, undefined],
    ['AES-256 where it is chosen', { encryption: AES_256 }, false, undefined],
    ['KMS with a key', {}, true, { EncryptionType: 'KMS', KmsKey: KEY_ARN }],
    ['KMS with a key where it is chosen', { encryption: KMS }, true, { EncryptionType: 'KMS', KmsKey: KEY_ARN }],
    ['KMS with the key of AWS', { encryption: KMS }, false, { EncryptionType: 'KMS' }],
    ['two layers with a key', { encryption: KMS_DSSE }, true, { EncryptionType: 'KMS_DSSE', KmsKey: KEY_ARN }],
    ['two layers with the key of AWS', { encryption: KMS_DSSE }, false, { EncryptionType: 'KMS_DSSE' }],
  ])('is %s, in the repositories of images and of catalogs', (_, props, withKey, expected) => {
    const template = deploy(props, withKey);
    // The unchanged image, the customized image, and the two templates of catalogs.
    expect(encryptions(template)).toEqual([expected, expected, expected, expected]);
    expect(creationRoles(template)).toHaveLength(expected === undefined ? 0 : 1);
  });

  test('cannot be AES-256 with a key', () => {
    expect(() => deploy({ encryption: AES_256 }, true)).toThrow('encryption is AES_256, which does not use encryptionKey');
  });

  test.each([['"KMS"', 'KMS'], ['another value', { value: 'ROT13' }]])('cannot be %s', (_, encryption) => {
    expect(() => deploy({ encryption: encryption as never })).toThrow(/encryption must be .*ecr\.RepositoryEncryption/);
  });

  test('is the same in the repositories of a pull-through cache', () => {
    const stack = new Stack();
    new PullThroughCache(stack, 'Quay', { upstream: UpstreamRegistry.QUAY, creationTemplate: CreationTemplate.of({ encryption: KMS }) });
    const template = new TemplateResolver(Template.fromStack(stack).toJSON());
    const [created] = template.ids('AWS::ECR::RepositoryCreationTemplate').map((id) => template.properties(id));
    expect(created).toMatchObject({ EncryptionConfiguration: { EncryptionType: 'KMS' }, CustomRoleArn: expect.any(String) });
  });
});

describe('the role that creates repositories with the key of AWS', () => {
  const template = deploy({ encryption: KMS });
  const [role] = creationRoles(template);
  const MANAGED = { 'kms:ResourceAliases': ['alias/aws/ecr'], 'kms:ViaService': `ecr.${region}.amazonaws.com` };

  function judge(action: string, resource: string, context: Record<string, string | string[]> = {}): Promise<string> {
    // A key policy that lets IAM policies decide. The key of AWS allows more.
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }] };
    const policies = { identity: rolePolicies(template, role), ...action.startsWith('kms:') ? { resource: policy } : {} };
    return judgeCall({ principal: template.arn(role), action, resource, account, context }, policies);
  }

  test.each(['kms:CreateGrant', 'kms:DescribeKey', 'kms:RetireGrant'])('may call %s', async (action) => {
    expect(await judge(action, KEY_ARN, MANAGED)).toBe('Allowed');
  });

  test.each<[string, string, string, Record<string, string | string[]>]>([
    ['another key of the account', 'kms:CreateGrant', KEY_ARN, { ...MANAGED, 'kms:ResourceAliases': ['alias/payments'] }],
    ['a key without an alias', 'kms:CreateGrant', KEY_ARN, { 'kms:ViaService': MANAGED['kms:ViaService'] }],
    ['another service', 'kms:CreateGrant', KEY_ARN, { ...MANAGED, 'kms:ViaService': `ec2.${region}.amazonaws.com` }],
    ['a direct call', 'kms:CreateGrant', KEY_ARN, { 'kms:ResourceAliases': ['alias/aws/ecr'] }],
    ['another Region', 'kms:CreateGrant', `arn:aws:kms:us-east-1:${account}:key/1234`, MANAGED],
    ['decryption', 'kms:Decrypt', KEY_ARN, MANAGED],
  ])('may not use the permission for %s', async (_, action, resource, context) => {
    expect(await judge(action, resource, context)).toBe('ImplicitlyDenied');
  });
});

describe('the resource tags of repositories', () => {
  const TAGS = { 'team': 'platform', 'cost-center': '4711' };
  const RENDERED = [{ Key: 'cost-center', Value: '4711' }, { Key: 'team', Value: 'platform' }];

  test('are in the repositories of images and of catalogs, sorted, and a role sets them', () => {
    const template = deploy({ repositoryTags: TAGS });
    expect(template.ids('AWS::ECR::Repository').map((id) => template.properties(id).Tags)).toEqual([RENDERED, RENDERED]);
    const created = template.ids('AWS::ECR::RepositoryCreationTemplate').map((id) => template.properties(id));
    const [own] = creationRoles(template);
    expect(created.map(({ ResourceTags, CustomRoleArn }) => [ResourceTags, CustomRoleArn])).toEqual(created.map(() => [RENDERED, template.arn(own)]));
    expect(created).toHaveLength(2);
    const [policy] = rolePolicies(template, own);
    expect(JSON.stringify(policy)).toContain('ecr:TagResource');
    expect(JSON.stringify(policy)).not.toContain('kms:');
  });

  test('override the tags of the app, and the app adds others', () => {
    const { stack } = mirrorStack({ images: ['nginx:1.27.0'], repositoryTags: TAGS });
    Tags.of(stack).add('team', 'app');
    Tags.of(stack).add('stage', 'prod');
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { Tags: [RENDERED[0], { Key: 'stage', Value: 'prod' }, RENDERED[1]] });
  });

  test('are empty without the option, and for an empty one', () => {
    for (const props of [{}, { repositoryTags: {} }]) {
      const template = deploy(props);
      const all = ENCRYPTED.flatMap((type) => template.ids(type)).map((id) => template.properties(id));
      const tagged = all.filter((one) => 'Tags' in one || 'ResourceTags' in one);
      expect(tagged).toEqual([]);
      expect(creationRoles(template)).toEqual([]);
    }
  });

  test('can have a value that is known only at deployment', () => {
    const { stack } = mirrorStack({ images: ['nginx:1.27.0'], repositoryTags: { account: Aws.ACCOUNT_ID } });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { Tags: [{ Key: 'account', Value: { Ref: 'AWS::AccountId' } }] });
  });

  test.each<[string, { [key: string]: string }, string]>([
    ['an empty key', { '': 'x' }, 'must be 1 to 128 characters'],
    ['a long key', { ['k'.repeat(129)]: 'x' }, 'must be 1 to 128 characters; it is 129'],
    ['a reserved key', { 'AWS:owner': 'x' }, 'starts with "aws:", which AWS reserves'],
    ['a long value', { key: 'v'.repeat(257) }, 'must be at most 256 characters, but it has 257'],
    ['a character that is not valid', { key: 'a;b' }, 'has characters that are not valid'],
    ['a line break', { key: 'a\nb' }, 'has characters that are not valid'],
    ['a key that is a token', { [Aws.REGION]: 'x' }, 'a key of repositoryTags must be known at synthesis'],
    ['a number', { key: 4711 as never }, 'must be a string, but it is the number 4711'],
    ['too many tags', Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key${index}`, 'x'])), 'has 51 tags, but Amazon ECR allows at most 50'],
  ])('cannot have %s', (_, repositoryTags, message) => {
    expect(() => mirrorStack({ repositoryTags })).toThrow(message);
    const cache = () => new PullThroughCache(new Stack(), 'Quay', { upstream: UpstreamRegistry.QUAY, creationTemplate: CreationTemplate.of({ repositoryTags }) });
    expect(cache).toThrow(message);
  });

  test('are checked together: an error has all mistakes', () => {
    expect(() => mirrorStack({ repositoryTags: { 'aws:a': 'x', 'b': ';', 'c': 'fine' } })).toThrow(/2 mistakes:[^]*"aws:a"[^]*the value of "b"/);
  });

  test('cannot be a list of tags', () => {
    expect(() => mirrorStack({ repositoryTags: [{ key: 'a', value: 'b' }] as never })).toThrow('repositoryTags must be an object, but it is a list');
  });

  test('accept letters of all languages, and the longest texts', () => {
    const { stack } = mirrorStack({ images: ['nginx:1.27.0'], repositoryTags: { 'Kostenstelle für Größe': 'ü'.repeat(256), ['k'.repeat(128)]: '' } });
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 1);
  });
});
