import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, Build, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { StartedBuild } from '../../src/codebuild/start-builds';
import { MirrorResult, summarize, notAttempted } from '../../src/engine/result';
import { CustomResourceEvent } from '../../src/handlers/custom-resource-event';
import { handleIsComplete } from '../../src/handlers/is-complete';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
const logs = mockClient(CloudWatchLogsClient);

const LINK = 'https://console.example.com/log';
const BAD = notAttempted('docker.io/library/nope:1', 'ecr/mirror/nope:1', 'not-found', 'docker.io: there is no library/nope:1');
const GOOD: MirrorResult = { ...notAttempted('docker.io/library/redis:7', 'ecr/mirror/redis:7', 'not-found', ''), outcome: 'copied', reason: undefined, message: undefined };

/** A build whose command failed. */
const FAILED: Build = { buildStatus: 'FAILED', phases: [{ phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ message: 'exit status 1' }] }] };

let clock: MovingClock;
let lines: string[];

beforeEach(() => {
  codeBuild.reset();
  logs.reset();
  clock = new MovingClock();
  lines = [];
});

afterAll(() => [codeBuild, logs].forEach((mock) => mock.restore()));

const tools = () => ({
  codeBuild: new CodeBuildClient({ region: 'eu-west-1' }), logs: new CloudWatchLogsClient({ region: 'eu-west-1' }), waitMinutes: 50, log: (line: string) => lines.push(line), clock,
});
const startedBuild = (index: number, images = 2): StartedBuild => ({ id: `Mirror:${index}`, startTime: clock.now(), images, firstImages: ['a', 'b'].slice(0, images) });
const event = (Builds: readonly StartedBuild[], more: Partial<CustomResourceEvent> = {}): CustomResourceEvent => ({ RequestType: 'Create', PhysicalResourceId: 'mine', Builds, ...more });
const ask = (given: CustomResourceEvent) => handleIsComplete(given, tools());

/** What CodeBuild says of the builds, in their order; of those that are undefined it knows nothing. */
function buildsAre(...builds: (Build | undefined)[]): void {
  codeBuild.on(BatchGetBuildsCommand).callsFake(() => ({
    builds: builds.flatMap((build, index) => build === undefined ? [] : [{ id: `Mirror:${index}`, logs: { groupName: 'group', streamName: String(index), deepLink: LINK }, ...build }]),
  }));
}

function logIs(...results: MirrorResult[]): void {
  const text = [...results, summarize(results)].map((line) => JSON.stringify(line)).join('\n');
  logs.on(GetLogEventsCommand).resolves({ events: [{ message: text }] });
}

describe('is done at once', () => {
  test.each<[string, CustomResourceEvent]>([
    ['when no build was started', event([])],
    ['when nothing is told of builds', { RequestType: 'Update' }],
    ['when the resource is deleted', event([{ id: 'Mirror:1', images: 1, firstImages: [] }], { RequestType: 'Delete' })],
    ['when the resource is deleted, whatever else is there', event('garbage' as unknown as StartedBuild[], { RequestType: 'Delete' })],
  ])('%s', async (_, given) => {
    expect(await ask(given)).toEqual({ IsComplete: true });
    expect([codeBuild.calls(), logs.calls()]).toEqual([[], []]);
  });
});

test('is done when all builds succeeded, without a look at their logs', async () => {
  buildsAre({ buildStatus: 'SUCCEEDED' }, { buildStatus: 'SUCCEEDED' });
  expect(await ask(event([startedBuild(0), startedBuild(1)]))).toEqual({ IsComplete: true });
  expect(logs.calls()).toEqual([]);
});

test('is not done while a build runs, even when another has failed', async () => {
  buildsAre({ buildStatus: 'FAILED' }, { buildStatus: 'IN_PROGRESS' });
  expect(await ask(event([startedBuild(0), startedBuild(1)]))).toEqual({ IsComplete: false });
});

describe('fails', () => {
  test('with the image, the reason and the log', async () => {
    buildsAre({ buildStatus: 'FAILED', endTime: new Date(clock.now()) });
    logIs(GOOD, BAD);
    await expect(ask(event([startedBuild(0)]))).rejects.toMatchObject({
      name: 'DeploymentError',
      stack: '',
      message: `1 image was not mirrored, 1 was:\n- docker.io/library/nope:1 (not-found): docker.io: there is no library/nope:1\nBuild log: ${LINK}`,
    });
  });

  test('with the sentence of an image that failed long before the end of the log', async () => {
    buildsAre({ ...FAILED, endTime: new Date(clock.now()) });
    const page = (message: unknown, nextBackwardToken: string) => ({ events: [{ message: JSON.stringify(message) }], nextBackwardToken });
    logs.on(GetLogEventsCommand).resolvesOnce(page(summarize([BAD, GOOD]), 'b/2')).resolvesOnce(page(GOOD, 'b/1')).resolves(page(BAD, 'b/0'));
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow('docker.io/library/nope:1 (not-found): docker.io: there is no library/nope:1');
    expect(logs.calls()).toHaveLength(3);
  });

  test('with what went well in other builds', async () => {
    buildsAre({ buildStatus: 'SUCCEEDED' }, { buildStatus: 'FAILED', endTime: new Date(clock.now()) });
    logIs(BAD);
    await expect(ask(event([startedBuild(0, 7), startedBuild(1, 1)]))).rejects.toThrow(/^1 image was not mirrored, 7 were:/);
  });

  test.each(['FAULT', 'STOPPED', 'TIMED_OUT'] as const)('at once when a build ended as %s, with the phases where the log tells nothing', async (buildStatus) => {
    buildsAre({ buildStatus, endTime: new Date(clock.now()), phases: [{ phaseType: 'BUILD', phaseStatus: buildStatus, contexts: [{ statusCode: 'CODE', message: 'why' }] }] });
    logs.on(GetLogEventsCommand).resolves({});
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow(/2 images were not mirrored:\n- the build Mirror:0 .* before it reported results for its images a, b \(BUILD: CODE: why\)/);
  });

  test('at once when a build failed before its commands ran', async () => {
    buildsAre({ buildStatus: 'FAILED', endTime: new Date(clock.now()), phases: [{ phaseType: 'DOWNLOAD_SOURCE', phaseStatus: 'FAILED', contexts: [{ message: 'denied' }] }] });
    logs.on(GetLogEventsCommand).resolves({});
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow('(DOWNLOAD_SOURCE: denied)');
  });

  test('when the log cannot be read, a moment later', async () => {
    buildsAre({ ...FAILED, endTime: new Date(clock.now()) });
    logs.on(GetLogEventsCommand).rejects(Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }));
    expect(await ask(event([startedBuild(0)]))).toEqual({ IsComplete: false });
    clock.pass(60_000);
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow('(BUILD: exit status 1)');
    expect(lines).toContain('cannot read the log stream 0 of the log group group: AccessDeniedException: not authorized');
  });

  test('with the image when its line comes a moment after the end of the build', async () => {
    buildsAre({ ...FAILED, endTime: new Date(clock.now()) });
    logs.on(GetLogEventsCommand).resolves({ events: [{ message: JSON.stringify(BAD) }] });
    expect(await ask(event([startedBuild(0)]))).toEqual({ IsComplete: false });
    logIs(GOOD, BAD);
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow('docker.io/library/nope:1 (not-found)');
  });

  test('when a build is gone, but not while it may be too new to be known', async () => {
    buildsAre(undefined);
    const given = event([startedBuild(0)]);
    expect(await ask(given)).toEqual({ IsComplete: false });
    clock.pass(60_000);
    await expect(ask(given)).rejects.toThrow('the build Mirror:0 no longer exists');
  });

  test('when a build takes longer than a deployment can, and says that it goes on', async () => {
    buildsAre({ buildStatus: 'IN_PROGRESS' });
    const given = event([startedBuild(0)]);
    clock.pass(50 * 60_000 - 1);
    expect(await ask(given)).toEqual({ IsComplete: false });
    clock.pass(1);
    await expect(ask(given)).rejects.toThrow(
      'the images were not mirrored within 50 minutes, the maximum wait of a deployment: the build Mirror:0 is still running and will continue; '
      + `deploy again later, or set onDeploy: OnDeploy.START\nBuild log: ${LINK}`,
    );
  });

  test('when CodeBuild has not said for so long how the build stands', async () => {
    codeBuild.on(BatchGetBuildsCommand).rejects(Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }));
    const given = event([startedBuild(0), startedBuild(1)]);
    clock.pass(50 * 60_000);
    await expect(ask(given)).rejects.toThrow('2 builds are still running');
  });

  test('in words when the builds may not be read', async () => {
    codeBuild.on(BatchGetBuildsCommand).rejects(Object.assign(new Error('not authorized\nat all'), { name: 'AccessDeniedException' }));
    await expect(ask(event([startedBuild(0)]))).rejects.toThrow('cannot mirror the images: AccessDeniedException: not authorized at all');
  });

  test('with an answer that CloudFormation takes, however many images failed', async () => {
    buildsAre({ buildStatus: 'FAILED', endTime: new Date(clock.now()) });
    logIs(...Array.from({ length: 200 }, (_, index) => notAttempted(`docker.io/team/app${index}:1`, 'x', 'network', 'é"\\'.repeat(100))));
    const { message }: Error = await ask(event([startedBuild(0, 200)])).then(() => { throw new Error('it did not fail'); }, (error) => error);
    expect(message).toContain('200 images were not mirrored');
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(3500);
  });
});

test.each<[string, Error]>([
  ['throttling', Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })],
  ['a failure of the service', Object.assign(new Error('oops'), { $metadata: { httpStatusCode: 503 } })],
  ['a connection that is reset', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
])('%s is no end: the next poll asks again', async (_, error) => {
  codeBuild.on(BatchGetBuildsCommand).rejects(error);
  expect(await ask(event([startedBuild(0)]))).toEqual({ IsComplete: false });
  expect(lines[0]).toContain('cannot read the states of the builds');
});
