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

const QUEUE_FULL = failure('AccountLimitExceededException', 'Cannot have more than 1 builds in queue for the account');

function start(minutesLeft = 50) {
  const progress = { line: () => undefined, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined };
  return startCustomBuild({ project: 'Custom', variables: { IMAGE: 'docker.io/hashicorp/vault:1.14' } }, { deadline: clock.now() + minutesLeft * MINUTE, progress }, clock);
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

test('it does not wait for the end of the run, for where one build may run, that is itself', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  expect(await start()).toEqual({
    problem: 'its build could not be started yet (AccountLimitExceededException: Cannot have more than 1 builds in queue for the account), '
      + 'and this build cannot wait any longer; the next run starts it',
  });
  expect(waited()).toBeGreaterThan(MINUTE);
  expect(waited()).toBeLessThanOrEqual(2 * MINUTE);
});

test('it waits no longer than the run has time', async () => {
  codeBuild.on(StartBuildCommand).rejects(QUEUE_FULL);
  expect(await start(0.5)).toMatchObject({ problem: expect.stringContaining('the next run starts it') });
  expect(waited()).toBeLessThanOrEqual(MINUTE / 2);
});

test.each([
  ['a project that does not exist', failure('ResourceNotFoundException', 'no such project'), 'the CodeBuild project "Custom" does not exist; deploy the stack of its ImageMirror again'],
  ['an account that may run no builds', failure('AccountLimitExceededException', 'Cannot have more than 0 builds in queue for the account'), /request a quota increase from AWS Support$/],
  ['a refusal', failure('AccessDeniedException', 'explicit deny'), /^cannot start the CodeBuild project "Custom": AccessDeniedException: explicit deny$/],
])('it does not wait for %s', async (_, error, problem) => {
  codeBuild.on(StartBuildCommand).rejects(error);
  expect(await start()).toEqual({ problem: typeof problem === 'string' ? problem : expect.stringMatching(problem) });
  expect(clock.sleeps).toEqual([]);
});
