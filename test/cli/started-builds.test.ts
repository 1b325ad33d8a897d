import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import type { DeployedItem } from '../../src/cli/deployed/deployed-items';
import { StartedMirrorBuild, startMirrorBuilds } from '../../src/cli/deployed/started-builds';
import { formatImageReference, parseImageReference } from '../../src/image/image-reference';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
let runs: StartedMirrorBuild[];
let stop: AbortController;

beforeEach(() => {
  codeBuild.reset();
  let builds = 0;
  codeBuild.on(StartBuildCommand).callsFake(({ projectName }: { projectName: string }) => ({ build: { id: `${projectName}:${++builds}` } }));
  runs = [];
  stop = new AbortController();
});

function image(name: string, { project = 'project', partition = 'aws', region = 'eu-west-1', longestBuildMinutes = 59 } = {}) {
  const arn = `arn:${partition}:codebuild:${region}:111122223333:project/${project}`;
  return { reference: parseImageReference(name), variables: { IMAGE: name }, project: { name: project, arn, longestBuildMinutes } };
}

function start(sources: readonly DeployedItem[]): Promise<void> {
  const client = new CodeBuildClient({ region: 'eu-west-1' });
  const onStart = (run: StartedMirrorBuild) => { runs.push(run); };
  return startMirrorBuilds(sources, { client, log: () => undefined, clock: new MovingClock(), signal: stop.signal, onStart });
}

const named = (name: string) => Object.assign(new Error('why'), { name });
const requests = () => codeBuild.commandCalls(StartBuildCommand).map((call) => call.args[0].input);

test('each project gets its own images, in as many builds as they need, and it is known which has which', async () => {
  const images = [
    image('a:1', { longestBuildMinutes: 2 }), image('b:1', { project: 'other' }), image('c:1', { longestBuildMinutes: 2 }), image('d:1', { longestBuildMinutes: 2 }),
  ];
  await start(images);
  const [a, b, c, d] = images;
  const parts = [[a, c], [d], [b]];
  expect(runs.map(({ id }) => id)).toEqual(['project:1', 'project:2', 'other:3']);
  expect(runs.map(({ sources }) => sources)).toEqual(parts.map((part) => part.map(({ reference }) => formatImageReference(reference))));
  const asked = requests().map(({ environmentVariablesOverride }) => JSON.parse(environmentVariablesOverride![0].value!));
  expect(asked).toEqual(parts.map((part) => part.map(({ variables }) => variables)));
});

test('a catalog between images is a build by itself, and it is known which build has what', async () => {
  const [a, b] = [image('a:1'), image('b:1')];
  const [first, second] = ['1/2', '2/2'].map((SHARD) => {
    return { location: 'ssm:/platform/images', variables: { CATALOG: 'ssm:/platform/images', SHARD }, project: a.project };
  });
  await start([first, a, second, b]);
  expect(runs.map(({ sources }) => sources)).toEqual([['docker.io/library/a:1', 'docker.io/library/b:1'], ['ssm:/platform/images'], ['ssm:/platform/images']]);
  const asked = requests().map(({ environmentVariablesOverride }) => environmentVariablesOverride!.map(({ name, value }) => [name, value]));
  const inOne = [['IMAGES', JSON.stringify([a.variables, b.variables])]];
  expect(asked).toEqual([inOne, ...[first, second].map(({ variables }) => Object.entries(variables))]);
});

test('each build is a request of its own, also the next time', async () => {
  const images = [image('a:1', { longestBuildMinutes: 1 }), image('b:1', { longestBuildMinutes: 1 })];
  await start(images);
  await start(images);
  expect(new Set(requests().map(({ idempotencyToken }) => idempotencyToken)).size).toBe(4);
});

test.each([
  ['aws', 'eu-west-1', 'eu-west-1.console.aws.amazon.com'],
  ['aws-cn', 'cn-north-1', 'cn-north-1.console.amazonaws.cn'],
  ['aws-us-gov', 'us-gov-west-1', 'us-gov-west-1.console.amazonaws-us-gov.com'],
])('in the partition %s the page of a build is at its console', async (partition, region, host) => {
  await start([image('a:1', { partition, region })]);
  expect(runs[0].link).toBe(`https://${host}/codesuite/codebuild/111122223333/projects/project/build/project%3A1/log?region=${region}`);
});

test('in a partition whose console is not known, a build has no page', async () => {
  await start([image('a:1', { partition: 'aws-iso' })]);
  expect(runs).toMatchObject([{ id: 'project:1', link: undefined }]);
});

test('the builds that were started are known when a later one cannot be', async () => {
  codeBuild.on(StartBuildCommand).resolvesOnce({ build: { id: 'project:1' } }).rejects(named('InvalidInputException'));
  await expect(start([image('a:1', { longestBuildMinutes: 1 }), image('b:1', { longestBuildMinutes: 1 })])).rejects.toThrow('InvalidInputException');
  expect(runs.map(({ id }) => id)).toEqual(['project:1']);
});

test('no more builds are started when it is interrupted', async () => {
  codeBuild.on(StartBuildCommand).callsFake(() => {
    stop.abort();
    return { build: { id: 'project:1' } };
  });
  await expect(start([image('a:1', { longestBuildMinutes: 1 }), image('b:1', { longestBuildMinutes: 1 })])).rejects.toThrow();
  expect([runs.map(({ id }) => id), requests().length]).toEqual([['project:1'], 1]);
});

test.each([
  ['AccessDeniedException', 'the AWS credentials do not allow codebuild:StartBuild; sign in with a role that allows it (AccessDeniedException: why)'],
  ['ExpiredTokenException', 'the AWS credentials are expired or not valid; sign in again (ExpiredTokenException: why)'],
  ['ResourceNotFoundException', 'the CodeBuild project "project" does not exist; run "cdk deploy --revert-drift" for the stack of its ImageMirror'],
])('%s is told in words', async (name, words) => {
  codeBuild.on(StartBuildCommand).rejects(named(name));
  await expect(start([image('a:1')])).rejects.toThrow(words);
});
