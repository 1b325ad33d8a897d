/** The repositories of a catalog's images: by which templates Amazon ECR creates them, and what builds may do in them. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, ImageMirrorProps, PullThroughCache, UpstreamRegistry } from '../../src';
import { TemplateResolver } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

let stack: Stack;
const folder = withFolder();

beforeEach(() => {
  stack = new Stack(new App(), 'Platform');
});

const parameter = () => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images'));

function file(text: string): ImageCatalog {
  writeFileSync(path.join(folder, 'images.yaml'), text);
  return ImageCatalog.fromFile(path.join(folder, 'images.yaml'));
}

function define(catalog: ImageCatalog = parameter(), props: ImageMirrorProps = {}): void {
  new ImageMirror(stack, 'Mirror', props).addCatalog('Teams', catalog);
}

const template = () => Template.fromStack(stack);

/** What the build role may do, by action. */
function allowed(action: string): string[] {
  const deployed = new TemplateResolver(template().toJSON());
  const [role] = deployed.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
  const statements: { Action: string | string[]; Resource: string | string[] }[] = deployed.properties(role).Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => [Action].flat().includes(action)).flatMap(({ Resource }) => Resource);
}

const repository = (name: string) => `arn:aws:ecr:eu-west-1:111122223333:repository/${name}`;

describe('repositories that pushes create', () => {
  const templates = () => Object.values(template().findResources('AWS::ECR::RepositoryCreationTemplate')).map(({ Properties }) => Properties);

  test('are like the mirror\'s own: one template for tags that are fixed, one for tags that float', () => {
    define(parameter(), { untaggedImageExpiry: Duration.days(7), images: ['nginx:stable'] });
    const [own] = Object.values(template().findResources('AWS::ECR::Repository'));
    const LifecyclePolicy = own.Properties.LifecyclePolicy.LifecyclePolicyText;
    expect(templates()).toEqual([
      { AppliedFor: ['CREATE_ON_PUSH'], Prefix: 'mirror', ImageTagMutability: 'IMMUTABLE', LifecyclePolicy, Description: 'Mirrored images with fixed tags' },
      { AppliedFor: ['CREATE_ON_PUSH'], Prefix: 'mirror-floating', ImageTagMutability: 'MUTABLE', LifecyclePolicy, Description: 'Mirrored images with floating tags' },
    ]);
    expect(LifecyclePolicy).toContain('"countNumber":7');
  });

  test('have the lifecycle rules of the mirror, and those for images that builds mark, because an entry can keep fewer versions at any time', () => {
    define(parameter(), { keepPrevious: 0, lifecycleRules: [{ tagPatternList: ['pr-*'], maxImageCount: 5 }] });
    const selections = templates().map(({ LifecyclePolicy }) => {
      const rules: { selection: Record<string, unknown> }[] = JSON.parse(LifecyclePolicy).rules;
      return rules.map(({ selection }) => selection.tagPatternList ?? selection.tagStatus);
    });
    const expected = [['mirror.kept.*'], ['mirror.expired.*'], ['pr-*'], 'untagged'];
    expect(selections).toEqual([expected, expected]);
    Annotations.fromStack(stack).hasWarning('/Platform/Mirror/CreationTemplates', Match.stringLikeRegexp('MirroredCatalog.lifecycleRules'));
  });

  test('must not have a lifecycle rule that can select an image of a list', () => {
    define(file('images: ["nginx:1.27.0", "redis:pr-1"]'), { lifecycleRules: [{ maxImageCount: 900 }, { tagPatternList: ['pr-*', '*-1'], maxImageCount: 5 }, { tagPatternList: ['x*'], maxImageCount: 5 }] });
    expect(template).toThrow(/for "pr-\*" and "\*-1" can select an image that a catalog lists, by the tag "pr-1";(.|\n)*for all images can select an image that a catalog lists;/);
    expect(template).not.toThrow('"x*" can select');
  });

  test('are those of the template too, if a catalog can use them', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { keepPrevious: 0, images: ['nginx:1.27.0'] });
    mirror.addImage('redis:7.2.5', { repositoryName: 'team/redis' });
    mirror.addCatalog('Teams', parameter());
    mirror.addImage('vault:1.14.0');
    const own = Object.values(template().findResources('AWS::ECR::Repository')).map(({ Properties }) => [Properties.RepositoryName, Properties.LifecyclePolicy.LifecyclePolicyText.includes('mirror.expired.*')]);
    expect(own).toEqual([['mirror/nginx', true], ['team/redis', false], ['mirror/vault', true]]);
  });

  test('have the mirror\'s key, and a role with which Amazon ECR may use it', () => {
    define(parameter(), { encryptionKey: new kms.Key(stack, 'Key') });
    for (const one of templates()) {
      expect(one.EncryptionConfiguration).toEqual({ EncryptionType: 'KMS', KmsKey: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] } });
      expect(one.CustomRoleArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/CreationRole/), 'Arn'] });
    }
    const policies = Object.values(template().findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('CreationRole'));
    expect(JSON.stringify(policies)).toMatch(/ecr:CreateRepository.*ecr:TagResource.*repository\/mirror\/\*.*repository\/mirror-floating\/\*/);
    expect(JSON.stringify(policies)).toContain('kms:CreateGrant');
  });

  test('wait until Amazon ECR may use the key, and the first run waits for them', () => {
    define(parameter(), { encryptionKey: new kms.Key(stack, 'Key') });
    const policy = Object.keys(template().findResources('AWS::IAM::Policy')).find((id) => id.includes('CreationRoleDefaultPolicy'));
    const created = Object.entries(template().findResources('AWS::ECR::RepositoryCreationTemplate'));
    expect(created).toHaveLength(2);
    for (const [, { DependsOn: dependencies }] of created) expect(dependencies).toEqual(expect.arrayContaining([policy]));
    const [run] = Object.values(template().findResources('Custom::ImageMirror'));
    expect(run.DependsOn).toEqual(expect.arrayContaining(created.map(([id]) => id)));
  });

  test('have the policies that the mirror\'s repositories get, whenever they get them', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.grantPullToAccounts(['444455556666']);
    mirror.addCatalog('Teams', parameter());
    mirror.grantPullToOrganization('o-abcde12345');
    for (const one of templates()) {
      const text = JSON.stringify(one.RepositoryPolicy);
      expect(text).toContain('444455556666');
      expect(text).toContain('o-abcde12345');
    }
  });

  test('have no policy where nobody was let in', () => {
    define();
    for (const one of templates()) expect(one).not.toHaveProperty('RepositoryPolicy');
  });

  test('need one pair of templates, however many catalogs there are', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { repositoryPrefix: 'upstream' });
    mirror.addCatalog('One', parameter());
    mirror.addCatalog('Other', file('nginx:1.27.0'));
    expect(templates().map(({ Prefix }) => Prefix)).toEqual(['upstream', 'upstream-floating']);
  });

  test('cannot share a template with a pull-through cache', () => {
    new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, repositoryPrefix: 'mirror' });
    expect(() => define()).toThrow('the prefix "mirror" already has a repository creation template');
  });

  test('have no prefix that templates do not take', () => {
    expect(() => define(parameter(), { repositoryPrefix: 'up__stream' })).toThrow('repositoryPrefix "up__stream" is not valid for a repository creation template');
  });

  test('are left where they are when the mirror goes: nothing in the template deletes them', () => {
    define(parameter(), { repositoryRemovalPolicy: RemovalPolicy.DESTROY });
    template().resourceCountIs('AWS::ECR::Repository', 0);
  });
});

describe('builds of a mirror with a catalog', () => {
  test('may create and fill repositories under its two prefixes, and read the list', () => {
    define(parameter(), { images: ['nginx:stable', 'redis:7.2.5'] });
    expect(allowed('ecr:PutImage')).toEqual([repository('mirror/*'), repository('mirror-floating/*')]);
    expect(allowed('ecr:CreateRepository')).toEqual([repository('mirror/*'), repository('mirror-floating/*')]);
    expect(allowed('ssm:GetParameter')).toEqual(['arn:aws:ssm:eu-west-1:111122223333:parameter/platform/images']);
  });

  test('may fill repositories outside of the prefixes that the template names', () => {
    new ImageMirror(stack, 'Mirror').addCatalog('Teams', parameter());
    (stack.node.findChild('Mirror') as ImageMirror).addImage('hashicorp/vault:1.14.0', { repositoryName: 'security/vault' });
    expect(allowed('ecr:PutImage')).toEqual([repository('mirror/*'), repository('mirror-floating/*'), repository('security/vault')]);
  });

  test('may sign in to the public gallery where the list is not known, or has images of it', () => {
    define(file('nginx:1.27.0'));
    expect(allowed('ecr-public:GetAuthorizationToken')).toEqual([]);
    for (const catalog of [() => file('public.ecr.aws/a/b:1.0.0'), parameter]) {
      stack = new Stack(new App(), 'Platform');
      define(catalog());
      expect(allowed('ecr-public:GetAuthorizationToken')).toEqual(['*']);
    }
  });
});

test('a mirror without a catalog has nothing of all this', () => {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  template().resourceCountIs('AWS::ECR::RepositoryCreationTemplate', 0);
  expect(allowed('ecr:CreateRepository')).toEqual([]);
  expect(allowed('ecr:PutImage')).toEqual([repository('mirror/nginx')]);
});
