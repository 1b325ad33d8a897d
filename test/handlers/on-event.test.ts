import { CloudFormationClient, DescribeStacksCommand, Stack } from '@aws-sdk/client-cloudformation';
import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { mockClient } from 'aws-sdk-client-mock';
import { CustomResourceEvent } from '../../src/handlers/custom-resource-event';
import { handleOnEvent } from '../../src/handlers/on-event';
import { MovingClock } from '../support/moving-clock';

const codeBuild = mockClient(CodeBuildClient);
const cloudFormation = mockClient(CloudFormationClient);

const NGINX = { IMAGE: 'docker.io/library/nginx:stable' };
const REDIS = { IMAGE: 'docker.io/library/redis:7', PLATFORMS: 'linux/arm64' };
const STACK_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Platform/1';

let clock: MovingClock;
let lines: string[];

beforeEach(() => {
  codeBuild.reset();
  cloudFormation.reset();
  codeBuild.on(StartBuildCommand).callsFake(({ idempotencyToken }) => ({ build: { id: `Mirror:${String(idempotencyToken).slice(0, 8)}`, startTime: new Date(1000) } }));
  stackIs('UPDATE_IN_PROGRESS');
  clock = new MovingClock();
  lines = [];
});

afterAll(() => [codeBuild, cloudFormation].forEach((mock) => mock.restore()));

function stackIs(StackStatus: string): void {
  cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [{ StackStatus } as Stack] });
}

const handle = (event: CustomResourceEvent) => handleOnEvent(event, {
  codeBuild: new CodeBuildClient({ region: 'eu-west-1' }),
  cloudFormation: new CloudFormationClient({ region: 'eu-west-1' }),
  project: 'Mirror',
  longestBuildMinutes: 50,
  startMinutes: 8,
  log: (line) => lines.push(line),
  clock,
});

const properties = (Images: unknown, more: object = {}) => ({ ServiceToken: 'arn', Images, RepositoryPrefix: 'mirror', OnDeploy: 'WAIT', ...more });
const create = (Images: unknown, more: object = {}): CustomResourceEvent => ({
  RequestType: 'Create', RequestId: 'request', StackId: STACK_ID, LogicalResourceId: 'Images', ResourceProperties: properties(Images, more),
});
const update = (before: object, after: object): CustomResourceEvent => ({
  ...create([]), RequestType: 'Update', PhysicalResourceId: 'mine', OldResourceProperties: before, ResourceProperties: after,
});
/** The images that builds were started for. */
const started = () => codeBuild.commandCalls(StartBuildCommand)
  .flatMap(({ args: [{ input }] }) => JSON.parse(input.environmentVariablesOverride![0].value!));

describe('Create', () => {
  test('starts a build for all images, and tells of it', async () => {
    expect(await handle(create([NGINX, REDIS]))).toEqual({
      PhysicalResourceId: 'ImageMirror-Images',
      Builds: [{ id: expect.stringMatching(/^Mirror:/), startTime: 1000, images: 2, firstImages: [NGINX.IMAGE, REDIS.IMAGE] }],
      ResourceProperties: {},
      OldResourceProperties: {},
    });
    expect(started()).toEqual([NGINX, REDIS]);
  });

  test('does not ask how the stack stands', async () => {
    await handle(create([NGINX]));
    expect(cloudFormation.calls()).toHaveLength(0);
  });

  test('gives the same answer when it is delivered twice', async () => {
    const first = await handle(create([NGINX]));
    clock.pass(60_000);
    expect(await handle(create([NGINX]))).toEqual(first);
  });

  test('starts builds and does not wait for them where that is wanted', async () => {
    expect(await handle(create([NGINX], { OnDeploy: 'START' }))).toMatchObject({ Builds: [] });
    expect(started()).toEqual([NGINX]);
  });

  test('starts several builds for a long list', async () => {
    const images = Array.from({ length: 120 }, (_, index) => ({ IMAGE: `a${index}:1` }));
    const { Builds } = await handle(create(images));
    expect(Builds.map((build) => build.images)).toEqual([50, 50, 20]);
    expect(started()).toEqual(images);
  });

  test.each<[string, unknown]>([
    ['no list', 'nginx'],
    ['missing', undefined],
    ['a list of texts', ['nginx']],
    ['a list with a list', [[]]],
    ['a list with null', [null]],
    ['a list with what is no text', [{ IMAGE: 'nginx', REFERRERS: { a: 1 } }]],
  ])('fails in words when the images are %s', async (_, images) => {
    await expect(handle(create(images))).rejects.toThrow('the property Images must be a list of objects with strings as values');
  });

  test('fails in words when a build cannot be started, without a stack that would take the room of the words', async () => {
    codeBuild.on(StartBuildCommand).rejects(Object.assign(new Error('Project cannot be found'), { name: 'ResourceNotFoundException' }));
    const error: Error = await handle(create([NGINX])).then(() => { throw new Error('it did not fail'); }, (thrown) => thrown);
    expect(error).toMatchObject({ name: 'DeploymentError', message: 'the CodeBuild project "Mirror" does not exist; run "cdk deploy --revert-drift" for the stack of its ImageMirror', stack: '' });
  });

  test('waits 8 minutes for a full queue, and no longer', async () => {
    codeBuild.on(StartBuildCommand).rejects(Object.assign(new Error('Cannot have more than 30 builds in queue for the account'), { name: 'AccountLimitExceededException' }));
    const begin = clock.now();
    await expect(handle(create([NGINX]))).rejects.toThrow('Cannot have more than 30 builds in queue for the account');
    expect(clock.now() - begin).toBeGreaterThan(7 * 60_000);
    expect(clock.now() - begin).toBeLessThan(8 * 60_000);
  });
});

describe('Update', () => {
  test('mirrors what is new and what has changed, and nothing else', async () => {
    const { Builds, PhysicalResourceId } = await handle(update(properties([NGINX, { IMAGE: 'redis:7' }]), properties([NGINX, REDIS, { IMAGE: 'alpine:3' }])));
    expect(started()).toEqual([REDIS, { IMAGE: 'alpine:3' }]);
    expect([Builds.length, PhysicalResourceId]).toEqual([1, 'mine']);
  });

  test('mirrors nothing when images were only taken away', async () => {
    expect(await handle(update(properties([NGINX, REDIS]), properties([NGINX])))).toMatchObject({ Builds: [] });
    expect(started()).toEqual([]);
  });

  test('mirrors nothing when another property changed', async () => {
    await handle(update(properties([NGINX]), properties([NGINX], { OnDeploy: 'START', ServiceToken: 'another' })));
    expect(started()).toEqual([]);
  });

  test('the order of images and of their variables is no change', async () => {
    await handle(update(properties([REDIS, NGINX]), properties([NGINX, { PLATFORMS: REDIS.PLATFORMS, IMAGE: REDIS.IMAGE }])));
    expect(started()).toEqual([]);
  });

  test('mirrors all images when their repositories are others', async () => {
    await handle(update(properties([NGINX]), properties([NGINX], { RepositoryPrefix: 'platform' })));
    expect(started()).toEqual([NGINX]);
  });

  test.each<[string, unknown]>([['nothing', undefined], ['null', null], ['a text', 'x'], ['images that are none', properties('x')], ['images of another time', properties([null, 5, 'x'])]])('mirrors all images when the old properties are %s', async (_, before) => {
    await handle(update(before as object, properties([NGINX])));
    expect(started()).toEqual([NGINX]);
  });

  test.each(['UPDATE_ROLLBACK_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'])('during %s mirrors nothing, and succeeds', async (status) => {
    stackIs(status);
    expect(await handle(update(properties([NGINX]), properties([REDIS])))).toMatchObject({ PhysicalResourceId: 'mine', Builds: [] });
    expect(started()).toEqual([]);
    expect(cloudFormation.commandCalls(DescribeStacksCommand).map(({ args: [{ input }] }) => input)).toEqual([{ StackName: STACK_ID }]);
  });

  test('during a rollback to what it cannot read succeeds all the same', async () => {
    stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
    expect(await handle(update(properties([NGINX]), { Images: 'garbage' }))).toMatchObject({ Builds: [] });
  });

  test.each<[string, () => void]>([
    ['may not be read', () => cloudFormation.on(DescribeStacksCommand).rejects(Object.assign(new Error('not authorized'), { name: 'AccessDenied' }))],
    ['is missing', () => cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [] })],
    ['is not told', () => cloudFormation.on(DescribeStacksCommand).resolves({})],
    ['is something new', () => stackIs('SOMETHING_IN_PROGRESS')],
  ])('goes on as always when the status %s', async (_, prepare) => {
    prepare();
    await handle(update(properties([NGINX]), properties([NGINX, REDIS])));
    expect(started()).toEqual([REDIS]);
  });
});

describe('Delete', () => {
  test.each<[string, unknown]>([['the properties of always', properties([NGINX])], ['no properties', undefined], ['a text', 'garbage'], ['null', null], ['images that are none', { Images: { a: 1 } }]])('does nothing and succeeds, with %s', async (_, given) => {
    codeBuild.on(StartBuildCommand).rejects(new Error('the project is gone'));
    cloudFormation.on(DescribeStacksCommand).rejects(new Error('no'));
    expect(await handle({ ...create([]), RequestType: 'Delete', PhysicalResourceId: 'whatever it was', ResourceProperties: given })).toMatchObject({ PhysicalResourceId: 'whatever it was', Builds: [] });
    expect([codeBuild.calls(), cloudFormation.calls()]).toEqual([[], []]);
  });
});

test('the id of the resource is its own for ever, and depends on no stack', async () => {
  const { PhysicalResourceId } = await handle({ ...create([NGINX]), StackId: 'another', RequestId: 'another' });
  expect(PhysicalResourceId).toBe('ImageMirror-Images');
  expect((await handle({ ...update(properties([NGINX]), properties([REDIS])), PhysicalResourceId })).PhysicalResourceId).toBe(PhysicalResourceId);
});

test('nothing of the address that answers CloudFormation is logged', async () => {
  await handle({ ...create([NGINX]), ResponseURL: 'https://cloudformation.example.com/secret' } as CustomResourceEvent);
  stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
  await handle({ ...update({}, properties([REDIS])), ResponseURL: 'https://cloudformation.example.com/secret' } as CustomResourceEvent);
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain('secret');
});
