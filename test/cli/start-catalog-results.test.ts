/** What the report of `start` makes of what builds of catalogs tell, and of what they do not. */
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, CodeBuildClient, StatusType } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { followBuilds } from '../../src/cli/deployed/followed-builds';
import { endedReport, allSucceeded, formatReport, StartReport } from '../../src/cli/deployed/start-report';
import { notAttempted } from '../../src/engine/result';
import { copied, missing, resultLines } from '../support/deployed-account';
import { MovingClock } from '../support/moving-clock';

const LIST = 'ssm:/platform/images';
const VAULT = copied('docker.io/hashicorp/vault:1.14');
const REDIS = missing('docker.io/library/redis:7.4.0');

const codeBuild = mockClient(CodeBuildClient);
const logs = mockClient(CloudWatchLogsClient);
let told: string[];

beforeEach(() => {
  codeBuild.reset();
  logs.reset();
  told = [];
});

/** A build that is over, and its log. */
interface EndedBuild {
  readonly status: StatusType;
  readonly lines: readonly string[];
}

/** Follows builds of the catalog, and of what else they start, to their end. */
async function report(ended: Readonly<Record<string, EndedBuild>>, ids = Object.keys(ended)): Promise<StartReport> {
  codeBuild.on(BatchGetBuildsCommand).callsFake(({ ids: asked }: { ids: string[] }) => {
    return { builds: asked.map((id) => ({ id, buildStatus: ended[id].status, logs: { groupName: 'group', streamName: id } })) };
  });
  logs.on(GetLogEventsCommand).callsFake(({ logStreamName, nextToken }: { logStreamName: string; nextToken?: string }) => {
    return { events: nextToken === undefined ? ended[logStreamName].lines.map((message) => ({ message })) : [], nextForwardToken: 'end' };
  });
  const clients = { codeBuild: new CodeBuildClient({ region: 'eu-west-1' }), logs: new CloudWatchLogsClient({ region: 'eu-west-1' }) };
  const tools = { ...clients, clock: new MovingClock(), log: (line: string) => { told.push(line); }, signal: new AbortController().signal };
  return endedReport(await followBuilds(ids.map((id) => ({ id, sources: [LIST] })), tools));
}

test('a build that was stopped before its summary keeps what it told, and has one failure for what it did not', async () => {
  const { results, images, builds } = await report({ 'project:1': { status: 'STOPPED', lines: resultLines([VAULT, REDIS]).slice(0, 1) } });
  const message = 'the build was stopped before it reported results for all images of this catalog; its log ends before its results';
  expect(results).toEqual([VAULT, notAttempted(LIST, '', 'interrupted', message)]);
  expect([images!.failed, builds]).toEqual([1, [{ id: 'project:1', status: 'STOPPED', logProblem: 'its log ends before its results', images: [LIST] }]]);
});

test('a summary that is cut is none, also of a build that failed', async () => {
  const lines = resultLines([VAULT, REDIS]);
  const ended = await report({ 'project:1': { status: 'FAILED', lines: [...lines.slice(0, 2), lines[2].slice(0, -10)] } });
  expect(ended.results!.map(({ source, reason }) => [source, reason])).toEqual([[VAULT.source, undefined], [REDIS.source, 'not-found'], [LIST, 'internal-error']]);
  expect([allSucceeded(ended), told]).toEqual([false, [lines[2].slice(0, -10)]]);
});

test('a build that succeeded did what it should, though its summary is cut', async () => {
  const lines = resultLines([VAULT]);
  const ended = await report({ 'project:1': { status: 'SUCCEEDED', lines: [lines[0], lines[1].slice(0, -10)] } });
  expect([allSucceeded(ended), ended.results]).toEqual([true, [VAULT]]);
  expect(formatReport(ended)).toContain('the build project:1 succeeded, so its images are mirrored; the results are not known: its log ends before its results');
});

test('a list that cannot be read is the only result, and is not told twice', async () => {
  const unreadable = notAttempted(LIST, '', 'not-found', 'there is no parameter /platform/images');
  expect((await report({ 'project:1': { status: 'FAILED', lines: resultLines([unreadable]) } })).results).toEqual([unreadable]);
  expect((await report({ 'project:1': { status: 'FAILED', lines: resultLines([unreadable]).slice(0, 1) } })).results).toEqual([unreadable]);
});

test('of several shards, one that tells nothing does not hide what the others tell', async () => {
  const ended = await report({ 'project:1': { status: 'SUCCEEDED', lines: resultLines([VAULT]) }, 'project:2': { status: 'TIMED_OUT', lines: [] } });
  expect(ended.results!.map(({ source, reason }) => [source, reason])).toEqual([[VAULT.source, undefined], [LIST, 'deadline-exceeded']]);
  expect(ended.builds.map(({ images }) => images)).toEqual([[LIST], [LIST]]);
});

test('a shard without images is good, and has no results', async () => {
  const ended = await report({ 'project:1': { status: 'SUCCEEDED', lines: resultLines([]) } });
  expect([allSucceeded(ended), ended]).toEqual([true, { results: [], builds: [{ id: 'project:1', status: 'SUCCEEDED', images: [LIST] }] }]);
});

describe('the build of a customized image of a catalog', () => {
  const mirrored = { ...VAULT, customBuilds: ['Custom:2'] };
  const built = { ...VAULT, target: 'registry/mirror/custom/hashicorp/vault:1.14', builtFrom: VAULT.target };
  const first: EndedBuild = { status: 'SUCCEEDED', lines: resultLines([mirrored]) };

  test('is followed too, and is one of that image', async () => {
    const ended = await report({ 'project:1': first, 'Custom:2': { status: 'SUCCEEDED', lines: ['docker: done', ...resultLines([built])] } }, ['project:1']);
    expect([allSucceeded(ended), ended.results]).toEqual([true, [mirrored, built]]);
    expect(ended.builds[1]).toEqual({ id: 'Custom:2', status: 'SUCCEEDED', images: [VAULT.source] });
    expect(told).toEqual([`customized ${VAULT.source}: docker: done`]);
  });

  test('is a failure of that image where it tells nothing', async () => {
    const ended = await report({ 'project:1': first, 'Custom:2': { status: 'FAILED', lines: [] } }, ['project:1']);
    expect(ended.results).toMatchObject([mirrored, { source: VAULT.source, outcome: 'failed', reason: 'internal-error', message: expect.stringContaining('before it reported results for this image') }]);
  });
});
