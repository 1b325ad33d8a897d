/** Rules that start runs when an event arrives, and principals that may start them. */
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, IMirroredImage, OnDeploy, OnTagMoved, TagFilter } from '../../src';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { singleImage } from '../support/fixture-images';
import { UPSTREAM } from '../support/local-account';
import { StartBuildInput } from '../support/local-code-build';
import { LocalMirror } from '../support/local-mirror';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { foreignStarts, ownStarts, StartBuildContext, startedProject } from '../support/start-build-calls';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const PATTERN = { source: ['com.example.vendor'] };
const OFF = { onDeploy: OnDeploy.OFF };

function ruleFor(scope: Stack, ...images: IMirroredImage[]): events.Rule {
  return new events.Rule(scope, 'Published', { eventPattern: PATTERN, targets: images.map((image) => image.asRuleTarget()) });
}

/** The targets of all rules, with the variables that they start a build with. */
function targetsOf(template: TemplateResolver) {
  return template.ids('AWS::Events::Rule').flatMap((id) => template.properties(id).Targets as Record<string, any>[]).map((target) => {
    const { environmentVariablesOverride, ...others }: StartBuildInput = JSON.parse(target.Input);
    expect(others).toEqual({});
    const variables: Record<string, string> = Object.fromEntries(environmentVariablesOverride!.map(({ name, value }) => [name, value]));
    return { ...target, variables };
  });
}

const roleIn = (template: TemplateResolver, name: string) => template.ids('AWS::IAM::Role').find((id) => id.includes(name))!;
const projectIn = (template: TemplateResolver) => template.ids('AWS::CodeBuild::Project').find((id) => !template.properties(id).Environment.PrivilegedMode)!;

describe('a rule', () => {
  test('starts a run with the variables of the image, also those of later choices', () => {
    const { stack, mirror, deploy } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
    const worker = mirror.addImage('public.ecr.aws/example/worker:1.4.2', { onTagMoved: OnTagMoved.KEEP, repositoryName: 'team/worker' });
    ruleFor(stack, mirror.image('nginx:stable'), worker);
    new lambda.DockerImageFunction(stack, 'Function', { code: worker.toLambdaCode() });
    const template = deploy();
    const targets = targetsOf(template);
    expect(targets.map(({ variables }) => variables)).toEqual([
      { IMAGE: 'docker.io/library/nginx:stable' },
      { IMAGE: 'public.ecr.aws/example/worker:1.4.2', REPOSITORY: 'team/worker', ON_TAG_MOVED: 'KEEP', PLATFORM_TAGS: 'linux/amd64' },
    ]);
    const queue = template.arn(template.ids('AWS::SQS::Queue')[0]);
    for (const target of targets) {
      expect(target).toMatchObject({
        Arn: template.arn(projectIn(template)),
        RoleArn: template.arn(roleIn(template, 'RuleTargetRole')),
        DeadLetterConfig: { Arn: queue },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      });
    }
    expect(template.ids('AWS::IAM::Role').filter((id) => id.includes('RuleTargetRole'))).toHaveLength(1);
  });

  test('may send events that started no build to the queue, and other services may not', async () => {
    const { stack, mirror, deploy } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
    ruleFor(stack, mirror.image('nginx:stable'));
    const template = deploy();
    const [queueId] = template.ids('AWS::SQS::Queue');
    const { PolicyDocument: resource } = template.properties(template.ids('AWS::SQS::QueuePolicy')[0]);
    const { account, region } = COMMERCIAL;
    const judge = (principal: string, sourceArn: string) => judgeCall(
      { principal, action: 'sqs:SendMessage', resource: template.arn(queueId), account, context: { 'aws:SourceArn': sourceArn, 'aws:SecureTransport': 'true' } },
      { identity: [], resource },
    );
    expect(await judge('events.amazonaws.com', `arn:aws:events:${region}:${account}:rule/Published`)).toBe('Allowed');
    expect(await judge('events.amazonaws.com', `arn:aws:events:${region}:${account}:rule/bus/Published`)).toBe('Allowed');
    expect(await judge('events.amazonaws.com', `arn:aws:events:${region}:444455556666:rule/Published`)).toBe('ImplicitlyDenied');
    expect(await judge('sns.amazonaws.com', `arn:aws:events:${region}:${account}:rule/Published`)).toBe('ImplicitlyDenied');
  });

  test('of another stack has the role of the mirror', () => {
    const { app, mirror, deploy } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
    ruleFor(new Stack(app, 'Team'), mirror.image('nginx:stable'));
    expect(deploy().ids('AWS::IAM::Role').filter((id) => id.includes('RuleTargetRole'))).toHaveLength(1);
  });

  test('of another stage throws an error', () => {
    const { app, mirror } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
    expect(() => ruleFor(new Stack(new Stage(app, 'Prod'), 'Team'), mirror.image('nginx:stable'))).toThrow('another stage');
  });

  test('cannot have more input than EventBridge allows', () => {
    const { stack, mirror, deploy } = mirrorStack(OFF);
    const tags = TagFilter.pattern('*', { exclude: Array.from({ length: 40 }, (_, index) => `${index}${'a'.repeat(80)}*`) });
    ruleFor(stack, mirror.addImage('alpine', { tags, dockerfileLines: [`RUN echo ${'"'.repeat(1_400)}`] }));
    expect(deploy).toThrow('but EventBridge allows 8192 for a target of a rule; use a shorter tag filter, or fewer dockerfileLines');
  });
});

test('without rules and grants, the template has no role for rules and no statement of the queue for them', () => {
  const template = mirrorStack({ images: ['nginx:stable'] }).deploy();
  expect(roleIn(template, 'RuleTargetRole')).toBeUndefined();
  expect(JSON.stringify(template.properties(template.ids('AWS::SQS::QueuePolicy')[0]))).not.toContain('events.amazonaws.com');
});

describe.each(['the role of rules', 'a principal with grantStart()', 'a principal with grantStart() of a catalog'])('%s', (name) => {
  const { stack, mirror, deploy } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
  const grantee = new iam.Role(stack, 'Releases', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const catalog = mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/images')));
  if (name.startsWith('the role')) ruleFor(stack, mirror.image('nginx:stable'));
  else (name.endsWith('catalog') ? catalog : mirror.image('nginx:stable')).grantStart(grantee).assertSuccess();
  const template = deploy();
  const roleId = roleIn(template, name.startsWith('the role') ? 'RuleTargetRole' : 'Releases');
  const project = template.arn(projectIn(template));
  const started = startedProject(template, projectIn(template), Object.values(RUN_ENVIRONMENT));
  const judge = (action: string, resource: string, context: StartBuildContext = {}) => judgeCall(
    { principal: template.arn(roleId), action, resource, account: COMMERCIAL.account, context }, { identity: rolePolicies(template, roleId) },
  );

  test.each(ownStarts(started))('may start a build with %s', async (_, context) => {
    expect(await judge('codebuild:StartBuild', project, context)).toBe('Allowed');
  });

  test.each(foreignStarts(started))('may not start a build with %s', async (_, context) => {
    expect(await judge('codebuild:StartBuild', project, context)).toBe('ExplicitlyDenied');
  });

  test.each([
    ['codebuild:StartBuild', project.replace(/[^/]+$/, 'another')],
    ['codebuild:StartBuildBatch', project],
    ['codebuild:RetryBuild', project],
    ['codebuild:StopBuild', project],
    ['codebuild:UpdateProject', project],
    ['sqs:SendMessage', template.arn(template.ids('AWS::SQS::Queue')[0])],
    ['iam:PassRole', template.arn(roleIn(template, 'BuildRole'))],
    ['ecr:PutImage', template.arn(template.ids('AWS::ECR::Repository')[0])],
  ])('may not call %s on %s', async (action, resource) => {
    expect(await judge(action, resource)).toBe('ImplicitlyDenied');
  });
});

test('only EventBridge, for the account of the mirror, can use the role of rules', () => {
  const { stack, mirror, deploy } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
  ruleFor(stack, mirror.image('nginx:stable'));
  const template = deploy();
  expect(template.properties(roleIn(template, 'RuleTargetRole')).AssumeRolePolicyDocument.Statement).toEqual([{
    Action: 'sts:AssumeRole',
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Condition: { StringEqualsIfExists: { 'aws:SourceAccount': COMMERCIAL.account } },
  }]);
});

describe('an image that neither schedules nor deployments mirror', () => {
  const warningsOf = (props: object, define: (image: IMirroredImage, stack: Stack) => void) => {
    const { stack, mirror } = mirrorStack({ ...OFF, images: ['nginx:stable'], ...props });
    define(mirror.image('nginx:stable'), stack);
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('onlyOnRequest')).length;
  };

  test('gets a warning instead of an error when a rule or a principal can start its runs', () => {
    const unscheduled = { scheduled: false };
    expect(warningsOf(unscheduled, (image, stack) => ruleFor(stack, image))).toBe(1);
    expect(warningsOf(unscheduled, (image, stack) => image.grantStart(new iam.User(stack, 'User')))).toBe(1);
  });

  test.each([{}, { enabled: false, scheduled: false }, { onDeploy: OnDeploy.WAIT, scheduled: false }])('gets none with %j', (props) => {
    expect(warningsOf(props, (image, stack) => ruleFor(stack, image))).toBe(0);
  });
});

test('an image of another app throws an error, because its runs are started there', () => {
  const stack = new Stack(new App(), 'Team', { env: { account: '111122223333', region: 'eu-west-1' } });
  const image = ImageMirror.fromImageMirrorAttributes(stack, 'Mirror', { images: ['nginx:stable'] }).image('nginx:stable');
  const message = 'another app defines the mirror of "docker.io/library/nginx:stable", so its runs cannot be started from here';
  expect(() => image.asRuleTarget()).toThrow(message);
  expect(() => image.grantStart(new iam.User(stack, 'User'))).toThrow(message);
});

test('the input of a rule mirrors the image, from its template to Amazon ECR', async () => {
  const local = await LocalMirror.deploy((mirror) => {
    const image = mirror.addImage(`${UPSTREAM}/team/app:1.0.0`, { repositoryName: 'team/app', enabled: false });
    ruleFor(Stack.of(mirror), image);
  }, OFF);
  try {
    local.account.upstream.push('team/app', '1.0.0', singleImage());
    await local.runSchedules();
    expect(local.builds).toHaveLength(0);
    const [{ variables }] = targetsOf(local.template);
    await local.startBuild(projectIn(local.template), variables);
    await local.settled();
    expect(local.account.ecr.repository('team/app').find('1.0.0')?.digest).toBe(singleImage().digest);
    expect(local.errors()).toEqual([]);
  } finally {
    await local.close();
  }
});
