import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudAssembly } from './cloud-assembly';
import { BuildResult, LocalCodeBuild, StartBuildInput } from './local-code-build';
import { buildSchedules } from './local-scheduler';
import { Deployment, TemplateJson } from './template-resolver';
import { withFolder } from './with-folder';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'us-east-1', urlSuffix: 'amazonaws.com' };
const folder = withFolder();

beforeEach(async () => {
  await mkdir(join(folder, 'asset.engine'));
  await writeFile(join(folder, 'asset.engine', 'print.js'), 'console.log(process.env[process.argv[2]])');
  await writeFile(join(folder, 'Stack.assets.json'), JSON.stringify({
    files: { engine: { source: { path: 'asset.engine', packaging: 'zip' }, destinations: { here: { bucketName: 'assets-${AWS::Region}', objectKey: 'engine.zip' } } } },
  }));
});

/** A template with one project, and schedules that start it. */
function templateWith(phases: object, variables: object[] = [], schedules: Record<string, object> = {}): TemplateJson {
  return {
    Resources: {
      Project: {
        Type: 'AWS::CodeBuild::Project',
        Properties: {
          Environment: { EnvironmentVariables: variables },
          Source: { Type: 'S3', Location: { 'Fn::Sub': 'assets-${AWS::Region}/engine.zip' }, BuildSpec: JSON.stringify({ version: '0.2', phases }) },
        },
      },
      ...Object.fromEntries(Object.entries(schedules).map(([id, properties]) => [id, { Type: 'AWS::Scheduler::Schedule', Properties: properties }])),
    },
  };
}

async function codeBuild(template: TemplateJson, secrets = {}): Promise<LocalCodeBuild> {
  await writeFile(join(folder, 'Stack.template.json'), JSON.stringify(template));
  const assembly = new CloudAssembly(folder);
  return new LocalCodeBuild({ assembly, template: await assembly.template('Stack', DEPLOYMENT), deployment: DEPLOYMENT, secrets });
}

async function build(template: TemplateJson, input?: StartBuildInput, secrets = {}): Promise<BuildResult> {
  return (await codeBuild(template, secrets)).build('Project', input);
}

function commands(...list: string[]): object {
  return { build: { commands: list } };
}

test('runs the commands where the project\'s source was unpacked', async () => {
  const result = await build(templateWith(commands('node print.js CODEBUILD_SRC_DIR', 'pwd')));
  expect(result).toMatchObject({ status: 'SUCCEEDED', exitCode: 0 });
  expect(result.stdout[0]).toBe(result.stdout[1]);
  expect(result.log).toContain('[Container] Running command pwd');
});

test('unpacks secondary sources beside it, and says where', async () => {
  const template = templateWith(commands('node "$CODEBUILD_SRC_DIR_more/print.js" CODEBUILD_SRC_DIR_more', 'pwd'));
  const secondary = { Type: 'S3', SourceIdentifier: 'more', Location: { 'Fn::Sub': 'assets-${AWS::Region}/engine.zip' } };
  Object.assign(template.Resources!.Project.Properties!, { SecondarySources: [secondary] });
  const [more, main] = (await build(template)).stdout;
  expect(more).toMatch(/^\//);
  expect(more).not.toBe(main);
});

test('sets the project\'s variables, and the build\'s over them', async () => {
  const variables = [{ Name: 'A', Type: 'PLAINTEXT', Value: 'project' }, { Name: 'B', Value: { 'Fn::Join': ['', ['in ', { Ref: 'AWS::Region' }]] } }];
  const overrides = { environmentVariablesOverride: [{ name: 'A', value: 'build; echo $(id) "\'' }] };
  const result = await build(templateWith(commands('node print.js A', 'node print.js B', 'node print.js AWS_REGION'), variables), overrides);
  expect(result.stdout).toEqual(['build; echo $(id) "\'', 'in us-east-1', 'us-east-1']);
});

test('hands nothing of this process\'s environment on', async () => {
  process.env.LOCAL_CODE_BUILD_TEST = 'leaked';
  const result = await build(templateWith(commands('node print.js LOCAL_CODE_BUILD_TEST')));
  delete process.env.LOCAL_CODE_BUILD_TEST;
  expect(result.stdout).toEqual(['undefined']);
});

test('runs all commands in one shell', async () => {
  const phases = { pre_build: { commands: ['export SHARED=yes', 'mkdir inner', 'cd inner'] }, build: { commands: ['echo "$SHARED $(basename "$PWD")"'] } };
  expect((await build(templateWith(phases))).stdout).toEqual(['yes inner']);
});

test('ends a phase at its first failing command, and keeps its status', async () => {
  const result = await build(templateWith(commands('echo one', '(exit 3)', 'echo two')));
  expect(result).toMatchObject({ status: 'FAILED', exitCode: 3, stdout: ['one'] });
});

test('runs post_build after a failed build, but not after a failed pre_build', async () => {
  const after = { post_build: { commands: ['echo "after $CODEBUILD_BUILD_SUCCEEDING"'] } };
  expect(await build(templateWith({ build: { commands: ['false'] }, ...after }))).toMatchObject({ exitCode: 1, stdout: ['after 0'] });
  expect(await build(templateWith({ pre_build: { commands: ['false'] }, ...after }))).toMatchObject({ exitCode: 1, stdout: [] });
});

test.each([
  ['a name and a field', 'hub:password'],
  ['an ARN and a field', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf:password'],
  ['an ARN, a field and a stage', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf:password:AWSCURRENT'],
])('reads a secret by %s and hides it in the log', async (_, value) => {
  const template = templateWith(commands('test "$PASSWORD" = secret-text && echo "it is $PASSWORD"'), [{ Name: 'PASSWORD', Type: 'SECRETS_MANAGER', Value: value }]);
  const result = await build(template, undefined, { hub: { username: 'someone', password: 'secret-text' } });
  expect(result.stdout).toEqual(['it is ***']);
  expect(result.log).not.toContain('secret-text');
});

test('starts no build whose secret is missing', async () => {
  const template = templateWith(commands('echo started'), [{ Name: 'PASSWORD', Type: 'SECRETS_MANAGER', Value: 'hub:token' }]);
  await expect(build(template, undefined, { hub: { password: 'x' } })).rejects.toThrow('there is no field "token" in the secret "hub"');
  await expect(build(template)).rejects.toThrow('there is no secret "hub"');
});

test('refuses what it does not know instead of leaving it out', async () => {
  await expect(build(templateWith({ build: { commands: ['true'], finally: ['true'] } }))).rejects.toThrow('"finally" in the phase build');
  await expect(build(templateWith(commands('true')), { buildspecOverride: 'x' } as StartBuildInput)).rejects.toThrow('"buildspecOverride"');
  const reserved = { environmentVariablesOverride: [{ name: 'CODEBUILD_SRC_DIR', value: '/' }] };
  await expect(build(templateWith(commands('true')), reserved)).rejects.toThrow('reserved for CodeBuild');
});

test('finds the enabled schedules that start a project, with their input', async () => {
  const input = { environmentVariablesOverride: [{ name: 'IMAGE', type: 'PLAINTEXT', value: 'docker.io/library/nginx:stable' }] };
  const target = { Arn: { 'Fn::GetAtt': ['Project', 'Arn'] }, Input: JSON.stringify(input) };
  const template = templateWith(commands('node print.js IMAGE'), [], {
    Enabled: { ScheduleExpression: 'rate(1 day)', Target: target },
    Disabled: { ScheduleExpression: 'rate(1 day)', State: 'DISABLED', Target: target },
    Other: { ScheduleExpression: 'rate(1 day)', Target: { Arn: 'arn:aws:sqs:us-east-1:123456789012:queue' } },
  });
  const runner = await codeBuild(template);
  const schedules = buildSchedules(await new CloudAssembly(folder).template('Stack', DEPLOYMENT));
  expect(schedules).toEqual([
    { logicalId: 'Enabled', expression: 'rate(1 day)', projectId: 'Project', input, variables: { IMAGE: 'docker.io/library/nginx:stable' } },
  ]);
  expect((await runner.build(schedules[0].projectId, schedules[0].input)).stdout).toEqual(['docker.io/library/nginx:stable']);
});
