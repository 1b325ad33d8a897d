/**
 * A mirror with catalogs, end to end: a synthesized template, its schedules with their own input, the project's own build commands, the engine,
 * the Parameter Store and Amazon S3, and an Amazon ECR that creates repositories as the template says.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror } from '../../src';
import type { MirrorResult, RunSummary } from '../../src/engine/result';
import { CloudAssembly } from '../support/cloud-assembly';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { LocalCloudFormationApi } from '../support/local-cloud-formation-api';
import { BuildResult, LocalCodeBuild } from '../support/local-code-build';
import { LocalCodeBuildApi } from '../support/local-code-build-api';
import { LocalLambda } from '../support/local-lambda';
import { LocalProvider } from '../support/local-provider';
import { buildSchedules } from '../support/local-scheduler';
import { creationTemplates, templateRepositories } from '../support/template-repositories';
import { Deployment, stackId, TemplateResolver } from '../support/template-resolver';
import { withAppFolder } from '../support/with-app-folder';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'eu-west-1', urlSuffix: 'amazonaws.com' };
const STACK_ID = stackId(DEPLOYMENT, 'DeployedStack');
const image = (name: string) => `${UPSTREAM}/team/${name}`;

const folder = withAppFolder();
let account: LocalAccount;
let assembly: CloudAssembly;
let template: TemplateResolver;
let codeBuild: LocalCodeBuild;

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

async function deploy(define: (stack: Stack, mirror: ImageMirror) => void): Promise<void> {
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Platform');
  define(stack, new ImageMirror(stack, 'Mirror'));
  app.synth();
  assembly = new CloudAssembly(join(folder, 'cdk.out'));
  template = await assembly.template('Platform', DEPLOYMENT);
  account = await LocalAccount.open(templateRepositories(template), { creationTemplates: creationTemplates(template) });
  for (const [location, bytes] of await assembly.assetFiles(DEPLOYMENT)) account.objects.objects.set(location, bytes);
  codeBuild = new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine: account.machine() });
}

/** Lets the time of every schedule come once. */
async function runAll(): Promise<BuildResult[]> {
  const builds: BuildResult[] = [];
  for (const { projectId, input } of buildSchedules(template)) builds.push(await codeBuild.build(projectId, input));
  return builds;
}

const linesOf = ({ stdout }: BuildResult) => stdout.map((line) => JSON.parse(line) as MirrorResult & RunSummary);

function publish(...names: string[]): void {
  for (const name of names) {
    const [repository, tag] = name.split(':');
    account.upstream.push(`team/${repository}`, tag, singleImage({ seed: name }));
  }
}

/** Where the images are, by their names and tags. */
function mirrored(): string[] {
  return account.ecr.repositoryNames.flatMap((name) => [...account.ecr.repository(name).tags.keys()].map((tag) => `${name.replace(`${UPSTREAM}/team/`, '')}:${tag}`)).sort();
}

test('a parameter is mirrored as it is when the build starts, without another deployment', async () => {
  await deploy((stack, mirror) => {
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')));
  });
  publish('a:1.0.0', 'b:stable', 'c:2.0.0');
  account.parameters.parameters.set('/platform/images', { value: image('a:1.0.0') });
  expect((await runAll()).map(({ status }) => status)).toEqual(['SUCCEEDED']);
  account.parameters.parameters.set('/platform/images', { value: [image('a:1.0.0'), image('b:stable'), image('c:2.0.0')].join(',') });
  const [build] = await runAll();
  expect(build.status).toBe('SUCCEEDED');
  expect(linesOf(build).at(-1)).toMatchObject({ images: { copied: 2, unchanged: 1 } });
  expect(mirrored()).toEqual(['mirror-floating/b:stable', 'mirror/a:1.0.0', 'mirror/c:2.0.0']);
});

test('one image in a parameter is told in the log by its name', async () => {
  await deploy((stack, mirror) => {
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')));
  });
  publish('a:1.0.0');
  account.parameters.parameters.set('/platform/images', { value: image('a:1.0.0') });
  const [build] = await runAll();
  expect(linesOf(build)[0].source).toBe(image('a:1.0.0'));
});

test('an object of a bucket is mirrored in shards, each image once', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `app${index}:1.0.0`);
  await deploy((stack, mirror) => {
    mirror.addCatalog('Teams', ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'Lists', 'lists'), 'platform/images.yaml'), { shards: 3 });
  });
  publish(...names);
  account.objects.objects.set('lists/platform/images.yaml', ['images:', ...names.map((name) => `  - ${image(name)}`)].join('\n'));
  const builds = await runAll();
  expect(builds.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  const told = builds.flatMap((build) => linesOf(build).at(-1)!.results);
  expect(told.map(({ source, outcome }) => [source, outcome]).sort()).toEqual(names.map((name) => [image(name), 'copied']));
  expect(mirrored()).toEqual(names.map((name) => `mirror/${name}`));
});

test('a file of the app is mirrored from the asset that the deployment uploads', async () => {
  const file = join(folder, 'images.json');
  await writeFile(file, JSON.stringify({ images: [{ image: image('a'), tags: { semver: '^1' }, owner: 'team-a' }] }));
  await deploy((_, mirror) => mirror.addCatalog('Teams', ImageCatalog.fromFile(file)));
  publish('a:1.0.0', 'a:1.1.0', 'a:2.0.0');
  const [build] = await runAll();
  expect(build.status).toBe('SUCCEEDED');
  expect(linesOf(build).slice(0, -1).map(({ owner }) => owner)).toEqual(['team-a', 'team-a']);
  expect(mirrored()).toEqual(['mirror/a:1.0.0', 'mirror/a:1.1.0']);
});

test('a build fails when an entry does, and mirrors the others', async () => {
  await deploy((stack, mirror) => {
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')));
  });
  publish('a:1.0.0');
  account.parameters.parameters.set('/platform/images', { value: `${image('a:1.0.0')},${image('gone:1.0.0')},Bad` });
  const [build] = await runAll();
  expect([build.status, build.exitCode]).toEqual(['FAILED', 1]);
  expect(linesOf(build).at(-1)).toMatchObject({ images: { copied: 1, failed: 2 } });
  expect(account.events.events.map(({ detailType }) => detailType).sort()).toEqual(['Image Mirror Failed', 'Image Mirror Failed', 'Image Mirrored']);
});

test('a deployment starts the first run of each shard, and is done', async () => {
  await deploy((stack, mirror) => {
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')), { shards: 2 });
  });
  publish('a:1.0.0', 'b:1.0.0');
  account.parameters.parameters.set('/platform/images', { value: `${image('a:1.0.0')},${image('b:1.0.0')},Bad` });
  const api = await new LocalCodeBuildApi(codeBuild).start();
  const cloudFormation = await new LocalCloudFormationApi().start();
  cloudFormation.statuses.set(STACK_ID, 'CREATE_IN_PROGRESS');
  const machine = { AWS_ENDPOINT_URL_CODEBUILD: api.url, AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url };
  const provider = new LocalProvider(new LocalLambda({ assembly, template, deployment: DEPLOYMENT, machine }), template);
  const [id] = template.ids('Custom::ImageMirror');
  const answer = await provider.request({ RequestType: 'Create', RequestId: 'r', StackId: STACK_ID, LogicalResourceId: id, ResourceProperties: template.properties(id) });
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
  await api.settled();
  expect(api.builds.map(({ input }) => Object.fromEntries(input.environmentVariablesOverride!.map(({ name, value }) => [name, value])))).toEqual([
    { CATALOG: 'ssm:/platform/images', SHARD: '1/2' }, { CATALOG: 'ssm:/platform/images', SHARD: '2/2' },
  ]);
  expect(mirrored()).toEqual(['mirror/a:1.0.0', 'mirror/b:1.0.0']);
  await Promise.all([api.close(), cloudFormation.close()]);
});
