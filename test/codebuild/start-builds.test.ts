import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { StartBuildError } from '../../src/codebuild/aws-errors';
import { startBuilds } from '../../src/codebuild/start-builds';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
const STARTED = new Date('2026-01-01T00:00:01Z');
const IMAGES = [{ IMAGE: 'docker.io/library/nginx:stable' }, { IMAGE: 'docker.io/library/redis:7' }];

let clock: MovingClock;
let lines: string[];

beforeEach(() => {
  codeBuild.reset();
  clock = new MovingClock();
  lines = [];
});

afterAll(() => codeBuild.restore());

const start = (options: Partial<Parameters<typeof startBuilds>[0]> = {}) => startBuilds(
  { project: 'Mirror', images: IMAGES, longestBuildMinutes: 60, requestId: 'request', deadline: clock.now() + 60_000, ...options },
  { client: new CodeBuildClient({ region: 'eu-west-1' }), log: (line) => lines.push(line), clock },
);

/** What an AWS service answers. */
function failure(name: string, message = 'no', status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

const inputs = () => codeBuild.commandCalls(StartBuildCommand).map(({ args: [{ input }] }) => input);
const QUEUE_FULL = failure('AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account');

const QUOTA = 'raise the quota "Concurrently running builds for Linux/Small environment" of AWS CodeBuild in Service Quotas, '
  + 'or the quota with the environment type and the size of the project';

test('a build is started with all images in one variable, and told by its id', async () => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Mirror:1', startTime: STARTED } });
  expect(await start()).toEqual([{ id: 'Mirror:1', startTime: STARTED.getTime(), images: 2, firstImages: IMAGES.map(({ IMAGE }) => IMAGE) }]);
  expect(inputs()).toEqual([{
    projectName: 'Mirror',
    environmentVariablesOverride: [{ name: 'IMAGES', type: 'PLAINTEXT', value: JSON.stringify(IMAGES) }],
    idempotencyToken: expect.stringMatching(/^[0-9a-f]{64}$/),
  }]);
});

test.each([
  ['images', IMAGES, '2 images'],
  ['one image', [IMAGES[0]], '1 image'],
  ['a catalog', [{ CATALOG: 'ssm:/platform/images' }], 'the catalog ssm:/platform/images'],
])('the log says that a build was started for %s', async (_, images, subject) => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Mirror:1' } });
  await start({ images });
  expect(lines).toEqual([`started the build Mirror:1 for ${subject}`]);
});

test('a single image is started in the same way', async () => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Mirror:1' } });
  expect(await start({ images: [IMAGES[0]] })).toEqual([{ id: 'Mirror:1', startTime: undefined, images: 1, firstImages: [IMAGES[0].IMAGE] }]);
  expect(inputs()[0].environmentVariablesOverride).toEqual([{ name: 'IMAGES', type: 'PLAINTEXT', value: JSON.stringify([IMAGES[0]]) }]);
});

test('only the first images are kept for messages', async () => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Mirror:1' } });
  const [{ images, firstImages }] = await start({ images: Array.from({ length: 50 }, (_, index) => ({ IMAGE: `a${index}` })) });
  expect([images, firstImages]).toEqual([50, ['a0', 'a1', 'a2']]);
});

test('the token of a request is the same each time, and another for each build and each request', async () => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Mirror:1' } });
  const two = { longestBuildMinutes: 1 };
  await start(two);
  await start(two);
  await start({ ...two, requestId: 'another' });
  const tokens = inputs().map(({ idempotencyToken }) => idempotencyToken);
  expect(tokens.slice(0, 2)).toEqual(tokens.slice(2, 4));
  expect(new Set(tokens).size).toBe(4);
});

test.each<[string, Error]>([
  ['a full queue', QUEUE_FULL],
  ['throttling', failure('ThrottlingException', 'Rate exceeded')],
  ['too many requests', failure('SomeException', 'slow down', 429)],
  ['a failure of the service', failure('InternalFailure', 'oops', 500)],
  ['a connection that is reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
  ['no answer in time', failure('TimeoutError', 'timed out', 0)],
])('%s is waited for, longer each time', async (_, error) => {
  codeBuild.on(StartBuildCommand).rejectsOnce(error).rejectsOnce(error).rejectsOnce(error).resolves({ build: { id: 'Mirror:1' } });
  expect(await start()).toHaveLength(1);
  expect(clock.sleeps).toEqual([500, 1000, 2000]);
  expect(new Set(inputs().map((input) => JSON.stringify(input))).size).toBe(1);
  expect(lines[0]).toContain(`${error.message}; trying again in 0.5 s`);
});

test('pauses are drawn by lot, and end at 30 seconds', async () => {
  clock = new MovingClock(0, 0.999_999);
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  await expect(start({ deadline: 600_000 })).rejects.toThrow(StartBuildError);
  expect(Math.round(clock.sleeps[0])).toBe(1000);
  expect(Math.round(Math.max(...clock.sleeps))).toBe(30_000);
});

test('beyond the deadline it gives up, with what was in the way', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  const deadline = clock.now() + 60_000;
  await expect(start({ deadline })).rejects.toThrow(
    'cannot start builds of the CodeBuild project "Mirror" in time (AccountLimitExceededException: Cannot have more than 30 builds in queue for the account); '
    + `try again when fewer builds are queued, or ${QUOTA}`,
  );
  expect(clock.now()).toBeLessThan(deadline);
});

test('the error after some builds were started has their number', async () => {
  codeBuild.on(StartBuildCommand).resolvesOnce({ build: { id: 'Mirror:1' } }).rejects(QUEUE_FULL);
  await expect(start({ longestBuildMinutes: 1 })).rejects.toThrow(/^cannot start more builds .*; 1 started build continues to run; try again when/);
});

test('an error that is not about the queue does not name a quota', async () => {
  codeBuild.on(StartBuildCommand).rejects(failure('ThrottlingException', 'Rate exceeded'));
  await expect(start()).rejects.toThrow(/in time \(ThrottlingException: Rate exceeded\); try again later$/);
});

test.each([
  ['the exception of CodeBuild', QUEUE_FULL],
  ['the exception without a number', failure('AccountLimitExceededException', 'limit')],
  ['the message under another name', failure('ClientException', 'Cannot have more than 20 active builds for the account')],
])('a full queue is recognized by %s, and its error names the quota to raise', async (_, error) => {
  codeBuild.on(StartBuildCommand).rejects(error);
  await expect(start()).rejects.toThrow(QUOTA);
  expect(clock.sleeps.length).toBeGreaterThan(0);
});

test('in an account that runs one build at a time, each build starts when the build before has ended', async () => {
  const busy: { until: number } = { until: 0 };
  let starts = 0;
  codeBuild.on(StartBuildCommand).callsFake(() => {
    if (clock.now() < busy.until) throw failure('AccountLimitExceededException', 'Cannot have more than 1 builds in queue for the account');
    busy.until = clock.now() + 3 * 60_000;
    return { build: { id: `Mirror:${++starts}` } };
  });
  expect(await start({ longestBuildMinutes: 1, deadline: clock.now() + 10 * 60_000 })).toHaveLength(IMAGES.length);
});

test('the deadline is one for all builds', async () => {
  codeBuild.on(StartBuildCommand).rejectsOnce(QUEUE_FULL).resolvesOnce({ build: { id: 'Mirror:1' } }).rejects(QUEUE_FULL);
  const deadline = clock.now() + 10_000;
  await expect(start({ deadline, longestBuildMinutes: 1 })).rejects.toThrow('in time (');
  expect(clock.now()).toBeLessThan(deadline);
});

test.each<[string, Error, string]>([
  ['a project that is gone', failure('ResourceNotFoundException', 'Project cannot be found'), 'the CodeBuild project "Mirror" does not exist; run "cdk deploy --revert-drift" for the stack of its ImageMirror'],
  ['an account that may run no builds', failure('AccountLimitExceededException', 'Cannot have more than 0 builds in queue for the account'),
    `this account cannot run the build of the CodeBuild project "Mirror" in this Region (AccountLimitExceededException: Cannot have more than 0 builds in queue for the account); ${QUOTA}`],
  ['a role that may not', failure('AccessDeniedException', 'User: x is not authorized\nto perform'), 'cannot start the CodeBuild project "Mirror": AccessDeniedException: User: x is not authorized to perform'],
  ['a request that is wrong', failure('InvalidInputException', 'bad\u001b[31m'), 'cannot start the CodeBuild project "Mirror": InvalidInputException: bad\\u001b[31m'],
])('%s is an error at once, in words', async (_, error, words) => {
  codeBuild.on(StartBuildCommand).rejects(error);
  await expect(start()).rejects.toThrow(words);
  expect(clock.sleeps).toEqual([]);
});

test('an answer without a build is an error', async () => {
  codeBuild.on(StartBuildCommand).resolves({});
  await expect(start()).rejects.toThrow('CodeBuild returned no build id for the project "Mirror"');
});
