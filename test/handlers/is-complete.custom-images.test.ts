/** How a deployment waits for the builds that customize its images. */
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, Build, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import type { StartedBuild } from '../../src/codebuild/start-builds';
import { MirrorResult, NO_TRANSFER, summarize, notAttempted } from '../../src/engine/result';
import { handleIsComplete } from '../../src/handlers/is-complete';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
const logs = mockClient(CloudWatchLogsClient);

const SOURCE = 'docker.io/hashicorp/vault:1.14';
const MIRRORED: MirrorResult = { ...NO_TRANSFER, source: SOURCE, target: 'ecr/mirror/hashicorp/vault:1.14', outcome: 'copied' };
const FAILED: Build = { buildStatus: 'FAILED', phases: [{ phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ message: 'exit status 1' }] }] };

let clock: MovingClock;
let builds: Record<string, Build>;
let logLines: Record<string, string[]>;

beforeEach(() => {
  codeBuild.reset();
  logs.reset();
  clock = new MovingClock();
  builds = { 'Mirror:1': { buildStatus: 'SUCCEEDED', endTime: new Date(clock.now()) } };
  logLines = {};
  codeBuild.on(BatchGetBuildsCommand).callsFake(({ ids }: { ids: string[] }) => ({
    builds: ids.filter((id) => builds[id] !== undefined)
      .map((id) => ({ id, logs: { groupName: 'group', streamName: id, deepLink: `https://console.example.com/${id}` }, ...builds[id] })),
  }));
  logs.on(GetLogEventsCommand).callsFake(({ logStreamName }: { logStreamName: string }) => {
    return { events: (logLines[logStreamName] ?? []).map((message) => ({ message })) };
  });
});

afterAll(() => [codeBuild, logs].forEach((mock) => mock.restore()));

const STARTED: StartedBuild = { id: 'Mirror:1', startTime: 0, images: 1, firstImages: [SOURCE], customizes: true };

const ask = (started: Partial<StartedBuild> = {}) => handleIsComplete({ RequestType: 'Create', Builds: [{ ...STARTED, startTime: clock.now(), ...started }] }, {
  codeBuild: new CodeBuildClient({ region: 'eu-west-1' }), logs: new CloudWatchLogsClient({ region: 'eu-west-1' }), waitMinutes: 50, log: () => undefined, clock,
});

/** What the log of a build tells. */
function tell(id: string, ...results: MirrorResult[]): void {
  logLines[id] = [...results, summarize(results)].map((line) => JSON.stringify(line));
}

const asked = () => codeBuild.commandCalls(BatchGetBuildsCommand).map(({ args: [{ input }] }) => input.ids);

test('is done when nothing had to be customized', async () => {
  tell('Mirror:1', MIRRORED);
  expect(await ask()).toEqual({ IsComplete: true });
});

test('reads no log where no image is customized', async () => {
  expect(await ask({ customizes: undefined })).toEqual({ IsComplete: true });
  expect(logs.calls()).toEqual([]);
});

test('is not done before the builds that were started are, and then it is', async () => {
  tell('Mirror:1', { ...MIRRORED, customBuilds: ['Custom:1', 'Custom:2'] });
  builds['Custom:1'] = { buildStatus: 'SUCCEEDED' };
  builds['Custom:2'] = { buildStatus: 'IN_PROGRESS' };
  expect(await ask()).toEqual({ IsComplete: false });
  builds['Custom:2'] = { buildStatus: 'SUCCEEDED' };
  expect(await ask()).toEqual({ IsComplete: true });
  expect(asked()).toContainEqual(['Custom:1', 'Custom:2']);
});

test('waits for a build that was started a moment ago and is not known everywhere yet', async () => {
  tell('Mirror:1', { ...MIRRORED, customBuilds: ['Custom:1'] });
  expect(await ask()).toEqual({ IsComplete: false });
});

test('fails with what the build of the customized image told', async () => {
  tell('Mirror:1', { ...MIRRORED, customBuilds: ['Custom:1'] });
  builds['Custom:1'] = { ...FAILED, endTime: new Date(clock.now()) };
  tell('Custom:1', notAttempted(SOURCE, 'ecr/mirror/custom/hashicorp/vault', 'build-failed', 'docker buildx build ended with 1'));
  await expect(ask()).rejects.toMatchObject({
    message: `1 image was not customized:\n- ${SOURCE} (build-failed): docker buildx build ended with 1\nBuild log: https://console.example.com/Custom:1`,
  });
});

test('fails in words when such a build ends without a word', async () => {
  tell('Mirror:1', { ...MIRRORED, customBuilds: ['Custom:1'] });
  builds['Custom:1'] = { buildStatus: 'FAULT', phases: [{ phaseType: 'PROVISIONING', phaseStatus: 'FAULT', contexts: [{ message: 'no capacity' }] }] };
  await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining(`the build Custom:1 failed because of a CodeBuild fault before it reported results for its image ${SOURCE} (PROVISIONING: no capacity)`) });
});

test('waits a moment for a log that is not whole yet, and then says that it does not know', async () => {
  logLines['Mirror:1'] = [];
  expect(await ask()).toEqual({ IsComplete: false });
  builds['Mirror:1'] = { buildStatus: 'SUCCEEDED', endTime: new Date(clock.now() - 61_000) };
  await expect(ask()).rejects.toMatchObject({
    message: 'the images are mirrored, but it is not known whether they are customized: the log of the build Mirror:1 is incomplete; deploy again',
  });
});

test('asks for nothing that is no build, whatever the log says', async () => {
  const ids = ['', 'no-colon', 'a:b:c', 'x:\n', '../x:1', 7, null, { id: 'a:1' }, `${'a'.repeat(300)}:1`];
  tell('Mirror:1', { ...MIRRORED, customBuilds: ids as string[] });
  expect(await ask()).toEqual({ IsComplete: true });
  expect(asked()).toEqual([['Mirror:1']]);
  tell('Mirror:1', { ...MIRRORED, customBuilds: 'Custom:1' as unknown as string[] });
  expect(await ask()).toEqual({ IsComplete: true });
});

test('gives up when the time of the deployment is over, and the build goes on', async () => {
  tell('Mirror:1', { ...MIRRORED, customBuilds: ['Custom:1'] });
  builds['Custom:1'] = { buildStatus: 'IN_PROGRESS' };
  await expect(ask({ startTime: clock.now() - 50 * 60_000 })).rejects.toMatchObject({ message: expect.stringMatching(/within 50 minutes.*the build Custom:1 is still running and will continue/) });
});
