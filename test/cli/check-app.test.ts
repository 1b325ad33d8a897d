import { App, Duration, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { ImageMirror, ImageMirrorProps, MirroredImage, OnTagMoved, TagFilter } from '../../src';
import { CheckedImage } from '../../src/cli/output/tables';
import { Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { momentOf } from '../support/moment';
import { withAppFolder } from '../support/with-app-folder';
import { withRegistries } from '../support/with-servers';

const IMAGE = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64'] });
const OTHER = singleImage({ seed: 'other' });
const ENVIRONMENT: StackProps = { env: { account: '111122223333', region: 'eu-west-1' } };

const { upstream, target: mirror } = withRegistries();
const folder = withAppFolder();

beforeEach(() => {
  upstream.push('team/app', '1.0.0', IMAGE);
});

/** The repository that a mirror derives for an image of the local upstream. */
function repository(name: string): string {
  return `mirror/${upstream.host.replace(':', '_')}/${name}`;
}

function synthesize(props: ImageMirrorProps, define: (mirror: ImageMirror, app: App) => void = () => undefined): void {
  const app = new App({ outdir: folder });
  define(new ImageMirror(new Stack(app, 'Images', ENVIRONMENT), 'Mirror', props), app);
  app.synth();
}

function check(...options: string[]): Promise<Ending> {
  return runCommand(['check', '--app', folder, '--plain-http', '--registry', mirror.host, ...options]);
}

function resultsOf({ stdout }: Ending): CheckedImage[] {
  return (JSON.parse(stdout) as { results: CheckedImage[] }).results;
}

test('tells of an image that the mirror lacks that its next run would copy it', async () => {
  synthesize({ images: [`${upstream.host}/team/app:1.0.0`] });
  const ending = await check();
  expect(ending).toMatchObject({ code: 0, stdout: '' });
  expect(ending.stderr).toMatch(/team\/app:1\.0\.0 +[0-9a-f]{12} +- +- +- +- +would copy/);
  expect(ending.stderr).toContain('1 image: 1 to copy');
});

test('checks images that share a schedule, except for one whose repository is not known before its deployment', async () => {
  upstream.push('team/app', '2.0.0', OTHER);
  synthesize({ groupRuns: true, images: [`${upstream.host}/team/app:1.0.0`, `${upstream.host}/team/app:2.0.0`] }, (grouped, app) => {
    grouped.addImage(`${upstream.host}/team/app:3.0.0`, { repository: new ecr.Repository(app.node.findChild('Images') as Stack, 'Own') });
  });
  expect(resultsOf(await check('--json')).map(({ source, outcome }) => [source, outcome])).toEqual([
    [`${upstream.host}/team/app:1.0.0`, 'copied'], [`${upstream.host}/team/app:2.0.0`, 'copied'],
  ]);
});

test('checks images that only deployments mirror, and frozen images', async () => {
  upstream.push('team/app', '2.0.0', OTHER);
  synthesize({ scheduled: false, images: [`${upstream.host}/team/app:1.0.0`] }, (one) => {
    one.addImage(`${upstream.host}/team/app:2.0.0`, { scheduled: true, enabled: false });
  });
  expect(resultsOf(await check('--json')).map(({ source, outcome }) => [source, outcome]).sort()).toEqual([
    [`${upstream.host}/team/app:1.0.0`, 'copied'], [`${upstream.host}/team/app:2.0.0`, 'copied'],
  ]);
});

test('tells digests, size and platforms of an image that the mirror has', async () => {
  mirror.push(repository('team/app'), '1.0.0', IMAGE);
  synthesize({ images: [`${upstream.host}/team/app:1.0.0`] });
  const [result] = resultsOf(await check('--json'));
  expect(result).toMatchObject({ outcome: 'unchanged', stack: 'Images', sourceDigest: IMAGE.digest, targetDigest: IMAGE.digest, countedPulls: 0 });
  expect(result.description?.platforms).toEqual(['linux/amd64', 'linux/arm64']);
  const sizes = new Map(IMAGE.blobs.map((blob) => [blob.digest, blob.size]));
  expect(result.description?.bytes).toBe([...sizes.values()].reduce((sum, size) => sum + size, 0));
});

test('asks upstream for nothing that counts as a pull, and changes nothing', async () => {
  mirror.push(repository('team/app'), '1.0.0', OTHER);
  synthesize({ images: [`${upstream.host}/team/app:1.0.0`] });
  await check();
  expect(upstream.requests.map(({ method }) => method)).toEqual(['HEAD']);
  expect(mirror.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
});

test('exits with 1 and says why when a fixed tag moved', async () => {
  mirror.push(repository('team/app'), '1.0.0', OTHER);
  synthesize({ images: [`${upstream.host}/team/app:1.0.0`] });
  const ending = await check();
  expect(ending.code).toBe(1);
  expect(ending.stderr).toContain('upstream moved');
});

test('reads the options of an image as its build would', async () => {
  mirror.push('team/elsewhere', '1.0.0', OTHER);
  synthesize({}, (one) => one.addImage(`${upstream.host}/team/app:1.0.0`, {
    repositoryName: 'team/elsewhere', schedule: ScheduleExpression.rate(Duration.days(7)), onTagMoved: OnTagMoved.KEEP,
  }));
  const ending = await check('--json');
  expect(ending.code).toBe(0);
  expect(resultsOf(ending)).toEqual([expect.objectContaining({ outcome: 'tag-moved', target: `${mirror.host}/team/elsewhere:1.0.0` })]);
});

test('shows what each tag filter selects and drops, and near misses of a filter that selects nothing', async () => {
  for (const number of [8, 9, 10]) upstream.push('team/app', `build-${number}`, singleImage({ seed: String(number) }));
  synthesize({}, (one) => {
    one.addImage(`${upstream.host}/team/app`, { tags: TagFilter.pattern('build-*', { latest: 2 }) });
    one.addImage(`${upstream.host}/team/app`, { tags: TagFilter.pattern('Build-1*') });
  });
  const { code, stdout, stderr } = await check('--json');
  expect(code).toBe(1);
  const { tagFilters } = JSON.parse(stdout);
  expect(tagFilters).toHaveLength(2);
  expect(tagFilters).toContainEqual({
    source: `${upstream.host}/team/app`,
    filter: { patterns: ['build-*'], latest: 2 },
    upstreamTags: expect.any(Number),
    order: 'VERSION',
    selected: ['build-10', 'build-9'],
    droppedTags: 1,
    dropped: ['build-8'],
  });
  expect(stderr).toMatch(/team\/app \{"latest":2,"patterns":\["build-\*"\]\}: 2 of \d+ tags are selected, order VERSION: build-10, build-9; latest drops 1: build-8$/m);
  expect(stderr).toMatch(/"Build-1\*"\]\}: none of \d+ tags is selected; near misses: build-10$/m);
});

test('checks each tag that a filter selects', async () => {
  for (const tag of ['1.1.0', '1.2.0', '2.0.0', 'latest']) upstream.push('team/app', tag, IMAGE);
  synthesize({}, (one) => one.addImage(`${upstream.host}/team/app`, { tags: TagFilter.semver('^1.1', { latest: 2 }) }));
  const targets = resultsOf(await check('--json')).map(({ target }) => target.split(':').at(-1));
  expect(targets).toEqual(['1.2.0', '1.1.0']);
});

test('finds the images that other stacks add to a mirror, and those of stages', async () => {
  const app = new App({ outdir: folder });
  const one = new ImageMirror(new Stack(app, 'Images', ENVIRONMENT), 'Mirror', { images: [`${upstream.host}/team/app:1.0.0`] });
  new MirroredImage(new Stack(app, 'More', ENVIRONMENT), 'Second', { mirror: one, image: `${upstream.host}/team/app:latest`, repositoryName: 'mirror/second' });
  const stage = new Stage(app, 'Test', ENVIRONMENT);
  new ImageMirror(new Stack(stage, 'Staged'), 'Mirror', { images: [`${upstream.host}/team/app:stable`], repositoryPrefix: 'staged' });
  app.synth();
  const sources = resultsOf(await check('--json')).map(({ source }) => source.split(':').at(-1)).sort();
  expect(sources).toEqual(['1.0.0', 'latest', 'stable']);
});

describe('an app with Stages', () => {
  beforeEach(() => {
    for (const tag of ['2.0.0', '3.0.0', '4.0.0']) upstream.push('team/app', tag, IMAGE);
    const app = new App({ outdir: folder });
    new ImageMirror(new Stack(app, 'Tools', ENVIRONMENT), 'Mirror', { images: [`${upstream.host}/team/app:1.0.0`] });
    new Stack(app, 'Empty', ENVIRONMENT);
    const deep = new Stage(new Stage(app, 'Pipeline', ENVIRONMENT), 'Prod');
    new ImageMirror(new Stack(deep, 'Platform'), 'Mirror', { images: [`${upstream.host}/team/app:2.0.0`], repositoryPrefix: 'prod' });
    new ImageMirror(new Stack(deep, 'Data', { stackName: 'prod-data' }), 'Mirror', { images: [`${upstream.host}/team/app:3.0.0`], repositoryPrefix: 'data' });
    new ImageMirror(new Stack(new Stage(app, 'Dev', ENVIRONMENT), 'Platform'), 'Mirror', { images: [`${upstream.host}/team/app:4.0.0`], repositoryPrefix: 'dev' });
    app.synth();
  });

  const stacksOf = (ending: Ending) => resultsOf(ending).map(({ stack }) => stack).sort();

  test('has the stack of each image, as cdk list shows it, in the table and in JSON', async () => {
    const ending = await check('--json');
    expect(stacksOf(ending)).toEqual(['Dev/Platform', 'Pipeline/Prod/Data', 'Pipeline/Prod/Platform', 'Tools']);
    expect(ending.stderr).toMatch(/^STACK +IMAGE/m);
    expect(ending.stderr).toMatch(/^Pipeline\/Prod\/Data +.*team\/app:3\.0\.0/m);
  });

  test.each([
    [['Tools'], ['Tools']],
    [['Dev/Platform'], ['Dev/Platform']],
    [['Dev/Platform', 'Tools'], ['Dev/Platform', 'Tools']],
    [['Pipeline/*'], ['Pipeline/Prod/Data', 'Pipeline/Prod/Platform']],
    [['*/Platform'], ['Dev/Platform', 'Pipeline/Prod/Platform']],
    [['prod-data'], ['Pipeline/Prod/Data']],
    [['Tools', 'Tools'], ['Tools']],
  ])('with --stack %j checks %j', async (names, stacks) => {
    expect(stacksOf(await check('--json', ...names.flatMap((name) => ['--stack', name])))).toEqual(stacks);
  });

  test.each([
    [['Platform'], 'the app has no stack "Platform"; its stacks are "Dev/Platform", "Empty", "Pipeline/Prod/Data", "Pipeline/Prod/Platform", "Tools"'],
    [['Tools', 'tools', 'X'], 'the app has no stack "tools", "X"; its stacks are "Dev/Platform"'],
    [['Empty'], 'no images are mirrored in the stack "Empty"'],
  ])('without the stacks %j says which there are', async (names, words) => {
    const ending = await check(...names.flatMap((name) => ['--stack', name]));
    expect([ending.code, upstream.count()]).toEqual([2, 0]);
    expect(ending.stderr).toContain(words);
  });
});

test('a problem that several images share is there once', async () => {
  synthesize({ images: ['a', 'b', 'c', 'd'].map((name) => `${upstream.host}/team/${name}:1.0.0`) });
  // The registries have no TLS.
  const { code, stderr } = await runCommand(['check', '--app', folder, '--registry', upstream.host]);
  expect([code, stderr.match(/: the server doesn't use TLS/g)]).toEqual([1, [": the server doesn't use TLS"]]);
  expect(stderr).toMatch(/^4 images \([^ ]+\/team\/a:1\.0\.0, .* and 1 more\): [^ ]+: the server doesn't use TLS/m);
});

test('stages whose stacks export the same names have their own registries', async () => {
  const app = new App({ outdir: folder });
  for (const [name, account] of [['Dev', '111122223333'], ['Prod', '444455556666']]) {
    const stage = new Stage(app, name, { env: { account, region: 'eu-west-1' } });
    const one = new ImageMirror(new Stack(stage, 'Images', { stackName: 'Images' }), 'Mirror');
    new MirroredImage(new Stack(stage, 'More', { stackName: 'More' }), 'Image', { mirror: one, image: 'nginx:stable' });
  }
  app.synth();
  const results = resultsOf(await runCommand(['check', '--app', folder, '--json', '--timeout', '1']));
  expect(results.map(({ stack, target }) => [stack, target.split('.')[0]])).toEqual([['Dev/More', '111122223333'], ['Prod/More', '444455556666']]);
});

test('names the registry that the app names', async () => {
  synthesize({ images: ['nginx:stable'] });
  const ending = await runCommand(['check', '--app', folder, '--json', '--timeout', '5']);
  expect(resultsOf(ending)[0].target).toBe('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable');
});

test('asks for the account and Region of an app that is synthesized for any', async () => {
  const app = new App({ outdir: folder });
  new ImageMirror(new Stack(app, 'Images'), 'Mirror', { images: ['nginx:stable', 'redis:7.2.5'] });
  app.synth();
  const { code, stdout, stderr } = await runCommand(['check', '--app', folder, '--json']);
  expect([code, JSON.parse(stdout), stderr.trimEnd().split('\n')]).toEqual([2, expect.objectContaining({ outcome: 'failed', reason: 'invalid-configuration' }), [
    'error: the app is synthesized for any account and Region; set AWS_ACCOUNT_ID and AWS_REGION, or --registry',
    '(see "cdk-ecr-mirror check --help")',
  ]]);
});

test.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])('an app that is synthesized for any account and Region is checked in AWS_ACCOUNT_ID and %s', async (variable) => {
  const app = new App({ outdir: folder });
  new ImageMirror(new Stack(app, 'Images'), 'Mirror', { images: ['nginx:stable'] });
  app.synth();
  const environment = { AWS_ACCOUNT_ID: '444455556666', [variable]: 'eu-central-1' };
  const [{ target }] = resultsOf(await runCommand(['check', '--app', folder, '--json', '--timeout', '5'], { environment }));
  expect(target).toBe('444455556666.dkr.ecr.eu-central-1.amazonaws.com/mirror/nginx:stable');
});

test('checks the other stacks of an app of which one is synthesized for any account', async () => {
  const app = new App({ outdir: folder });
  new ImageMirror(new Stack(app, 'Images'), 'Mirror', { images: ['nginx:stable'] });
  new ImageMirror(new Stack(app, 'Known', ENVIRONMENT), 'Mirror', { images: ['redis:7.2.5'] });
  app.synth();
  const results = resultsOf(await runCommand(['check', '--app', folder, '--json', '--timeout', '5']));
  expect(results.map(({ target }) => target)).toEqual(['', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/redis:7.2.5']);
  expect(results[0].message).toContain('set AWS_ACCOUNT_ID and AWS_REGION, or --registry');
});

test('takes the registry that is named for an app that is synthesized for any account', async () => {
  const app = new App({ outdir: folder });
  new ImageMirror(new Stack(app, 'Images'), 'Mirror', { images: [`${upstream.host}/team/app:1.0.0`] });
  app.synth();
  expect(resultsOf(await check('--json')).map(({ target }) => target.split('/')[0])).toEqual([mirror.host]);
});

test('has eight images under way at a time, and no more', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `team/app${index}`);
  for (const name of names) {
    upstream.push(name, '1.0.0', OTHER);
    mirror.push(repository(name), '1.0.0', OTHER);
  }
  let release = () => undefined as void;
  const until = new Promise<void>((resolve) => { release = resolve; });
  const blobs = { method: 'GET', path: '/blobs/' };
  // What describes an image counts as a part of it.
  mirror.fail({ match: blobs, action: Fault.hold(until), times: 1000 });
  synthesize({ images: names.map((name) => `${upstream.host}/${name}:1.0.0`) });
  const ending = await runCommand(['check', '--app', folder, '--plain-http', '--registry', mirror.host, '--json'], {
    onStart: async (_, ended) => {
      await momentOf(ended, () => mirror.count(blobs) === 8);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect([upstream.count(), mirror.count(blobs)]).toEqual([8, 8]);
      release();
    },
  });
  expect([ending.code, resultsOf(ending).length]).toEqual([0, 20]);
});

test.each([['SIGTERM', 143], ['SIGINT', 130]] as const)('%s stops it, and the report says so', async (signal, code) => {
  upstream.fail({ match: { method: 'HEAD' }, action: Fault.stall(), times: 1000 });
  synthesize({ images: [`${upstream.host}/team/app:1.0.0`] });
  const ending = await runCommand(['check', '--app', folder, '--plain-http', '--registry', mirror.host, '--json'], {
    onStart: async (child, ended) => {
      await momentOf(ended, () => upstream.count() > 0);
      child.kill(signal);
    },
  });
  expect(ending).toMatchObject({ code, signal: undefined });
  expect(resultsOf(ending)).toMatchObject([{ outcome: 'failed', reason: 'interrupted' }]);
});

test.each([
  ['a folder that is not a synthesized app', () => undefined, 'is not a synthesized app'],
  ['an app without a mirror', () => { new App({ outdir: folder }).synth(); }, 'mirrors no images'],
])('refuses %s in one line', async (_name, prepare, words) => {
  prepare();
  const ending = await check();
  expect(ending.code).toBe(2);
  expect(ending.stderr.split('\n')[0]).toContain(words);
});

test('refuses images beside an app', async () => {
  const ending = await runCommand(['check', '--app', folder, 'nginx:stable', 'localhost:1/nginx']);
  expect(ending.code).toBe(2);
  expect(ending.stderr).toContain('--app checks the images of the app');
});
