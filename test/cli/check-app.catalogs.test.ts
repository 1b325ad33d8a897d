/** `check --app` with lists that lie in parameters and buckets which the app defines itself. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, CfnParameter, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { PlatformImages } from '../../examples/sample-app/platform-images';
import { ImageCatalog, ImageMirror } from '../../src';
import { AppCatalogs } from '../../src/cli/app/app-catalogs';
import { readSynthesizedBuilds } from '../../src/cli/app/cloud-assembly';
import { CheckedImage } from '../../src/cli/output/tables';
import { Ending, runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { withAppFolder } from '../support/with-app-folder';
import { withRegistries } from '../support/with-servers';

const ENVIRONMENT: StackProps = { env: { account: '111122223333', region: 'eu-west-1' } };

/** What the CDK's command line asks for. */
const PATHS = { 'aws:cdk:enable-path-metadata': true };

const { upstream, target: mirror } = withRegistries();
const folder = withAppFolder();
let output: string;

beforeEach(() => {
  for (const tag of ['1.0.0', '1.1.0']) upstream.push('team/app', tag, singleImage({ seed: tag }));
  output = path.join(folder, 'cdk.out');
});

const image = (tag: string) => `${upstream.host}/team/app:${tag}`;

function synthesize(define: (stack: Stack, one: ImageMirror, app: App) => void): void {
  const app = new App({ outdir: output, context: PATHS });
  const stack = new Stack(app, 'Images', ENVIRONMENT);
  define(stack, new ImageMirror(stack, 'Mirror'), app);
  app.synth();
}

const check = (...words: string[]) => runCommand(['check', '--app', output, '--registry', mirror.host, '--plain-http', ...words]);
const report = ({ stdout }: Ending) => JSON.parse(stdout) as { results: CheckedImage[]; firstCatalogs?: string[]; unreadCatalogs?: string[] };
const sources = (ending: Ending) => report(ending).results.map(({ source }) => source);

describe('a parameter of the app', () => {
  test('is checked as the app deploys it first, and that is said', async () => {
    synthesize((stack, one) => {
      const list = new ssm.StringListParameter(stack, 'TeamImages', { stringListValue: [image('1.0.0'), image('1.1.0')] });
      one.addCatalog('Teams', ImageCatalog.fromParameter(list), { shards: 2 });
    });
    const ending = await check();
    expect(ending.code).toBe(0);
    expect(ending.stderr).toContain('2 images: 2 to copy');
    expect(ending.stderr).toContain('the catalog ssm:${Images/TeamImages} was checked as the app first deploys it, and may have changed since; check its current list with --catalog FILE\n');
    const json = await check('--json');
    expect(sources(json).sort()).toEqual([image('1.0.0'), image('1.1.0')]);
    expect(report(json)).toMatchObject({ firstCatalogs: ['ssm:${Images/TeamImages}'] });
    expect(report(json)).not.toHaveProperty('unreadCatalogs');
  });

  test('has its name where the app chooses it, and may hold a document', async () => {
    synthesize((stack, one) => {
      const list = new ssm.StringParameter(stack, 'TeamImages', { parameterName: '/platform/images', stringValue: JSON.stringify({ images: [{ image: image('1.0.0'), owner: 'team-app' }] }) });
      one.addCatalog('Teams', ImageCatalog.fromParameter(list));
    });
    const ending = await check('--json');
    expect(report(ending)).toMatchObject({ results: [{ source: image('1.0.0'), owner: 'team-app' }], firstCatalogs: ['ssm:/platform/images'] });
  });

  test('may be in another stack, and each stage has its own', async () => {
    const app = new App({ outdir: output, context: PATHS });
    for (const [name, account, tag] of [['Test', '111122223333', '1.0.0'], ['Production', '444455556666', '1.1.0']]) {
      const stage = new Stage(app, name, { env: { account, region: 'eu-west-1' } });
      const list = new ssm.StringListParameter(new Stack(stage, 'Lists'), 'TeamImages', { parameterName: '/platform/images', stringListValue: [image(tag)] });
      new ImageMirror(new Stack(stage, 'Images'), 'Mirror').addCatalog('Teams', ImageCatalog.fromParameter(list));
    }
    app.synth();
    const ending = await check('--json');
    expect(report(ending).results.map(({ stack, source }) => [stack, source]).sort()).toEqual([['Production/Images', image('1.1.0')], ['Test/Images', image('1.0.0')]]);
  });

  test('gives way to a file that stands for what it holds now', async () => {
    synthesize((stack, one) => one.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'TeamImages', { stringListValue: [image('1.0.0')] }))));
    const file = path.join(folder, 'now.txt');
    writeFileSync(file, image('1.1.0'));
    const ending = await check('--json', '--catalog', file);
    expect(sources(ending)).toEqual([image('1.1.0')]);
    expect(report(ending)).not.toHaveProperty('firstCatalogs');
  });

  test('that holds no list at first fails by its name, and hides no image', async () => {
    synthesize((stack, one) => {
      one.addImage(image('1.0.0'));
      one.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringParameter(stack, 'TeamImages', { stringValue: '{}' })));
    });
    const ending = await check('--json');
    expect(ending.code).toBe(1);
    expect(report(ending).results.map(({ source, reason }) => [source, reason]).sort()).toEqual([[image('1.0.0'), undefined], ['ssm:${Images/TeamImages}', 'invalid-configuration']]);
  });

  test('with more entries than a build takes has those told that are too many', async () => {
    synthesize((stack, one) => {
      const value = [...Array.from({ length: 499 }, (_, index) => `BAD${index}`), image('1.0.0'), image('1.1.0')].join(',');
      one.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringParameter(stack, 'TeamImages', { stringValue: value, tier: ssm.ParameterTier.ADVANCED })));
    });
    const last = report(await check('--json')).results.filter(({ source }) => source.startsWith(upstream.host));
    expect(last.map(({ source, outcome, message }) => [source, outcome, message])).toEqual([
      [image('1.0.0'), 'copied', undefined], [image('1.1.0'), 'failed', expect.stringContaining('a build mirrors at most 500 entries, and this is number 501; set shards: 2')],
    ]);
  });
});

describe('a list whose place only CloudFormation knows', () => {
  test.each<[string, (stack: Stack, app: App) => ImageCatalog, string]>([
    ['a bucket of the app', (stack) => ImageCatalog.fromBucket(new s3.Bucket(stack, 'Lists'), 'teams/images.yaml'), 's3://${Images/Lists}/teams/images.yaml'],
    ['a bucket of the app with a name', (stack) => ImageCatalog.fromBucket(new s3.Bucket(stack, 'Lists', { bucketName: 'platform-lists' }), 'images.yaml'), 's3://platform-lists/images.yaml'],
    ['a bucket of another stack', (_, app) => ImageCatalog.fromBucket(new s3.Bucket(new Stack(app, 'Others', ENVIRONMENT), 'Lists'), 'images.yaml'), 's3://${Others/Lists}/images.yaml'],
    ['a parameter whose value is a token', (stack) => ImageCatalog.fromParameter(new ssm.StringParameter(stack, 'List', { stringValue: new CfnParameter(stack, 'First').valueAsString })), 'ssm:${Images/List}'],
    ['a parameter whose name is one of the template', (stack) => ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterAttributes(stack, 'List', { parameterName: new CfnParameter(stack, 'Name').valueAsString, simpleName: true })), 'ssm:${Name}'],
  ])('is named, and is no reason to fail: %s', async (_, define, name) => {
    synthesize((stack, one, app) => one.addCatalog('Teams', define(stack, app)));
    const ending = await check('--json');
    expect([ending.code, report(ending).unreadCatalogs]).toEqual([0, [name]]);
    expect(ending.stderr).toContain(`the catalog ${name} is not part of the app; check its images with --catalog FILE`);
  });

  test('is named beside images, which are checked', async () => {
    synthesize((stack, one) => {
      one.addImage(image('1.0.0'));
      one.addCatalog('Teams', ImageCatalog.fromBucket(new s3.Bucket(stack, 'Lists'), 'images.yaml'));
    });
    expect(report(await check('--json'))).toMatchObject({ results: [{ source: image('1.0.0') }], unreadCatalogs: ['s3://${Images/Lists}/images.yaml'] });
  });

  test('is named by its logical id where the template has no paths', async () => {
    const app = new App({ outdir: output });
    const stack = new Stack(app, 'Images', ENVIRONMENT);
    new ImageMirror(stack, 'Mirror').addCatalog('Teams', ImageCatalog.fromBucket(new s3.Bucket(stack, 'Lists'), 'images.yaml'));
    app.synth();
    expect(report(await check('--json')).unreadCatalogs).toEqual([expect.stringMatching(/^s3:\/\/\$\{Lists[0-9A-F]{8}\}\/images\.yaml$/)]);
  });

  test('is what --catalog stands for', async () => {
    synthesize((stack, one) => one.addCatalog('Teams', ImageCatalog.fromBucket(new s3.Bucket(stack, 'Lists'), 'images.yaml')));
    const file = path.join(folder, 'list.txt');
    writeFileSync(file, image('1.0.0'));
    expect(sources(await check('--json', '--catalog', file))).toEqual([image('1.0.0')]);
  });
});

test('the list of the sample app has its two images', () => {
  const app = new App({ outdir: output, context: PATHS });
  new PlatformImages(app, 'PlatformImages');
  app.synth();
  const runs = readSynthesizedBuilds(output, { account: '111122223333', region: 'eu-west-1' });
  const catalogs = new AppCatalogs(output, runs, undefined);
  const planned = runs.filter(({ environment }) => environment.CATALOG !== undefined).flatMap((run) => catalogs.planImages(run, run.environment));
  expect(planned.map((run) => 'configuration' in run && run.configuration.image)).toEqual([
    { registry: 'docker.io', repository: 'grafana/grafana', tag: '11.1.0' }, { registry: 'docker.io', repository: 'library/traefik', tag: 'v3.1' },
  ]);
  expect(catalogs.firstCatalogs).toEqual(['ssm:${PlatformImages/TeamImages}']);
});
