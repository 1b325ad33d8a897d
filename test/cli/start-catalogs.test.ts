/** Catalogs of a deployed mirror and the command `start`, as a child process with the real AWS SDK. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Fn, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, MirroredCatalogOptions, OnDeploy, OnTagMoved } from '../../src';
import type { MirrorResult } from '../../src/engine/result';
import { copied, DeployedAccount, missing, NGINX, REDIS, reportOf, resultLines, targetOf } from '../support/deployed-account';

const LIST = 'ssm:/platform/images';
const GRAFANA = 'docker.io/grafana/grafana:11.1.0';
const LISTED: MirrorResult = { ...copied(GRAFANA), owner: 'observability' };

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

/** Adds the catalog of a parameter that is not in the stack. */
function addList(mirror: ImageMirror, options?: MirroredCatalogOptions): void {
  mirror.addCatalog('Platform', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(mirror, 'List', '/platform/images')), options);
}

/** A mirror with two images and a catalog. */
function deployWithList(options?: MirroredCatalogOptions): void {
  account.deployMirror(undefined, (mirror) => addList(mirror, options));
}

/** Has builds of a catalog end with these results, and those of images as they do. */
function list(results: readonly MirrorResult[], status = 'SUCCEEDED'): void {
  const { onStart } = account.codeBuild;
  account.codeBuild.onStart = (build) => {
    if (build.variables.CATALOG === undefined) return onStart(build);
    build.write(`${build.variables.CATALOG} has ${results.length} entries for this build`, ...resultLines(results)).end(status);
  };
}

/** The variables of each build that was started. */
const started = () => account.codeBuild.builds.map(({ variables }) => variables);

/** The input of each schedule of a catalog, as the template has it. */
function scheduled(): Record<string, string>[] {
  const [{ resolver }] = account.cloudFormation.stacks;
  const runs = resolver.ids('AWS::Scheduler::Schedule').map((id): Record<string, string> => {
    const input = JSON.parse(resolver.properties(id).Target.Input) as { environmentVariablesOverride: { name: string; value: string }[] };
    return Object.fromEntries(input.environmentVariablesOverride.map(({ name, value }) => [name, value]));
  });
  return runs.filter(({ CATALOG }) => CATALOG !== undefined);
}

describe('which runs', () => {
  test('--all is every image and every catalog', async () => {
    deployWithList();
    expect((await account.start(['--all', '--no-wait'])).code).toBe(0);
    expect(started()).toEqual([{ IMAGES: JSON.stringify([{ IMAGE: NGINX }, { IMAGE: REDIS }]) }, { CATALOG: LIST }]);
  });

  test('each shard is a build, with the variables that its schedule has', async () => {
    deployWithList({ shards: 3, onTagMoved: OnTagMoved.KEEP });
    const { code, stderr } = await account.start(['--no-wait', LIST]);
    expect(code).toBe(0);
    expect(started()).toEqual(['1/3', '2/3', '3/3'].map((SHARD) => ({ CATALOG: LIST, SHARD, ON_TAG_MOVED: 'KEEP' })));
    expect(started()).toEqual(scheduled());
    expect(stderr.split('\n')[0]).toBe('starting ssm:/platform/images of the stack Images');
  });

  test('a catalog and an image that are named beside each other are both started, and nothing else', async () => {
    account.deployMirror(undefined, (mirror) => {
      addList(mirror);
      mirror.addCatalog('Teams', ImageCatalog.fromBucket(s3.Bucket.fromBucketName(mirror, 'Lists', 'lists'), 'teams/images.yaml'));
    });
    const { code, stderr } = await account.start(['--no-wait', 's3://lists/teams/images.yaml', 'redis:7.4.0']);
    expect(code).toBe(0);
    expect(started()).toEqual([{ IMAGES: JSON.stringify([{ IMAGE: REDIS }]) }, { CATALOG: 's3://lists/teams/images.yaml' }]);
    expect(stderr.split('\n')[0]).toBe('starting redis:7.4.0, s3://lists/teams/images.yaml of the stack Images');
  });

  test('a mirror of nothing but a catalog is one', async () => {
    account.deployMirror({}, (mirror) => addList(mirror));
    expect((await account.start(['--all', '--no-wait'])).code).toBe(0);
    expect(started()).toEqual([{ CATALOG: LIST }]);
  });

  test('two mirrors in one stack start the catalog that both have, each with its own project', async () => {
    account.deployMirror({}, (mirror, app) => {
      addList(mirror);
      addList(new ImageMirror(app.node.findChild('Images') as Stack, 'Second', { onDeploy: OnDeploy.OFF, repositoryPrefix: 'second' }));
    });
    expect((await account.start(['--no-wait', '--stack', 'Images', LIST])).code).toBe(0);
    const { builds, projects } = account.codeBuild;
    expect(builds.map(({ project, variables }) => [project.name, variables])).toEqual(projects.map(({ name }) => [name, { CATALOG: LIST }]));
  });
});

describe('where a catalog lies', () => {
  test.each([['by itself', undefined, /^ssm:List[0-9A-F]+-1A2B3C$/], ['by the app', '/own/images', /^ssm:\/own\/images$/]])(
    'is known of a parameter of the stack that is named %s', async (_, parameterName, location) => {
      account.deployMirror({}, (mirror, app) => {
        const parameter = new ssm.StringListParameter(app.node.findChild('Images') as Stack, 'List', { parameterName, stringListValue: ['nginx:stable'] });
        mirror.addCatalog('Own', ImageCatalog.fromParameter(parameter));
      });
      const [{ CATALOG }] = scheduled();
      expect(CATALOG).toMatch(location);
      expect((await account.start(['--no-wait', CATALOG])).code).toBe(0);
      expect(started()).toEqual([{ CATALOG }]);
    });

  test('is known of an object of a bucket that the stack defines', async () => {
    account.deployMirror({}, (mirror, app) => {
      mirror.addCatalog('Own', ImageCatalog.fromBucket(new s3.Bucket(app.node.findChild('Images') as Stack, 'Lists'), 'images.yaml'));
    });
    const [{ CATALOG }] = scheduled();
    expect(CATALOG).toMatch(/^s3:\/\/Lists[0-9A-F]+-1A2B3C\/images\.yaml$/);
    expect((await account.start(['--no-wait', CATALOG])).code).toBe(0);
    expect(started()).toEqual([{ CATALOG }]);
  });

  test('is the asset of a file of the app, in a stack that is told no account', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'start-catalogs-'));
    try {
      await writeFile(join(folder, 'images.yaml'), 'images: [nginx:stable]');
      const app = new App({ outdir: join(folder, 'cdk.out') });
      new ImageMirror(new Stack(app, 'Images'), 'Mirror', { onDeploy: OnDeploy.OFF }).addCatalog('Own', ImageCatalog.fromFile(join(folder, 'images.yaml')));
      account.deploy(app);
      const [{ CATALOG }] = scheduled();
      expect(CATALOG).toMatch(/^s3:\/\/cdk-hnb659fds-assets-111122223333-eu-west-1\/[0-9a-f]{64}\.yaml$/);
      expect((await account.start(['--no-wait', CATALOG])).code).toBe(0);
      expect(started()).toEqual([{ CATALOG }]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  /** A part of another value, which only CloudFormation takes out of it. */
  const token = () => Fn.select(1, Fn.split('/', Fn.ref('AWS::StackId')));

  test.each<[string, string, (mirror: ImageMirror) => ImageCatalog, string]>([
    ['a parameter', LIST, (mirror) => {
      return ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterAttributes(mirror, 'List', { parameterName: token(), simpleName: true }));
    }, '"ssm:..."'],
    ['a bucket', 's3://lists/images.yaml', (mirror) => ImageCatalog.fromBucket(s3.Bucket.fromBucketName(mirror, 'Lists', token()), 'images.yaml'), '"s3://.../images.yaml"'],
  ])('is known to CloudFormation only of %s behind a token, which is refused by name and with --all', async (_, name, catalog, told) => {
    account.deployMirror(undefined, (mirror) => { mirror.addCatalog('Own', catalog(mirror)); });
    for (const word of [name, '--all']) {
      const { code, stderr } = await account.start([word]);
      expect([code, started()]).toEqual([2, []]);
      expect(stderr.split('\n')[0]).toBe(`error: cannot start the catalog ${told}: its variable CATALOG has a token that only CloudFormation can resolve; wait for its schedule`);
    }
    expect((await account.start(['--no-wait', 'nginx:stable'])).code).toBe(0);
  });
});

describe('an error says what the stack has', () => {
  test.each([
    ['a catalog that is not there', 'ssm:/platform/image', '"ssm:/platform/image" is not in the stack "Images", which has the catalog "ssm:/platform/images"'],
    ['an image that is not there', 'nginx:1.27.0', '"nginx:1.27.0" is not in the stack "Images", which has "nginx:stable", the catalog "ssm:/platform/images"'],
  ])('to %s', async (_, word, message) => {
    deployWithList({ shards: 2 });
    const { code, stdout, stderr } = await account.start([word]);
    expect([code, stdout, started()]).toEqual([2, '', []]);
    expect(stderr.split('\n')[0]).toBe(`error: ${message}; for another stack, use --stack`);
  });

  test('where nothing is named', async () => {
    deployWithList({ shards: 2 });
    const { code, stderr } = await account.start([]);
    expect([code, started()]).toEqual([2, []]);
    expect(stderr.split('\n')[0]).toBe('error: name the images and catalogs to start, or use --all; '
      + 'the stack "Images" has "nginx:stable", "redis:7.4.0", the catalog "ssm:/platform/images"');
  });
});

describe('what is told', () => {
  test('are the results of the images that the catalog turns out to have, in one table with the others', async () => {
    deployWithList();
    list([LISTED]);
    const { code, stdout, stderr } = await account.start(['--all']);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('\nbuild 2 of 2: ssm:/platform/images has 1 entries for this build\n');
    expect(stderr).not.toMatch(/^(build . of 2: )?\{/m);
    for (const image of [NGINX, REDIS, GRAFANA]) expect(stderr).toMatch(new RegExp(`^copied +${targetOf(image)} `, 'm'));
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('3 images: 3 copied');
  });

  test('with --json are all results, with their owners, and of each build where its catalog lies', async () => {
    deployWithList({ shards: 2 });
    list([LISTED]);
    const ending = await account.start(['--json', LIST]);
    expect(ending.code).toBe(0);
    expect(reportOf(ending)).toEqual({
      outcome: 'copied',
      images: { 'copied': 2, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 },
      results: [LISTED, LISTED],
      builds: account.codeBuild.builds.map(({ id }) => ({ id, link: account.linkTo(id), status: 'SUCCEEDED', images: [LIST] })),
    });
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('2 images: 2 copied');
  });

  test('is which image failed, and that the command did', async () => {
    deployWithList();
    list([LISTED, missing(REDIS)], 'FAILED');
    const ending = await account.start(['--json', LIST]);
    expect(ending.code).toBe(1);
    expect(reportOf(ending)).toMatchObject({ outcome: 'failed', results: [LISTED, missing(REDIS)], builds: [{ status: 'FAILED', images: [LIST] }] });
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('2 images: 1 copied, 1 failed');
  });

  test('is one failure of the catalog where its build tells of no image', async () => {
    deployWithList();
    account.codeBuild.onStart = (build) => {
      build.hasStream = false;
      build.end('FAULT', 'PROVISIONING', 'because');
    };
    const ending = await account.start(['--json', LIST]);
    expect(ending.code).toBe(1);
    const message = 'the build failed because of a CodeBuild fault before it reported results for all images of this catalog; PROVISIONING: CLIENT_ERROR: because; it has no log';
    expect(reportOf(ending)).toMatchObject({
      outcome: 'failed',
      images: { failed: 1 },
      results: [{ source: LIST, outcome: 'failed', reason: 'internal-error', message }],
      builds: [{ status: 'FAULT', logProblem: 'it has no log', images: [LIST] }],
    });
    expect(ending.stderr).toMatch(new RegExp(`^failed +${LIST} .*${message}$`, 'm'));
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('1 image: 1 failed');
  });

  test('with --no-wait is each build and its page', async () => {
    deployWithList({ shards: 2 });
    const { code, stdout } = await account.start(['--no-wait', LIST]);
    expect([code, stdout]).toEqual([0, account.codeBuild.builds.map(({ id }) => `${id} ${account.linkTo(id)}\n`).join('')]);
    expect([started().length, account.logs.count()]).toEqual([2, 0]);
  });

  test('with --no-wait and --json is one object', async () => {
    deployWithList();
    const ending = await account.start(['--no-wait', '--json', LIST]);
    const [{ id }] = account.codeBuild.builds;
    expect([ending.code, reportOf(ending)]).toEqual([0, { builds: [{ id, link: account.linkTo(id), status: 'IN_PROGRESS', images: [LIST] }] }]);
  });
});
