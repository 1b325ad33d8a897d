/** The KMS key for the logs, schedules, and queue of a mirror: who may use it, and for what. */
import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ImageMirror, MirroredImage, OnDeploy } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, Deployment, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const KEY_ARN = `arn:aws:kms:${region}:${account}:key/1234`;
const IMAGES = { images: ['nginx:stable'] };

/** The simulator does not know the keys of encryption contexts. A key with an ARN, which no policy here has, stands in for each of them. */
const standIn = <Value>(value: Value): Value => {
  return JSON.parse(JSON.stringify(value).replace(/kms:EncryptionContext:aws:(?:logs|scheduler:schedule):arn/g, 'aws:SourceArn')) as Value;
};

function deployWithKey(deployment: Deployment = COMMERCIAL): TemplateResolver {
  const stack = new Stack(new App(), 'Platform');
  new ImageMirror(stack, 'Mirror', { ...IMAGES, operationsEncryptionKey: new kms.Key(stack, 'Key') });
  return new TemplateResolver(Template.fromStack(stack).toJSON(), deployment);
}

/** The name that CloudFormation gives a log group. */
const logGroupArn = (stackName: string, logicalId: string) => `arn:aws:logs:${region}:${account}:log-group:${stackName}-${logicalId}-Zk3v9QxT1LmN`;

describe('the key in the stack of the mirror', () => {
  const template = deployWithKey();
  const [keyId] = template.ids('AWS::KMS::Key');
  const keyPolicy = template.properties(keyId).KeyPolicy;
  const logGroups = template.ids('AWS::Logs::LogGroup');

  test('encrypts both log groups, the queue, and the schedules, and nothing else uses it', () => {
    expect(logGroups.map((id) => template.properties(id).KmsKeyId)).toEqual([template.arn(keyId), template.arn(keyId)]);
    expect(template.ids('AWS::SQS::Queue').map((id) => template.properties(id))).toEqual([expect.objectContaining({ KmsMasterKeyId: template.arn(keyId) })]);
    expect(template.ids('AWS::SQS::Queue').map((id) => template.properties(id).SqsManagedSseEnabled)).toEqual([undefined]);
    expect(template.ids('AWS::Scheduler::Schedule').map((id) => template.properties(id).KmsKeyArn)).toEqual([template.arn(keyId)]);
    const users = template.ids('AWS::IAM::Role').filter((id) => JSON.stringify(rolePolicies(template, id)).includes(template.arn(keyId)));
    expect(users).toEqual([expect.stringContaining('SchedulerRole')]);
    expect(template.ids('AWS::ECR::Repository').map((id) => template.properties(id).EncryptionConfiguration)).toEqual([undefined]);
  });

  function judgeLogs(action: string, context: Record<string, string>, principal = `logs.${region}.amazonaws.com`): Promise<string> {
    const call = { principal, action, resource: template.arn(keyId), account, context: standIn(context) };
    return judgeCall(call, { identity: [], resource: standIn(keyPolicy) });
  }

  const contextOf = (arn: string) => ({ 'kms:EncryptionContext:aws:logs:arn': arn });

  const LOG_ACTIONS = ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom'];

  test.each(logGroups.flatMap((id) => LOG_ACTIONS.map((action): [string, string] => [action, id])))(
    'lets CloudWatch Logs call %s for the log group %s', async (action, id) => {
      expect(await judgeLogs(action, contextOf(logGroupArn('DeployedStack', id)))).toBe('Allowed');
    },
  );

  test.each<[string, string, Record<string, string>, string?]>([
    ['another log group of the stack', 'kms:Decrypt', contextOf(logGroupArn('DeployedStack', 'AppLogs1234'))],
    ['the log group of another stack', 'kms:Decrypt', contextOf(logGroupArn('Other', logGroups[0]))],
    ['a log group of another account', 'kms:Decrypt', contextOf(logGroupArn('DeployedStack', logGroups[0]).replace(account, '444455556666'))],
    ['a request without an encryption context', 'kms:Decrypt', {}],
    ['another service', 'kms:Decrypt', contextOf(logGroupArn('DeployedStack', logGroups[0])), 'sns.amazonaws.com'],
    ['a grant', 'kms:CreateGrant', contextOf(logGroupArn('DeployedStack', logGroups[0]))],
  ])('allows no use for %s', async (...[, action, context, principal]) => {
    expect(await judgeLogs(action, context, principal)).not.toBe('Allowed');
  });

  const [schedulerRole] = template.ids('AWS::IAM::Role').filter((id) => id.includes('SchedulerRole'));
  const [groupName] = template.ids('AWS::Scheduler::ScheduleGroup').map((id) => template.properties(id).Name);
  const scheduleContext = (group: string) => ({
    'kms:EncryptionContext:aws:scheduler:schedule:arn': `arn:aws:scheduler:${region}:${account}:schedule/${group}/nginx`,
  });

  function judgeRole(action: string, context: Record<string, string>, resource = template.arn(keyId)): Promise<string> {
    return judgeCall(
      { principal: template.arn(schedulerRole), action, resource, account, context: standIn(context) },
      { identity: standIn(rolePolicies(template, schedulerRole)), resource: standIn(keyPolicy) },
    );
  }

  test.each<[string, string, Record<string, string>]>([
    ['decrypt a schedule of the mirror', 'kms:Decrypt', scheduleContext(groupName)],
    ['encrypt a message', 'kms:GenerateDataKey', { 'kms:ViaService': `sqs.${region}.amazonaws.com` }],
    ['verify a message', 'kms:Decrypt', { 'kms:ViaService': `sqs.${region}.amazonaws.com` }],
  ])('lets the role of the schedules %s', async (_, action, context) => {
    expect(await judgeRole(action, context)).toBe('Allowed');
  });

  test.each<[string, string, Record<string, string>, string?]>([
    ['decrypt a schedule of another group', 'kms:Decrypt', scheduleContext('default')],
    ['encrypt a schedule', 'kms:GenerateDataKey', scheduleContext(groupName)],
    ['use it through another service', 'kms:Decrypt', { 'kms:ViaService': `s3.${region}.amazonaws.com` }],
    ['use it directly', 'kms:Decrypt', {}],
    ['use another key', 'kms:Decrypt', scheduleContext(groupName), KEY_ARN],
    ['grant it to others', 'kms:CreateGrant', { 'kms:ViaService': `sqs.${region}.amazonaws.com` }],
  ])('does not let the role of the schedules %s', async (...[, action, context, resource]) => {
    expect(await judgeRole(action, context, resource)).toBe('ImplicitlyDenied');
  });

  test('names the service of the partition', () => {
    const china = deployWithKey({ ...COMMERCIAL, partition: 'aws-cn', region: 'cn-north-1', urlSuffix: 'amazonaws.com.cn' });
    const services = china.properties(china.ids('AWS::KMS::Key')[0]).KeyPolicy.Statement.map(({ Principal }: any) => Principal.Service);
    expect(services.filter(Boolean)).toEqual(['logs.cn-north-1.amazonaws.com.cn', 'logs.cn-north-1.amazonaws.com.cn']);
  });
});

describe('the key in another stack', () => {
  /** The patterns of log groups that the policy of the key names. */
  function patterns(stack: Stack): string[] {
    const template = new TemplateResolver(Template.fromStack(stack).toJSON());
    const statements: any[] = template.properties(template.ids('AWS::KMS::Key')[0]).KeyPolicy.Statement;
    return statements.flatMap(({ Condition }) => Condition?.StringLike['kms:EncryptionContext:aws:logs:arn'] ?? []);
  }

  test('does not depend on the stack of the mirror, and encrypts schedules in other stacks', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys');
    const platform = new Stack(app, 'Platform');
    const team = new Stack(app, 'Team');
    const mirror = new ImageMirror(platform, 'Mirror', { ...IMAGES, operationsEncryptionKey: new kms.Key(keys, 'Key') });
    new MirroredImage(team, 'Redis', { mirror, image: 'redis:7' });
    const [own] = Object.keys(Template.fromStack(platform).findResources('AWS::Logs::LogGroup'));
    expect(keys.dependencies).toEqual([]);
    expect(patterns(keys)).toContain(`arn:aws:logs:${region}:${account}:log-group:Platform-${own}-*`);
    Template.fromStack(team).hasResourceProperties('AWS::Scheduler::Schedule', { KmsKeyArn: Match.anyValue() });
  });

  test('knows the start of the name of a nested stack', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys');
    const nested = new NestedStack(new Stack(app, 'Platform'), 'Images');
    new ImageMirror(nested, 'Mirror', { ...IMAGES, onDeploy: OnDeploy.OFF, operationsEncryptionKey: new kms.Key(keys, 'Key') });
    const [own] = Object.keys(Template.fromStack(nested).findResources('AWS::Logs::LogGroup'));
    expect(patterns(keys)).toEqual([`arn:aws:logs:${region}:${account}:log-group:Platform-*-${own}-*`]);
  });
});

describe('a key that the app does not define', () => {
  const WARNING = 'cdk-ecr-mirror:ImageMirror.operationsEncryptionKeyPolicy';

  function warnings(key: (stack: Stack) => kms.IKey, env?: { account: string; region: string }): string[] {
    const stack = new Stack(new App(), 'Platform', { env });
    new ImageMirror(stack, 'Mirror', { ...IMAGES, operationsEncryptionKey: key(stack) });
    Template.fromStack(stack);
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(WARNING)).map(({ entry }) => String(entry.data));
  }

  test('causes a warning with the statement for each log group', () => {
    const found = warnings((stack) => kms.Key.fromKeyArn(stack, 'Key', KEY_ARN), { account, region });
    expect(found).toHaveLength(2);
    const [statement] = found.map((text) => JSON.parse(/\{.*\}/.exec(text)![0]));
    expect(statement).toEqual({
      Effect: 'Allow',
      Principal: { Service: `logs.${region}.<domain, for example amazonaws.com>` },
      Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      Resource: '*',
      Condition: {
        StringLike: { 'kms:EncryptionContext:aws:logs:arn': expect.stringMatching(/^arn:<partition>:logs:eu-west-1:111122223333:log-group:Platform-MirrorLogs/) },
      },
    });
  });

  test('causes a warning without tokens where the environment is not known', () => {
    const [text] = warnings((stack) => kms.Key.fromKeyArn(stack, 'Key', KEY_ARN));
    expect(text).toContain('arn:<partition>:logs:<Region>:<account>:log-group:Platform-');
    expect(text).not.toContain('Token[');
  });

  test('causes no warning when the app defines the key', () => {
    expect(warnings((stack) => new kms.Key(stack, 'Key'))).toEqual([]);
  });
});

describe('a key that cannot be used', () => {
  test.each<[string, (stack: Stack) => kms.IKey]>([
    ['of the app', (stack) => new kms.Alias(stack, 'Alias', { aliasName: 'alias/operations', targetKey: new kms.Key(stack, 'Key') })],
    ['of another app', (stack) => kms.Alias.fromAliasName(stack, 'Alias', 'alias/operations')],
    ['with its ARN', (stack) => kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${region}:${account}:alias/operations`)],
  ])('is an alias %s', (_, key) => {
    const stack = new Stack(new App(), 'Platform');
    expect(() => new ImageMirror(stack, 'Mirror', { ...IMAGES, operationsEncryptionKey: key(stack) })).toThrow(/operationsEncryptionKey .*alias/);
  });

  test('is a key of another Region', () => {
    const stack = new Stack(new App(), 'Platform', { env: { account, region: 'us-east-1' } });
    const operationsEncryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
    expect(() => new ImageMirror(stack, 'Mirror', { ...IMAGES, operationsEncryptionKey })).toThrow('is in the Region "eu-west-1", but the mirror is in "us-east-1"');
  });

  test('is a text', () => {
    expect(() => mirrorStack({ operationsEncryptionKey: KEY_ARN as never })).toThrow('operationsEncryptionKey must be an object of the CDK');
  });
});

test('a mirror without the key is unchanged: SQS encrypts the queue, and no key is used', () => {
  const { deploy } = mirrorStack(IMAGES);
  const template = deploy();
  expect(template.ids('AWS::SQS::Queue').map((id) => template.properties(id).SqsManagedSseEnabled)).toEqual([true]);
  expect(template.ids('AWS::IAM::Role').filter((id) => id.includes('SchedulerRole')).map((id) => JSON.stringify(rolePolicies(template, id)).includes('kms:')))
    .toEqual([false]);
});

describe('rules that start runs', () => {
  function keyPolicyWith(define: (stack: Stack, mirror: ImageMirror) => void): { policy: unknown; arn: string } {
    const stack = new Stack(new App(), 'Platform');
    define(stack, new ImageMirror(stack, 'Mirror', { ...IMAGES, operationsEncryptionKey: new kms.Key(stack, 'Key') }));
    const template = new TemplateResolver(Template.fromStack(stack).toJSON(), COMMERCIAL);
    const [id] = template.ids('AWS::KMS::Key');
    return { policy: template.properties(id).KeyPolicy, arn: template.arn(id) };
  }

  const defineRule = (stack: Stack, mirror: ImageMirror) => {
    new events.Rule(stack, 'Rule', { eventPattern: { source: ['vendor'] }, targets: [mirror.image('nginx:stable').asRuleTarget()] });
  };

  test.each<[string, string, typeof defineRule, Record<string, string>, string]>([
    ['can', 'EventBridge of the account', defineRule, { 'aws:SourceAccount': account }, 'Allowed'],
    ['can', 'EventBridge, which may not send the account,', defineRule, {}, 'Allowed'],
    ['cannot', 'EventBridge of another account', defineRule, { 'aws:SourceAccount': '444455556666' }, 'ImplicitlyDenied'],
    ['cannot', 'EventBridge without a rule', () => undefined, { 'aws:SourceAccount': account }, 'ImplicitlyDenied'],
  ])('%s use the key of the queue: %s', async (...[, , define, context, expected]) => {
    const { policy, arn } = keyPolicyWith(define);
    const call = { principal: 'events.amazonaws.com', action: 'kms:GenerateDataKey', resource: arn, account, context };
    expect(await judgeCall(call, { identity: [], resource: standIn(policy) as never })).toBe(expected);
  });

  test('cause a warning with the statement when the app does not define the key', () => {
    const stack = new Stack(new App(), 'Platform');
    const mirror = new ImageMirror(stack, 'Mirror', { ...IMAGES, onDeploy: OnDeploy.OFF, operationsEncryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY_ARN) });
    defineRule(stack, mirror);
    Annotations.fromStack(stack).hasWarning('/Platform/Mirror/DeadLetterQueue', Match.stringLikeRegexp('may not allow EventBridge to use it.*"kms:GenerateDataKey"'));
  });
});
