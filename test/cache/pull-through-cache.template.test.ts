import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { CreationTemplate, CreationTemplateOptions, PullThroughCache, UpstreamRegistry } from '../../src';

function newStack() {
  return new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function cacheWith(stack: Stack, creationTemplate?: CreationTemplate, repositoryPrefix?: string) {
  return new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, creationTemplate, repositoryPrefix });
}

function templates(stack: Stack): Record<string, any>[] {
  return Object.values(Template.fromStack(stack).findResources('AWS::ECR::RepositoryCreationTemplate')).map(({ Properties }) => Properties);
}

/** The properties of the one template that some options make. */
function template(options: CreationTemplateOptions, stack = newStack()): Record<string, any> {
  cacheWith(stack, CreationTemplate.of(options));
  return templates(stack)[0];
}

describe('the creation template', () => {
  test('is for the cache\'s repositories, whose tags move and whose untagged images expire', () => {
    const stack = newStack();
    cacheWith(stack);
    const [properties] = templates(stack);
    expect(properties).toEqual({
      AppliedFor: ['PULL_THROUGH_CACHE'],
      Prefix: 'quay',
      Description: 'Repositories of a pull-through cache',
      ImageTagMutability: 'MUTABLE',
      LifecyclePolicy: expect.any(String),
    });
    expect(JSON.parse(properties.LifecyclePolicy)).toEqual({
      rules: [{
        rulePriority: 1,
        description: 'Expire images that no tag names any more',
        selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: 30, countUnit: 'days' },
        action: { type: 'expire' },
      }],
    });
  });

  test('is left out on request', () => {
    const stack = newStack();
    cacheWith(stack, CreationTemplate.none());
    expect(templates(stack)).toEqual([]);
  });

  test('has the lifecycle rules that are given', () => {
    const lifecycleRules = [{ maxImageCount: 100 }, { tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(7) }];
    const { LifecyclePolicy } = template({ lifecycleRules });
    expect(JSON.parse(LifecyclePolicy).rules.map(({ selection }: { selection: unknown }) => selection)).toEqual([
      { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: 7, countUnit: 'days' },
      { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 100 },
    ]);
  });

  test('has no lifecycle policy with an empty list of rules', () => {
    expect(template({ lifecycleRules: [] })).not.toHaveProperty('LifecyclePolicy');
  });

  test('has the mutability that is given', () => {
    expect(template({
      imageTagMutability: ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
      imageTagMutabilityExclusionFilters: [ecr.ImageTagMutabilityExclusionFilter.wildcard('latest')],
    })).toMatchObject({
      ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      ImageTagMutabilityExclusionFilters: [{ ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: 'latest' }],
    });
  });

  test('fails with exceptions from a mutability that takes none', () => {
    expect(() => template({ imageTagMutabilityExclusionFilters: [ecr.ImageTagMutabilityExclusionFilter.wildcard('latest')] })).toThrow(/exclusion/i);
  });
});

describe('the prefix of the creation template', () => {
  test('is that of all repositories on request', () => {
    expect(template({ prefix: 'ROOT' }).Prefix).toBe('ROOT');
  });

  test('may be a part of the cache\'s', () => {
    const stack = newStack();
    cacheWith(stack, CreationTemplate.of({ prefix: 'cache' }), 'cache/quay');
    expect(templates(stack)[0].Prefix).toBe('cache');
  });

  test('is that of all repositories where the cache\'s is', () => {
    const stack = newStack();
    cacheWith(stack, CreationTemplate.of(), 'ROOT');
    expect(templates(stack)[0].Prefix).toBe('ROOT');
  });

  test.each(['qua', 'quay/prometheus', 'docker-hub', ''])('fails when it is for none of the cache\'s repositories: %j', (prefix) => {
    expect(() => template({ prefix })).toThrow(`the creation template has the prefix ${JSON.stringify(prefix)}, which does not apply to the cache with the prefix "quay"; `
      + 'remove prefix, or set "ROOT" for all repositories of the account and Region');
  });
});

describe('the role that creates repositories', () => {
  function statements(stack: Stack) {
    return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  }

  test('is Amazon ECR\'s own while there is neither a key nor a resource tag', () => {
    const stack = newStack();
    expect(template({}, stack)).not.toHaveProperty('CustomRoleArn');
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 0);
  });

  test('is defined for resource tags', () => {
    const stack = newStack();
    const properties = template({ repositoryTags: { team: 'platform' } }, stack);
    expect(properties.ResourceTags).toEqual([{ Key: 'team', Value: 'platform' }]);
    expect(properties.CustomRoleArn).toEqual({ 'Fn::GetAtt': [expect.stringContaining('CacheTemplateRole'), 'Arn'] });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'ecr.amazonaws.com' } }] },
    });
    expect(statements(stack)).toEqual([{
      Action: ['ecr:CreateRepository', 'ecr:TagResource'],
      Effect: 'Allow',
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/quay/*']] },
    }]);
  });

  test('may create all repositories where the template is for all', () => {
    const stack = newStack();
    template({ prefix: 'ROOT', repositoryTags: { team: 'platform' } }, stack);
    expect(statements(stack)[0].Resource).toEqual({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/*']] });
  });

  test('is defined for a key, and may use it for repositories', () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234');
    const properties = template({ encryptionKey }, stack);
    expect(properties.EncryptionConfiguration).toEqual({ EncryptionType: 'KMS', KmsKey: 'arn:aws:kms:eu-west-1:111122223333:key/1234' });
    expect(statements(stack)).toContainEqual({
      Action: ['kms:CreateGrant', 'kms:RetireGrant', 'kms:DescribeKey'],
      Effect: 'Allow',
      Resource: 'arn:aws:kms:eu-west-1:111122223333:key/1234',
    });
  });

  test.each<[string, (stack: Stack) => CreationTemplateOptions]>([
    ['that is defined', (stack) => ({ encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234') })],
    ['that is given', (stack) => ({ role: new iam.Role(stack, 'Creator', { assumedBy: new iam.ServicePrincipal('ecr.amazonaws.com') }) })],
    ['that is imported', (stack) => ({ role: iam.Role.fromRoleName(stack, 'Creator', 'creator') })],
  ])('%s has its permissions before the template is there', (_, options) => {
    const stack = newStack();
    template(options(stack), stack);
    const [policy] = Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const [{ DependsOn: dependencies }] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::RepositoryCreationTemplate'));
    expect(dependencies).toEqual(expect.arrayContaining([policy]));
  });

  test('is the one that is given, with the permissions added', () => {
    const stack = newStack();
    const role = new iam.Role(stack, 'Creator', { assumedBy: new iam.ServicePrincipal('ecr.amazonaws.com') });
    expect(template({ role }, stack).CustomRoleArn).toEqual({ 'Fn::GetAtt': [expect.stringContaining('Creator'), 'Arn'] });
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 1);
    expect(statements(stack)).toHaveLength(1);
  });
});

describe('the policy of repositories', () => {
  const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchImportUpstreamImage'];

  /** The statements of the policy, which the template holds as text. */
  function statements(stack: Stack): unknown[] {
    const { RepositoryPolicy } = templates(stack)[0];
    const text = typeof RepositoryPolicy === 'string' ? RepositoryPolicy : RepositoryPolicy['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : 'aws').join('');
    return JSON.parse(text).Statement;
  }

  test('is left out while nobody is in it', () => {
    expect(template({})).not.toHaveProperty('RepositoryPolicy');
  });

  test('lets an organization pull and update, but create nothing', () => {
    const stack = newStack();
    cacheWith(stack).grantPullToOrganization('o-a1b2c3d4e5');
    expect(statements(stack)).toEqual([{ Action: PULL, Effect: 'Allow', Principal: { AWS: '*' }, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } }]);
  });

  test('lets accounts pull', () => {
    const stack = newStack();
    const cache = cacheWith(stack);
    cache.grantPullToAccounts(['444455556666', '777788889999']);
    expect(statements(stack)).toEqual([
      { Action: PULL, Effect: 'Allow', Principal: { AWS: ['444455556666', '777788889999'].map((account) => `arn:aws:iam::${account}:root`) } },
    ]);
  });

  test('has the statements that are given, and the grants beside them', () => {
    const stack = newStack();
    const scanner = new iam.PolicyStatement({ actions: ['ecr:DescribeImages'], principals: [new iam.ArnPrincipal('arn:aws:iam::444455556666:role/scanner')] });
    cacheWith(stack, CreationTemplate.of({ repositoryPolicy: [scanner] })).grantPullToOrganization('o-a1b2c3d4e5');
    expect(statements(stack)).toEqual([
      { Action: 'ecr:DescribeImages', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:role/scanner' } },
      expect.objectContaining({ Action: PULL }),
    ]);
  });

  test.each([
    ['nobody', new iam.PolicyStatement({ actions: ['ecr:DescribeImages'] }), 'has no principals; set principals'],
    ['a resource', new iam.PolicyStatement({ actions: ['ecr:DescribeImages'], principals: [new iam.AnyPrincipal()], resources: ['*'] }), 'because it applies to its repository; remove resources'],
  ])('fails with a statement that names %s', (_, statement, message) => {
    expect(() => template({ repositoryPolicy: [statement] })).toThrow(message);
  });

  test.each(['o-abc', 'a1b2c3d4e5', 'O-A1B2C3D4E5', ''])('fails for what is no organization: %j', (id) => {
    expect(() => cacheWith(newStack()).grantPullToOrganization(id)).toThrow(`${JSON.stringify(id)} is not a valid organization ID`);
  });

  test.each(['4444', 'arn:aws:iam::444455556666:root', ''])('fails for what is no account, and grants nothing: %j', (account) => {
    const stack = newStack();
    const cache = cacheWith(stack);
    expect(() => cache.grantPullToAccounts(['444455556666', account])).toThrow(`${JSON.stringify(account)} is not a valid account ID`);
    expect(templates(stack)[0]).not.toHaveProperty('RepositoryPolicy');
  });

  test('fails without accounts', () => {
    expect(() => cacheWith(newStack()).grantPullToAccounts([])).toThrow('accountIds is empty');
  });

  test('fails without a creation template', () => {
    const cache = cacheWith(newStack(), CreationTemplate.none());
    expect(() => cache.grantPullToOrganization('o-a1b2c3d4e5')).toThrow('the cache has no creation template, which would define the repository policy');
    expect(() => cache.grantPullToAccounts(['444455556666'])).toThrow('the cache has no creation template');
  });
});
