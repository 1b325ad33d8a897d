/** What the functions behind the custom resource may do, judged against the calls that they make. */
import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, MirroredImage } from '../../src';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { MAX_INLINE_POLICY_LENGTH, renderedLength } from '../../src/repositories/repository-arns';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { foreignStarts, ownStarts, startedProject } from '../support/start-build-calls';
import { COMMERCIAL, stackId, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;

function deployMirror(): TemplateResolver {
  const app = new App();
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  new MirroredImage(new NestedStack(stack, 'Nested'), 'Redis', { mirror, image: 'redis:7' });
  new MirroredImage(new NestedStack(new Stack(app, 'Outer'), 'Inner'), 'Alpine', { mirror, image: 'alpine:3' });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployMirror();
const roleOf = (id: string) => deployed.ids('AWS::IAM::Role').filter((one) => one.startsWith(`MirrorOnDeploy${id}`))[0];
const functionOf = (id: string) => deployed.arn(deployed.ids('AWS::Lambda::Function').filter((one) => one.startsWith(`MirrorOnDeploy${id}`))[0]);
const [project] = deployed.ids('AWS::CodeBuild::Project').map((id) => deployed.arn(id));
const started = startedProject(deployed, deployed.ids('AWS::CodeBuild::Project')[0], Object.values(RUN_ENVIRONMENT));
const [stateMachine] = deployed.ids('AWS::StepFunctions::StateMachine').map((id) => deployed.arn(id));
const logGroup = (id: string) => deployed.arn(deployed.ids('AWS::Logs::LogGroup').filter((one) => one.startsWith(id))[0]).replace(/:\*$/, '');
const [buildLogs, handlerLogs] = [logGroup('MirrorLogs'), logGroup('MirrorOnDeployLogs')];
const [repository] = deployed.ids('AWS::ECR::Repository').map((id) => deployed.arn(id));
const stack = (name: string) => stackId(COMMERCIAL, name);

interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, string | string[]>;
}

const judge = (role: string, { action, resource, context }: Call) => {
  return judgeCall({ principal: deployed.arn(role), action, resource, account, context }, { identity: rolePolicies(deployed, role) });
};

const LOG: Call[] = [
  { action: 'logs:CreateLogStream', resource: `${handlerLogs}:log-stream:1` },
  { action: 'logs:PutLogEvents', resource: `${handlerLogs}:log-stream:1` },
];

const OTHERS: Call[] = [
  { action: 'codebuild:StartBuild', resource: `arn:aws:codebuild:${region}:${account}:project/another` },
  { action: 'codebuild:StopBuild', resource: project },
  { action: 'codebuild:UpdateProject', resource: project },
  { action: 'codebuild:BatchGetBuilds', resource: `arn:aws:codebuild:${region}:${account}:project/another` },
  { action: 'cloudformation:DescribeStacks', resource: stack('Another') },
  { action: 'cloudformation:DescribeStacks', resource: stack('Teams') },
  { action: 'cloudformation:DescribeStacks', resource: stack('Nested') },
  { action: 'cloudformation:UpdateStack', resource: stack('DeployedStack') },
  { action: 'cloudformation:GetTemplate', resource: stack('DeployedStack') },
  { action: 'logs:GetLogEvents', resource: `arn:aws:logs:${region}:${account}:log-group:another:log-stream:1` },
  { action: 'logs:PutLogEvents', resource: `${buildLogs}:log-stream:1` },
  { action: 'logs:DeleteLogGroup', resource: handlerLogs },
  { action: 'ecr:PutImage', resource: repository },
  { action: 'ecr:BatchGetImage', resource: repository },
  { action: 'ecr:GetAuthorizationToken', resource: '*' },
  { action: 'iam:PassRole', resource: deployed.arn(roleOf('OnEventRole')) },
  { action: 'sts:AssumeRole', resource: deployed.arn(roleOf('IsCompleteRole')) },
  { action: 'lambda:InvokeFunction', resource: `arn:aws:lambda:${region}:${account}:function:another` },
  { action: 'lambda:UpdateFunctionCode', resource: functionOf('OnEvent') },
  { action: 'states:StartExecution', resource: `arn:aws:states:${region}:${account}:stateMachine:another` },
];

describe('the function that starts builds', () => {
  const role = roleOf('OnEventRole');

  test.each<Call>([
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'cloudformation:DescribeStacks', resource: stack('DeployedStack') },
    { action: 'cloudformation:DescribeStacks', resource: stack('Team') },
    { action: 'cloudformation:DescribeStacks', resource: stack('Platform-NestedNestedStackNestedNestedStackResource-ABC') },
    { action: 'cloudformation:DescribeStacks', resource: stack('Outer-InnerNestedStackInnerNestedStackResource-ABC') },
    ...LOG,
  ])('may do what it does: $action on $resource', async (call) => {
    expect(await judge(role, call)).toBe('Allowed');
  });

  test.each(ownStarts(started))('may start a build with %s', async (_, context) => {
    expect(await judge(role, { action: 'codebuild:StartBuild', resource: project, context })).toBe('Allowed');
  });

  test.each(foreignStarts(started))('may not start a build with %s, whatever else allows it', async (_, context) => {
    expect(await judge(role, { action: 'codebuild:StartBuild', resource: project, context })).toBe('ExplicitlyDenied');
  });

  test('has a policy that IAM takes, however many stacks there are and however long their names', () => {
    const app = new App();
    const platform = new Stack(app, 'Platform');
    const mirror = new ImageMirror(platform, 'Mirror', { images: ['nginx:stable'] });
    for (let index = 10; index < 34; index++) {
      new MirroredImage(new Stack(app, `Team${index}`, { stackName: `${'t'.repeat(126)}${index}` }), 'Redis', { mirror, image: `redis:7.0.${index}`, repositoryName: `redis${index}` });
    }
    const roles = Template.fromStack(platform).findResources('AWS::IAM::Role', { Properties: { Description: 'Starts builds that mirror images when they are deployed' } });
    const [{ Properties: { Policies: [{ PolicyDocument }] } }] = Object.values(roles);
    const stacks = PolicyDocument.Statement.find(({ Action }: { Action: unknown }) => Action === 'cloudformation:DescribeStacks');
    expect(stacks.Resource).toHaveLength(25);
    expect(renderedLength(PolicyDocument)).toBeLessThan(MAX_INLINE_POLICY_LENGTH);
  });

  test.each<Call>([
    { action: 'codebuild:BatchGetBuilds', resource: project },
    { action: 'cloudformation:DescribeStacks', resource: stack('Outer') },
    { action: 'logs:GetLogEvents', resource: `${buildLogs}:log-stream:1` },
    { action: 'states:StartExecution', resource: stateMachine },
    { action: 'lambda:InvokeFunction', resource: functionOf('IsComplete') },
    ...OTHERS,
  ])('may do nothing else: $action on $resource', async (call) => {
    expect(await judge(role, call)).toBe('ImplicitlyDenied');
  });
});

describe('the function that follows builds', () => {
  const role = roleOf('IsCompleteRole');

  test.each<Call>([
    { action: 'codebuild:BatchGetBuilds', resource: project },
    { action: 'logs:GetLogEvents', resource: `${buildLogs}:log-stream:1` },
    ...LOG,
  ])('may do what it does: $action on $resource', async (call) => {
    expect(await judge(role, call)).toBe('Allowed');
  });

  test.each<Call>([
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'cloudformation:DescribeStacks', resource: stack('DeployedStack') },
    { action: 'states:StartExecution', resource: stateMachine },
    { action: 'lambda:InvokeFunction', resource: functionOf('OnEvent') },
    ...OTHERS,
  ])('may do nothing else: $action on $resource', async (call) => {
    expect(await judge(role, call)).toBe('ImplicitlyDenied');
  });
});

describe('the functions of the CDK\'s framework', () => {
  const onEvent = roleOf('FrameworkOnEventRole');
  const isComplete = roleOf('FrameworkIsCompleteRole');

  test.each<[string, Call]>([
    [onEvent, { action: 'lambda:InvokeFunction', resource: functionOf('OnEvent') }],
    [onEvent, { action: 'states:StartExecution', resource: stateMachine }],
    [isComplete, { action: 'lambda:InvokeFunction', resource: functionOf('IsComplete') }],
    ...[onEvent, isComplete].flatMap((role) => LOG.map((call): [string, Call] => [role, call])),
  ])('%s may do what it does: %j', async (role, call) => {
    expect(await judge(role, call)).toBe('Allowed');
  });

  test.each([onEvent, isComplete].flatMap((role) => OTHERS.map((call): [string, Call] => [role, call])))('%s may do nothing else: %j', async (role, call) => {
    expect(await judge(role, call)).toBe('ImplicitlyDenied');
  });
});

test('Lambda takes the roles of functions, and Step Functions its own', () => {
  const principals = deployed.ids('AWS::IAM::Role').filter((id) => id.startsWith('MirrorOnDeploy')).map((id) => {
    const [{ Principal, Effect, Action }] = deployed.properties(id).AssumeRolePolicyDocument.Statement;
    return [Principal.Service, Effect, Action].join(' ');
  });
  expect(principals.sort()).toEqual([...Array.from({ length: 4 }, () => 'lambda.amazonaws.com Allow sts:AssumeRole'), 'states.amazonaws.com Allow sts:AssumeRole']);
});
