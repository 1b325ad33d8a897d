import { BatchGetBuildsCommand, Build, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { readBuilds } from '../../src/codebuild/build-state';

const codeBuild = mockClient(CodeBuildClient);
beforeEach(() => codeBuild.reset());
afterAll(() => codeBuild.restore());

const read = (ids: string[]) => readBuilds(new CodeBuildClient({ region: 'eu-west-1' }), ids);

async function stateOf(build: Build) {
  codeBuild.on(BatchGetBuildsCommand).resolves({ builds: [{ id: 'a:1', ...build }] });
  return (await read(['a:1']))[0];
}

test.each(['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'] as const)('%s is told as it is', async (buildStatus) => {
  expect((await stateOf({ buildStatus })).status).toBe(buildStatus);
});

test('a status that is not known is no success: the build runs until it is over, and then has failed', async () => {
  expect((await stateOf({ buildStatus: 'PAUSED' as 'FAILED' })).status).toBe('IN_PROGRESS');
  expect((await stateOf({ buildStatus: 'EXPLODED' as 'FAILED', buildComplete: true })).status).toBe('FAILED');
  expect((await stateOf({})).status).toBe('IN_PROGRESS');
});

test('builds are told in the order of their ids, and one that CodeBuild does not know is gone', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves({ builds: [{ id: 'a:3', buildStatus: 'FAILED' }, { id: 'a:1', buildStatus: 'SUCCEEDED' }], buildsNotFound: ['a:2'] });
  expect((await read(['a:1', 'a:2', 'a:3'])).map(({ id, status }) => [id, status])).toEqual([['a:1', 'SUCCEEDED'], ['a:2', 'GONE'], ['a:3', 'FAILED']]);
});

test('more than 100 builds are asked for in several requests', async () => {
  codeBuild.on(BatchGetBuildsCommand).callsFake(({ ids }: { ids: string[] }) => ({ builds: ids.map((id) => ({ id, buildStatus: 'SUCCEEDED' })) }));
  const ids = Array.from({ length: 250 }, (_, index) => `a:${index}`);
  expect((await read(ids)).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  expect(codeBuild.commandCalls(BatchGetBuildsCommand).map(({ args: [{ input }] }) => input.ids!.length)).toEqual([100, 100, 50]);
});

test('it says when a build ended and where its log is', async () => {
  const logs = { groupName: 'group', streamName: 'stream', deepLink: 'https://console.example.com', cloudWatchLogsArn: 'arn' };
  expect(await stateOf({ buildStatus: 'SUCCEEDED', endTime: new Date(5000), logs })).toEqual({
    id: 'a:1', status: 'SUCCEEDED', endTime: 5000, reachedBuildPhase: false, log: { groupName: 'group', streamName: 'stream', deepLink: 'https://console.example.com' }, problem: undefined,
  });
});

test('it says whether a build came as far as its commands', async () => {
  expect((await stateOf({ phases: [{ phaseType: 'PROVISIONING' }] })).reachedBuildPhase).toBe(false);
  expect((await stateOf({ phases: [{ phaseType: 'PROVISIONING' }, { phaseType: 'BUILD' }] })).reachedBuildPhase).toBe(true);
});

test('the problem is what the phases that failed tell, in one short line', async () => {
  const { problem } = await stateOf({
    buildStatus: 'FAILED',
    phases: [
      { phaseType: 'PROVISIONING', phaseStatus: 'SUCCEEDED', contexts: [{ statusCode: '', message: '' }] },
      { phaseType: 'DOWNLOAD_SOURCE', phaseStatus: 'FAILED', contexts: [{ statusCode: 'CLIENT_ERROR', message: 'AccessDenied\n\u001b[31mstatus code: 403' }] },
      { phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ message: 'x'.repeat(1000) }] },
      { phaseType: 'COMPLETED' },
    ],
  });
  expect(problem).toMatch(/^DOWNLOAD_SOURCE: CLIENT_ERROR: AccessDenied \\u001b\[31mstatus code: 403; BUILD: x+\.\.\.$/);
  expect(problem!.length).toBe(300);
});
