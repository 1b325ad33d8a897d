import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { followBuilds, FollowedMirrorBuild } from '../../src/cli/deployed/followed-builds';
import { copied, missing, resultLines } from '../support/deployed-account';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
const logs = mockClient(CloudWatchLogsClient);
const RUN = { id: 'project:1', sources: [] };
const RESULTS = resultLines([copied('docker.io/library/nginx:stable')]);

let clock: MovingClock;
let told: string[];
let stop: AbortController;

beforeEach(() => {
  codeBuild.reset();
  logs.reset();
  clock = new MovingClock();
  told = [];
  stop = new AbortController();
});

function follow(): Promise<FollowedMirrorBuild[]> {
  const clients = { codeBuild: new CodeBuildClient({ region: 'eu-west-1' }), logs: new CloudWatchLogsClient({ region: 'eu-west-1' }) };
  return followBuilds([RUN], { ...clients, clock, log: (line) => { told.push(line); }, signal: stop.signal });
}

const named = (name: string, message = 'why') => Object.assign(new Error(message), { name });
const LOG = { groupName: 'group', streamName: 'stream' };
const build = (buildStatus: string, log: object | null = LOG) => ({ builds: [{ id: RUN.id, buildStatus, logs: log ?? undefined }] as never });
const slept = () => clock.sleeps.reduce((sum, one) => sum + one, 0);

/** The log's lines, on one page. */
function logged(...lines: string[]): void {
  logs.on(GetLogEventsCommand).resolves({ events: lines.map((message) => ({ message })), nextForwardToken: 'end' });
  logs.on(GetLogEventsCommand, { nextToken: 'end' }).resolves({ events: [], nextForwardToken: 'end' });
}

test('a build is asked for every few seconds until it is over', async () => {
  const queued = build('IN_PROGRESS', { groupName: null, streamName: null });
  codeBuild.on(BatchGetBuildsCommand).resolvesOnce(build('IN_PROGRESS', null)).resolvesOnce(queued).resolves(build('SUCCEEDED'));
  logged(...RESULTS);
  expect(await follow()).toMatchObject([{ status: 'SUCCEEDED', logProblem: undefined, hasEnded: true }]);
  expect(clock.sleeps).toEqual([2_500, 2_500]);
});

test('how a build stands is read before its log, so that none of its lines is missed', async () => {
  const asked: string[] = [];
  codeBuild.on(BatchGetBuildsCommand).callsFake(() => {
    asked.push('build');
    return build('SUCCEEDED');
  });
  logs.on(GetLogEventsCommand).callsFake(() => {
    asked.push('log');
    return { events: RESULTS.map((message) => ({ message })) };
  });
  await follow();
  expect(asked).toEqual(['build', 'log']);
});

test('lines are told in their order and without their ends, results are not', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves(build('SUCCEEDED'));
  logged('one\n', 'two\r\nthree\n', '', 'four', ...RESULTS.map((line) => `${line}\n`));
  const [{ logResults: { results } }] = await follow();
  expect(told).toEqual(['one', 'two', 'three', '', 'four']);
  expect(results).toEqual([copied('docker.io/library/nginx:stable')]);
});

test('pages without events are passed over', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves(build('SUCCEEDED'));
  logs.on(GetLogEventsCommand).resolves({ events: [], nextForwardToken: 'a' });
  logs.on(GetLogEventsCommand, { nextToken: 'a' }).resolves({ events: [], nextForwardToken: 'b' });
  logs.on(GetLogEventsCommand, { nextToken: 'b' }).resolves({ events: RESULTS.map((message) => ({ message })), nextForwardToken: 'c' });
  logs.on(GetLogEventsCommand, { nextToken: 'c' }).resolves({ events: [], nextForwardToken: 'c' });
  const [{ logResults: { isComplete } }] = await follow();
  expect([isComplete, clock.sleeps]).toEqual([true, []]);
  expect(logs.commandCalls(GetLogEventsCommand)).toHaveLength(4);
  expect(logs.commandCalls(GetLogEventsCommand).every((call) => call.args[0].input.startFromHead)).toBe(true);
});

test('pages that never end do not hold the build up', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves(build('FAILED'));
  let page = 0;
  logs.on(GetLogEventsCommand).callsFake(() => ({ events: [], nextForwardToken: String(page++) }));
  expect(await follow()).toMatchObject([{ status: 'FAILED', logProblem: 'its log ends before its results' }]);
});

test.each([['a log that does not exist', named('ResourceNotFoundException'), 'its log does not exist'], ['a log without results', undefined, 'its log ends before its results']])(
  '%s is waited for for a while', async (_, error, problem) => {
    codeBuild.on(BatchGetBuildsCommand).resolves(build('SUCCEEDED'));
    if (error === undefined) logged('one');
    else logs.on(GetLogEventsCommand).rejects(error);
    expect(await follow()).toMatchObject([{ status: 'SUCCEEDED', logProblem: problem }]);
    expect(slept()).toBe(15_000);
    expect(told).toEqual(error === undefined ? ['one'] : []);
  });

test('a log that comes late is read', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves(build('FAILED'));
  const results = resultLines([missing('docker.io/library/nginx:stable')]).map((message) => ({ message }));
  logs.on(GetLogEventsCommand).rejectsOnce(named('ResourceNotFoundException')).rejectsOnce(named('ThrottlingException')).resolves({ events: results });
  expect(await follow()).toMatchObject([{ logProblem: undefined, logResults: { isComplete: true } }]);
});

test('a log that may not be read is told of once, and not asked for again', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolvesOnce(build('IN_PROGRESS')).resolvesOnce(build('IN_PROGRESS')).resolves(build('SUCCEEDED'));
  logs.on(GetLogEventsCommand).rejects(named('AccessDeniedException'));
  const [{ logProblem }] = await follow();
  expect(logProblem).toContain('the AWS credentials do not allow logs:GetLogEvents');
  expect([told, logs.commandCalls(GetLogEventsCommand).length]).toEqual([[logProblem], 1]);
});

test('a build that is not known yet is waited for, for a minute', async () => {
  codeBuild.on(BatchGetBuildsCommand).resolves({ builds: [] });
  expect(await follow()).toMatchObject([{ status: 'GONE' }]);
  expect(slept()).toBe(60_000);
  expect(logs.calls()).toEqual([]);
});

test('AWS may be out of reach for five minutes, and says so each time', async () => {
  codeBuild.on(BatchGetBuildsCommand).rejects(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  await expect(follow()).rejects.toThrow('codebuild:BatchGetBuilds: ECONNREFUSED: refused');
  expect(slept()).toBe(5 * 60_000);
  expect(new Set(told)).toEqual(new Set(['codebuild:BatchGetBuilds: ECONNREFUSED: refused']));
});

test('the five minutes begin anew when AWS has answered', async () => {
  let asked = 0;
  // Each time longer than four minutes, three times.
  codeBuild.on(BatchGetBuildsCommand).callsFake(() => {
    asked += 1;
    if (asked > 300) return build('SUCCEEDED', null);
    if (asked % 100 === 0) return build('IN_PROGRESS', null);
    throw named('ThrottlingException');
  });
  expect(await follow()).toMatchObject([{ status: 'SUCCEEDED', logProblem: 'it has no log' }]);
});

test.each([
  ['how the build stands', () => codeBuild.on(BatchGetBuildsCommand).callsFake(abort)],
  ['the log', () => {
    codeBuild.on(BatchGetBuildsCommand).resolves(build('IN_PROGRESS'));
    logs.on(GetLogEventsCommand).callsFake(abort);
  }],
])('nothing is followed on when it is interrupted while it reads %s', async (_, prepare) => {
  prepare();
  await expect(follow()).rejects.toThrow('the reason');
  expect([told, clock.sleeps]).toEqual([[], []]);
});

function abort(): never {
  stop.abort(new Error('the reason'));
  throw named('AbortError', 'Request aborted');
}

test('of several builds, those that are over are not asked for again, and each line says whose it is', async () => {
  const [first, second] = [{ id: 'project:1', sources: [] }, { id: 'project:2', sources: [] }];
  const state = (id: string, buildStatus: 'SUCCEEDED' | 'IN_PROGRESS') => ({ id, buildStatus, logs: { groupName: 'group', streamName: id } });
  codeBuild.on(BatchGetBuildsCommand, { ids: [first.id, second.id] }).resolves({ builds: [state(second.id, 'IN_PROGRESS'), state(first.id, 'SUCCEEDED')] });
  codeBuild.on(BatchGetBuildsCommand, { ids: [second.id] }).resolves({ builds: [state(second.id, 'SUCCEEDED')] });
  logs.on(GetLogEventsCommand).callsFake(({ logStreamName, nextToken }: { logStreamName: string; nextToken?: string }) => {
    return { events: nextToken === undefined ? [logStreamName, ...RESULTS].map((message) => ({ message })) : [], nextForwardToken: 'end' };
  });
  const clients = { codeBuild: new CodeBuildClient({ region: 'eu-west-1' }), logs: new CloudWatchLogsClient({ region: 'eu-west-1' }) };
  const followed = await followBuilds([first, second], { ...clients, clock, log: (line) => { told.push(line); }, signal: stop.signal });
  expect(followed.map((one) => [one.build.id, one.status])).toEqual([['project:1', 'SUCCEEDED'], ['project:2', 'SUCCEEDED']]);
  expect(told).toEqual(['build 1 of 2: project:1', 'build 2 of 2: project:2']);
});
