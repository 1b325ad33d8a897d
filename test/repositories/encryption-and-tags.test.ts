/** The encryption of repositories: those that the mirror defines, and those that catalogs and caches create. */
import { Stack } from 'aws-cdk-lib';
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
