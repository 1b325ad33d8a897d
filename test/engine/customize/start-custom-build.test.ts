/** How long the mirror's own build waits to start that of a customized image. */
import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { awsRequestHandler } from '../../../src/engine/aws-request-handler';
import { startCustomBuild } from '../../../src/engine/customize/start-custom-build';
import { MovingClock } from '../../support/moving-clock';
import { withEnvironment } from '../../support/with-environment';

jest.mock('../../../src/engine/aws-request-handler', () => ({ awsRequestHandler: jest.fn() }));

const codeBuild = mockClient(CodeBuildClient);
const MINUTE = 60_000;

let clock: MovingClock;
withEnvironment();

beforeEach(() => {
  process.env.AWS_REGION = 'eu-west-1';
  codeBuild.reset();
  clock = new MovingClock();
});

afterAll(() => codeBuild.restore());

function failure(name: string, message: string, status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

const QUEUE_FULL = failure('AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account');
const QUOTA = 'raise the quota "Concurrently running builds for Linux/Small environment" of AWS CodeBuild in Service Quotas';

function start(minutesLeft = 50, queue = { isFull: false }) {
  const progress = { line: () => undefined, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined };
  return startCustomBuild({ project: 'Custom', variables: { IMAGE: 'docker.io/hashicorp/vault:1.14' } }, { deadline: clock.now() + minutesLeft * MINUTE, progress }, queue, clock);
}

const waited = () => clock.sleeps.reduce((sum, one) => sum + one, 0);

test.each([
  ['eu-west-1', 'codebuild.eu-west-1.amazonaws.com'],
  ['cn-north-1', 'codebuild.cn-north-1.amazonaws.com.cn'],
])('in %s, the host %s decides which proxy is used', async (name, host) => {
  process.env.AWS_REGION = name;
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Custom:1' } });
  await start();
  expect(awsRequestHandler).toHaveBeenLastCalledWith(host);
});

test('it waits while the queue is full', async () => {
  codeBuild.on(StartBuildCommand).rejectsOnce(QUEUE_FULL).resolves({ build: { id: 'Custom:1' } });
  expect(await start()).toEqual({ id: 'Custom:1' });
  expect(clock.sleeps).toHaveLength(1);
});

test('it waits for a full queue for two minutes at most, and names the quota to raise', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  const { problem } = await start();
  expect(problem).toContain('its build could not be started yet (AccountLimitExceededException: Cannot have more than 30 builds in queue for the account), '
    + `and this build does not wait any longer; the next run starts it; if this happens in each run, ${QUOTA}`);
  expect(waited()).toBeGreaterThan(MINUTE);
  expect(waited()).toBeLessThanOrEqual(2 * MINUTE);
});

test('a run waits for a full queue once, and not for each image', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  const queue = { isFull: false };
  await start(50, queue);
  const before = waited();
  expect((await start(50, queue)).problem).toContain(QUOTA);
  expect(waited()).toBe(before);
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Custom:1' } });
  expect(await start(50, queue)).toEqual({ id: 'Custom:1' });
});

test('it does not wait for the slot that its own build occupies', async () => {
  codeBuild.on(StartBuildCommand).rejects(failure('AccountLimitExceededException', 'Cannot have more than 1 builds in queue for the account'));
  expect((await start()).problem).toContain(`(AccountLimitExceededException: Cannot have more than 1 builds in queue for the account); ${QUOTA}`);
  expect(clock.sleeps).toEqual([]);
});

test('it does not wait for the end of the build that it started', async () => {
  codeBuild.on(StartBuildCommand).resolves({ build: { id: 'Custom:1', buildStatus: 'IN_PROGRESS', currentPhase: 'QUEUED' } });
  expect(await start()).toEqual({ id: 'Custom:1' });
  expect([codeBuild.calls().length, clock.sleeps]).toEqual([1, []]);
});

test('it waits no longer than the run has time', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  expect(await start(0.5)).toMatchObject({ problem: expect.stringContaining('the next run starts it') });
  expect(waited()).toBeLessThanOrEqual(MINUTE / 2);
});

test.each([
  ['a project that does not exist', failure('ResourceNotFoundException', 'no such project'), 'the CodeBuild project "Custom" does not exist; run "cdk deploy --revert-drift" for the stack of its ImageMirror'],
  ['an account that may run no builds', failure('AccountLimitExceededException', 'Cannot have more than 0 builds in queue for the account'), /^this account cannot run the build of the CodeBuild project "Custom" .* raise the quota "Concurrently running builds/],
  ['a refusal', failure('AccessDeniedException', 'explicit deny'), /^cannot start the CodeBuild project "Custom": AccessDeniedException: explicit deny$/],
])('it does not wait for %s', async (_, error, problem) => {
  codeBuild.on(StartBuildCommand).rejects(error);
  expect(await start()).toEqual({ problem: typeof problem === 'string' ? problem : expect.stringMatching(problem) });
  expect(clock.sleeps).toEqual([]);
});
