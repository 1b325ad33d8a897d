import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { ImageMirror, TagFilter } from '../../src';
import { formatLockFile, LockEntry, parseLockFile } from '../../src/image/admission/lock-file';
import { Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { FixtureImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { withAppFolder } from '../support/with-app-folder';
import { withServers } from '../support/with-servers';

const [OLD, NEW, SINGLE] = ['old', 'new', 'single'].map((seed) => singleImage({ seed }));
const OTHER_DIGEST = `sha256:${'0'.repeat(64)}`;

const upstream = new LocalRegistry();
withServers(upstream);
const folder = withAppFolder();
const file = join(folder, 'images.lock.json');
const app = join(folder, 'cdk.out');

const image = (tag: string) => `${upstream.host}/team/app:${tag}`;
const tool = (tag: string) => `${upstream.host}/team/tool:${tag}`;

function lock(...options: string[]): Promise<Ending> {
  return runCommand(['lock', '--file', file, '--plain-http', '--quiet', ...options]);
}

function locked(): Record<string, LockEntry> {
  return Object.fromEntries(parseLockFile(readFileSync(file, 'utf8')));
}

function write(images: Record<string, FixtureImage>): void {
  writeFileSync(file, formatLockFile(new Map(Object.entries(images).map(([name, { digest }]) => [name, { digest }]))));
}

const outcomesOf = ({ stdout }: Ending) => (JSON.parse(stdout) as { results: { image: string; outcome: string }[] }).results
  .map((result) => `${result.outcome} ${result.image.replace(/^.*\/team\//, '')}`);

beforeEach(() => {
  upstream.push('team/app', 'stable', OLD);
  for (const tag of ['1.1.0', '1.2.0', '2.0.0']) upstream.push('team/tool', tag, SINGLE);
  const root = new App({ outdir: app });
  const mirror = new ImageMirror(new Stack(root, 'Images'), 'Mirror', { images: [image('stable')] });
  mirror.addImage(`${upstream.host}/team/pinned:1@${OTHER_DIGEST}`);
  mirror.addImage(`${upstream.host}/team/tool`, { tags: TagFilter.semver('1.x', { latest: 1 }) });
  root.synth();
});

test('locks all images and the tags that filters select, except images with a digest', async () => {
  const ending = await lock('--app', app, '--json');
  expect([ending.code, outcomesOf(ending)]).toEqual([0, ['added app:stable', 'added tool:1.2.0']]);
});

test('removes images that the app does not have, and changes no digest', async () => {
  write({ [image('stable')]: NEW, [image('old')]: OLD, [tool('1.1.0')]: SINGLE, [tool('1.2.0')]: SINGLE });
  const ending = await lock('--app', app, '--json');
  expect(outcomesOf(ending)).toEqual(['removed app:old', 'unchanged app:stable', 'removed tool:1.1.0', 'unchanged tool:1.2.0']);
  expect(Object.entries(locked()).map(([name, { digest }]) => [name, digest])).toEqual([[image('stable'), NEW.digest], [tool('1.2.0'), SINGLE.digest]]);
});

test('removes no image of a repository with tags that cannot be listed', async () => {
  write({ [tool('1.1.0')]: SINGLE, [tool('2.0.0')]: SINGLE });
  upstream.fail({ match: { path: '/tags/list' }, action: Fault.status(403), times: 100 });
  const ending = await lock('--app', app, '--json');
  expect([ending.code, outcomesOf(ending)]).toEqual([1, ['added app:stable', 'failed tool', 'removed tool:2.0.0']]);
});

test('removes no image if only some stacks are used', async () => {
  write({ [image('old')]: OLD });
  const ending = await lock('--app', app, '--stack', 'Images', '--json');
  expect(outcomesOf(ending)).toEqual(['added app:stable', 'added tool:1.2.0']);
});

test('is what --check --offline compares with', async () => {
  write({ [image('old')]: OLD, [tool('1.1.0')]: SINGLE });
  const ending = await lock('--check', '--offline', '--app', app, '--json');
  expect([ending.code, outcomesOf(ending), upstream.count()]).toEqual([1, ['superfluous app:old', 'missing app:stable', 'unchanged tool:1.1.0'], 0]);
  write({});
  expect(outcomesOf(await lock('--check', '--offline', '--app', app, '--json'))).toEqual(['missing app:stable', 'missing tool']);
});

test('is what --check compares with, and with the tags of upstream', async () => {
  await lock('--app', app);
  expect((await lock('--check', '--app', app)).code).toBe(0);
  upstream.push('team/tool', '1.3.0', SINGLE);
  const ending = await lock('--check', '--app', app, '--json');
  expect([ending.code, outcomesOf(ending)]).toEqual([1, ['unchanged app:stable', 'superfluous tool:1.2.0', 'missing tool:1.3.0']]);
});

test('updates, adds, and removes with --update', async () => {
  write({ [image('stable')]: NEW, [image('old')]: OLD });
  const { code, stdout } = await lock('--app', app, '--update');
  expect([code, Object.keys(locked())]).toEqual([0, [image('stable'), tool('1.2.0')]]);
  for (const title of ['### Updated (1)', '### Added (1)', '### Removed (1)']) expect(stdout).toContain(title);
});

test('a folder without an app is an error of usage', async () => {
  rmSync(app, { recursive: true });
  expect((await lock('--app', app)).code).toBe(2);
});

test('locks only the images with a lock, if the app has some', async () => {
  const template = join(app, 'Images.template.json');
  const marked = (readFileSync(template, 'utf8')).replace(/\{\\"name\\":\\"IMAGE\\",(.*?)\\"value\\":\\"([^"]*team\/app:stable)\\"\}/, (variable) => {
    return `${variable},${variable.replace('IMAGE', 'LOCK').replace(/value\\":\\"[^"]*\\"/, 'value\\":\\"{\\\\\\"digests\\\\\\":{}}\\"')}`;
  });
  writeFileSync(template, marked);
  expect(marked).toContain('LOCK');
  expect(outcomesOf(await lock('--app', app, '--json'))).toEqual(['added app:stable']);
});
