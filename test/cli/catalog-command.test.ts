/** Catalogs on the command line: `copy` and `check` with a file, and `check --app`. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror } from '../../src';
import { CheckedImage } from '../../src/cli/output/tables';
import { Ending, runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { withAppFolder } from '../support/with-app-folder';
import { withRegistries } from '../support/with-servers';

const ENVIRONMENT: StackProps = { env: { account: '111122223333', region: 'eu-west-1' } };

const { upstream, target: mirror } = withRegistries();
const folder = withAppFolder();

beforeEach(() => {
  for (const tag of ['1.0.0', '1.1.0', 'stable']) upstream.push('team/app', tag, singleImage({ seed: tag }));
});

const image = (tag: string) => `${upstream.host}/team/app:${tag}`;
const repository = (prefix: string) => `${prefix}/${upstream.host.replace(':', '_')}/team/app`;

function file(text: string, name = 'images.yaml'): string {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

const entries = (...list: string[]) => ['images:', ...list.map((entry) => `  - ${entry}`)].join('\n');
const run = (...words: string[]) => runCommand([...words, '--plain-http']);
const resultsOf = ({ stdout }: Ending) => (JSON.parse(stdout) as { results: CheckedImage[] }).results;

describe('with a file', () => {
  test('copy mirrors each image to where a mirror has it', async () => {
    const list = file(entries(image('1.0.0'), image('stable'), `{ image: ${upstream.host}/team/app, tags: { semver: ">=1.1" }, owner: team-app }`));
    const ending = await run('copy', '--catalog', list, `${mirror.host}/mirror/`, '--json');
    expect(ending.code).toBe(0);
    expect(resultsOf(ending).map(({ outcome, repository: name, tag, owner }) => [outcome, name, tag, owner])).toEqual([
      ['copied', repository('mirror'), '1.0.0', undefined], ['copied', repository('mirror-floating'), 'stable', undefined], ['copied', repository('mirror'), '1.1.0', 'team-app'],
    ]);
    expect(mirror.tagDigest(repository('mirror-floating'), 'stable')).toBe(singleImage({ seed: 'stable' }).digest);
  });

  test('check tells what copy would do, and changes nothing', async () => {
    mirror.push(repository('mirror'), '1.0.0', singleImage({ seed: '1.0.0' }));
    const ending = await run('check', '--catalog', file(`${image('1.0.0')},${image('1.1.0')}`, 'images.txt'), `${mirror.host}/mirror/`);
    expect([ending.code, ending.stdout]).toEqual([0, '']);
    expect(ending.stderr).toContain('2 images: 1 to copy, 1 unchanged');
    expect(mirror.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
  });

  test('copy warns that it bypasses the checks of an entry, and check notes that it does not make them', async () => {
    const list = file(entries(image('1.0.0'), `{ image: ${image('stable')}, admission: { minimumAge: 3 } }`));
    const checked = await run('check', '--catalog', list, `${mirror.host}/mirror/`);
    expect([checked.code, checked.stderr]).toEqual([0, expect.stringContaining('note: 1 image has checks: check does not make the checks of admission')]);
    const copied = await run('copy', '--catalog', list, `${mirror.host}/mirror/`, '--json');
    expect([copied.code, copied.stderr]).toEqual([0, expect.stringContaining('warning: 1 image has checks: copy bypasses the checks of admission')]);
    expect(resultsOf(copied).map(({ outcome, warnings }) => [outcome, warnings])).toEqual([
      ['copied', undefined], ['copied', [`${list}, line 3: copy bypasses the checks of admission; to make them, mirror the catalog with "cdk-ecr-mirror start"`]],
    ]);
    expect((await run('check', '--catalog', file(image('1.0.0'), 'images.txt'), `${mirror.host}/mirror/`)).stderr).not.toContain('admission');
  });

  test('copy tells what is wrong with an entry, by its line, and mirrors the others', async () => {
    const list = file(entries(image('1.0.0'), 'Bad', `{ image: ${image('1.1.0')}, expires: 2020-01-01 }`, `{ image: ${image('stable')}, digest: "sha256:${'0'.repeat(64)}" }`));
    const ending = await run('copy', '--catalog', list, `${mirror.host}/`, '--json');
    expect(ending.code).toBe(1);
    expect(resultsOf(ending).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['copied', undefined], ['failed', 'invalid-configuration'], ['failed', 'expired'], ['failed', 'digest-mismatch'],
    ]);
    expect(resultsOf(ending)[1].message).toBe(`${list}, line 3: its image is "Bad": repository names must be lowercase; use "bad"`);
    expect(mirror.tagDigest(repository('').slice(1), '1.0.0')).toBeDefined();
  });

  test.each<[string, (list: string) => string[], string]>([
    ['a file that is missing', () => ['--catalog', 'nowhere.yaml', 'localhost:1/mirror/'], 'cannot read "nowhere.yaml"'],
    ['a file that is none', () => ['--catalog', file('images: [nginx'), 'localhost:1/mirror/'], 'images.yaml: line 1: '],
    ['no place', (list) => ['--catalog', list], 'the only argument is a target folder that ends with "/"'],
    ['a target', (list) => ['--catalog', list, 'localhost:1/mirror'], 'the only argument is a target folder that ends with "/"'],
    ['a place without a registry', (list) => ['--catalog', list, 'mirror/'], '"mirror/" is not a valid target folder'],
    ['images besides', (list) => ['--catalog', list, 'nginx', 'localhost:1/mirror/'], 'the only argument is a target folder'],
    ['platforms besides', (list) => ['--catalog', list, 'localhost:1/mirror/', '--platform', 'linux/amd64'], '--catalog and --platform cannot be combined'],
    ['two lists of platforms', (list) => ['--catalog', list, 'localhost:1/mirror/', '--platform', 'linux/amd64', '--platform-if-available', 'linux/amd64'], '--platform and --platform-if-available cannot be combined'],
    ['other lists besides', (list) => ['--catalog', list, 'localhost:1/mirror/', '--from-file', 'x'], '--catalog and --from-file cannot be combined'],
  ])('refuses %s in one line', async (_, words, message) => {
    const ending = await run('copy', ...words(file(image('1.0.0'), 'list.txt')));
    expect(ending.code).toBe(2);
    expect(ending.stderr.split('\n')[0]).toContain(message);
  });
});

describe('check --app', () => {
  function synthesize(define: (stack: Stack, one: ImageMirror) => void, props: StackProps = ENVIRONMENT): void {
    const app = new App({ outdir: path.join(folder, 'cdk.out') });
    const stack = new Stack(app, 'Images', props);
    define(stack, new ImageMirror(stack, 'Mirror'));
    app.synth();
  }

  const check = (...words: string[]) => run('check', '--app', path.join(folder, 'cdk.out'), '--registry', mirror.host, ...words);
  const parameter = (stack: Stack, name = '/platform/images') => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, name.replace(/\//g, ''), name));

  test('tells of the images of a file of the app, each once whatever the shards', async () => {
    mirror.push(repository('mirror'), '1.0.0', singleImage({ seed: '1.0.0' }));
    synthesize((_, one) => one.addCatalog('Teams', ImageCatalog.fromFile(file(entries(image('1.0.0'), image('stable')))), { shards: 3 }));
    const ending = await check('--json');
    expect(ending.code).toBe(0);
    expect(resultsOf(ending).map(({ stack, outcome, target }) => [stack, outcome, target]).sort()).toEqual([
      ['Images', 'copied', `${mirror.host}/${repository('mirror-floating')}:stable`], ['Images', 'unchanged', `${mirror.host}/${repository('mirror')}:1.0.0`],
    ]);
    expect(resultsOf(ending).find(({ outcome }) => outcome === 'unchanged')?.description?.platforms).toEqual(['linux/amd64']);
  });

  test('tells of them where the app is for any account, and in stages', async () => {
    const app = new App({ outdir: path.join(folder, 'cdk.out') });
    new ImageMirror(new Stack(app, 'Free'), 'Mirror').addCatalog('Teams', ImageCatalog.fromFile(file(image('1.0.0'), 'a.txt')));
    new ImageMirror(new Stack(new Stage(app, 'Test'), 'Staged'), 'Mirror').addCatalog('Teams', ImageCatalog.fromFile(file(image('1.1.0'), 'b.txt')));
    app.synth();
    expect(resultsOf(await check('--json')).map(({ source }) => source).sort()).toEqual([image('1.0.0'), image('1.1.0')]);
  });

  test('asks for the registry of an app for any account', async () => {
    synthesize((_, one) => one.addCatalog('Teams', ImageCatalog.fromFile(file(image('1.0.0')))), {});
    const ending = await runCommand(['check', '--app', path.join(folder, 'cdk.out')]);
    expect(ending.code).toBe(2);
    expect(ending.stderr).toContain('set AWS_ACCOUNT_ID and AWS_REGION, or --registry');
  });

  test('says which list is not part of the app, and checks the rest', async () => {
    synthesize((stack, one) => {
      one.addImage(image('1.0.0'));
      one.addCatalog('Teams', parameter(stack));
      one.addCatalog('Others', ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'Lists', 'lists'), 'images.yaml'));
    });
    const ending = await check();
    expect(ending.code).toBe(0);
    expect(ending.stderr).toContain('the catalog ssm:/platform/images is not part of the app; check its images with --catalog FILE\n');
    expect(ending.stderr).toContain('the catalog s3://lists/images.yaml is not part of the app');
    expect(JSON.parse((await check('--json')).stdout)).toMatchObject({ results: [{ source: image('1.0.0') }], unreadCatalogs: ['ssm:/platform/images', 's3://lists/images.yaml'] });
  });

  test('checks a file in place of the list that is not part of the app', async () => {
    synthesize((stack, one) => one.addCatalog('Teams', parameter(stack), { shards: 2 }));
    const ending = await check('--json', '--catalog', file(`${image('1.0.0')},${image('1.1.0')},Bad`, 'list.txt'));
    expect(ending.code).toBe(1);
    expect(resultsOf(ending).map(({ source, outcome }) => [source, outcome]).sort()).toEqual([['Bad', 'failed'], [image('1.0.0'), 'copied'], [image('1.1.0'), 'copied']].sort());
    expect(JSON.parse(ending.stdout)).not.toHaveProperty('unreadCatalogs');
  });

  test('one entry whose tags cannot be listed does not hide the others', async () => {
    synthesize((_, one) => one.addCatalog('Teams', ImageCatalog.fromFile(file(entries(image('1.0.0'), `{ image: ${upstream.host}/team/gone, tags: { semver: "*" } }`)))));
    const ending = await check('--json');
    expect(resultsOf(ending).map(({ outcome, reason }) => [outcome, reason])).toEqual([['copied', undefined], ['failed', 'not-found']]);
  });

  test.each<[string, (stack: Stack, one: ImageMirror) => void, string]>([
    ['where the app has no such list', (_, one) => { one.addImage('nginx:1.27.0'); }, 'replaces a list that is not part of the app, but the app has no such list'],
    ['where it could stand for several', (stack, one) => {
      one.addCatalog('One', parameter(stack, '/a'));
      one.addCatalog('Other', parameter(stack, '/b'));
    }, '--catalog is ambiguous: the app has the lists "ssm:/a", "ssm:/b"'],
  ])('refuses a file %s', async (_, define, words) => {
    synthesize(define);
    const ending = await check('--catalog', file(image('1.0.0'), 'list.txt'));
    expect(ending.code).toBe(2);
    expect(ending.stderr.split('\n')[0]).toContain(words);
  });
});
