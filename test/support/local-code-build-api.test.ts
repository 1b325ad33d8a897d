import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchLogsClient, GetLogEventsCommand, GetLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand, StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import { CloudAssembly } from './cloud-assembly';
import { LocalCodeBuild } from './local-code-build';
import { LocalCodeBuildApi } from './local-code-build-api';
import { LocalLogsApi } from './local-logs-api';
import { COMMERCIAL } from './template-resolver';
import { withFolder } from './with-folder';

const SETTINGS = { region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, maxAttempts: 1 };

const folder = withFolder();
let api: LocalCodeBuildApi;
let logs: LocalLogsApi;
let client: CodeBuildClient;
let logsClient: CloudWatchLogsClient;

beforeEach(async () => {
  await mkdir(join(folder, 'asset.engine'));
  const files = { engine: { source: { path: 'asset.engine', packaging: 'zip' }, destinations: { here: { bucketName: 'assets', objectKey: 'engine.zip' } } } };
  await writeFile(join(folder, 'Stack.assets.json'), JSON.stringify({ files }));
  const phases = { build: { commands: ['for line in 1 2 3 4 5; do echo "$line $WORD"; done', 'exit "${CODE:-0}"'] } };
  const source = { Type: 'S3', Location: 'assets/engine.zip', BuildSpec: JSON.stringify({ version: '0.2', phases }) };
  const project = { Name: 'Mirror', Environment: {}, Source: source, LogsConfig: { CloudWatchLogs: { GroupName: 'builds' } } };
  await writeFile(join(folder, 'Stack.template.json'), JSON.stringify({ Resources: { Project: { Type: 'AWS::CodeBuild::Project', Properties: project } } }));
  const assembly = new CloudAssembly(folder);
  api = await new LocalCodeBuildApi(new LocalCodeBuild({ assembly, template: await assembly.template('Stack', COMMERCIAL), deployment: COMMERCIAL })).start();
  logs = await new LocalLogsApi((group, stream) => api.logLines(group, stream)).start();
  client = new CodeBuildClient({ ...SETTINGS, endpoint: api.url });
  logsClient = new CloudWatchLogsClient({ ...SETTINGS, endpoint: logs.url });
});

afterEach(async () => {
  await api.settled();
  expect([...api.errors, ...logs.errors]).toEqual([]);
  client.destroy();
  logsClient.destroy();
  await Promise.all([api.close(), logs.close()]);
});

const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const }));

async function start(more: Partial<StartBuildCommandInput> = {}) {
  return (await client.send(new StartBuildCommand({ projectName: 'Mirror', ...more }))).build!;
}

async function ended(id: string) {
  await api.settled();
  return (await client.send(new BatchGetBuildsCommand({ ids: [id] }))).builds![0];
}

test('a build is in progress, and then succeeds, with its variables', async () => {
  const { id, buildStatus, startTime } = await start({ environmentVariablesOverride: variables({ WORD: 'word' }) });
  expect([buildStatus, startTime]).toEqual(['IN_PROGRESS', expect.any(Date)]);
  expect(await ended(id!)).toMatchObject({ id, buildStatus: 'SUCCEEDED', buildComplete: true, logs: { groupName: 'builds', streamName: id!.split(':')[1] } });
  expect(api.logLines('builds', id!.split(':')[1])).toContain('5 word');
});

test('a build whose command fails has failed in its phase', async () => {
  const { id } = await start({ environmentVariablesOverride: variables({ CODE: '3' }) });
  const { buildStatus, phases } = await ended(id!);
  expect([buildStatus, phases!.at(-1)]).toMatchObject(['FAILED', { phaseType: 'BUILD', contexts: [{ message: expect.stringContaining('exit status 3') }] }]);
});

test('a repeated token is the same build, and another request with it is refused', async () => {
  const first = await start({ idempotencyToken: 'token' });
  expect((await start({ idempotencyToken: 'token' })).id).toBe(first.id);
  await expect(start({ idempotencyToken: 'token', environmentVariablesOverride: variables({ A: 'b' }) })).rejects.toMatchObject({ name: 'InvalidInputException' });
  expect(api.builds).toHaveLength(1);
});

test('what is not there is told: a project, a build, a log', async () => {
  await expect(start({ projectName: 'gone' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  expect((await client.send(new BatchGetBuildsCommand({ ids: ['Mirror:none'] }))).buildsNotFound).toEqual(['Mirror:none']);
  await expect(logsClient.send(new GetLogEventsCommand({ logGroupName: 'builds', logStreamName: 'none' }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('requests can be refused, so often and no more', async () => {
  api.refuse('StartBuild', 'AccountLimitExceededException', 'full');
  await expect(start()).rejects.toMatchObject({ name: 'AccountLimitExceededException', message: 'full' });
  expect((await start()).id).toBeDefined();
});

test('a log has pages, from its end backwards and from its beginning on', async () => {
  const { id } = await start({ environmentVariablesOverride: variables({ WORD: 'word' }) });
  await ended(id!);
  const page = (more: object) => logsClient.send(new GetLogEventsCommand({ logGroupName: 'builds', logStreamName: id!.split(':')[1], limit: 2, ...more }));
  const messages = ({ events = [] }: GetLogEventsCommandOutput) => events.map(({ message }) => message!.trim()).filter((line) => !line.startsWith('['));
  const all = async (startFromHead: boolean, token: 'nextForwardToken' | 'nextBackwardToken') => {
    const pages: string[][] = [];
    for (let nextToken: string | undefined; ;) {
      const answer = await page({ startFromHead, nextToken });
      pages.push(messages(answer));
      if (answer[token] === nextToken) return pages;
      nextToken = answer[token];
    }
  };
  const words = [1, 2, 3, 4, 5].map((number) => `${number} word`);
  expect((await all(true, 'nextForwardToken')).flat()).toEqual(words);
  expect((await all(false, 'nextBackwardToken')).reverse().flat()).toEqual(words);
});
