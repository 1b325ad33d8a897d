/**
 * The command `start`, end to end: a synthesized app, the APIs of AWS at their own names behind a proxy, the template's own build commands,
 * the engine, and registries.
 */
import { App, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror } from '../../src';
import type { StartReport } from '../../src/cli/deployed/start-report';
import { Certificates, createCertificates } from '../support/certificate';
import { CloudAssembly } from '../support/cloud-assembly';
import { Ending, runCommand } from '../support/command';
import { DeployedAccount } from '../support/deployed-account';
import { ScriptedBuild } from '../support/deployed-projects-api';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { LocalCodeBuild } from '../support/local-code-build';
import { LoopbackNetwork } from '../support/loopback-network';
import { creationTemplates, templateRepositories } from '../support/template-repositories';
import { Deployment } from '../support/template-resolver';
import { withAppFolder } from '../support/with-app-folder';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'eu-west-1', urlSuffix: 'amazonaws.com' };
const API_HOSTS = ['cloudformation', 'codebuild', 'logs'].map((service) => `${service}.eu-west-1.amazonaws.com`);
const IMAGES = ['a:1.0.0', 'b:1.0.0', 'c:stable'].map((name) => `${UPSTREAM}/team/${name}`);

const folder = withAppFolder();
let certificates: Certificates;
let registries: LocalAccount;
let deployed: DeployedAccount;
let network: LoopbackNetwork;
const running: Promise<unknown>[] = [];

beforeEach(async () => {
  const app = new App({ outdir: folder });
  const mirror = new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images: IMAGES });
  const list = ssm.StringListParameter.fromStringListParameterName(mirror, 'List', '/platform/images');
  mirror.addCatalog('Listed', ImageCatalog.fromParameter(list), { shards: 2 });
  certificates = await createCertificates(API_HOSTS);
  deployed = await DeployedAccount.open({ certificate: certificates.server });
  deployed.deploy(app, DEPLOYMENT);
  const assembly = new CloudAssembly(folder);
  const template = await assembly.template('Platform', DEPLOYMENT);
  registries = await LocalAccount.open(templateRepositories(template), { creationTemplates: creationTemplates(template) });
  network = await new LoopbackNetwork().start();
  const apis = [deployed.cloudFormation, deployed.codeBuild, deployed.logs];
  for (const [index, { port }] of apis.entries()) network.route(API_HOSTS[index], port);
  const codeBuild = new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine: registries.machine() });
  deployed.codeBuild.onStart = (build) => { running.push(run(build, codeBuild)); };
});

afterEach(async () => {
  await Promise.all(running.splice(0));
  expect([...registries.errors(), ...deployed.errors(), ...network.refused]).toEqual([]);
  await Promise.all([registries.close(), deployed.close(), network.close(), certificates.dispose()]);
});

async function run(build: ScriptedBuild, codeBuild: LocalCodeBuild): Promise<void> {
  const environmentVariablesOverride = Object.entries(build.variables).map(([name, value]) => ({ name, value }));
  const [{ logicalId }] = codeBuild.projects();
  const { log, status } = await codeBuild.build(logicalId, { environmentVariablesOverride });
  build.write(...log.trimEnd().split('\n')).end(status);
}

function publish(...images: string[]): void {
  for (const image of images) {
    const [repository, tag] = image.slice(UPSTREAM.length + 1).split(':');
    registries.upstream.push(repository, tag, singleImage({ seed: image }));
  }
}

function start(...words: string[]): Promise<Ending> {
  const aws = Object.entries(deployed.environment()).filter(([name]) => !name.startsWith('AWS_ENDPOINT_URL'));
  return runCommand(['start', ...words], { environment: { ...Object.fromEntries(aws), ...network.environment(certificates.authorityFile) } });
}

test('the images are mirrored, and the results told as the engine tells them', async () => {
  publish(IMAGES[0], IMAGES[2]);
  const { code, stdout, stderr } = await start('--json', ...IMAGES);
  expect(code).toBe(1);
  const { outcome, images, results } = JSON.parse(stdout) as StartReport;
  expect([outcome, images]).toEqual(['failed', { 'copied': 2, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 1 }]);
  const digest = singleImage({ seed: IMAGES[0] }).digest;
  expect(results).toMatchObject([
    { source: IMAGES[0], outcome: 'copied', sourceDigest: digest, targetDigest: digest, blobsCopied: 3, requests: { source: expect.any(Number) } },
    { source: IMAGES[1], outcome: 'failed', reason: 'not-found', message: expect.stringContaining('there is no team/b:1.0.0') },
    { source: IMAGES[2], outcome: 'copied' },
  ]);
  expect(registries.ecr.tagDigest(`mirror/${UPSTREAM}/team/a`, '1.0.0')).toBe(digest);
  expect(stderr).toContain(`mirroring ${IMAGES[0]} to `);
  expect(stderr).not.toMatch(/^\{/m);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('3 images: 2 copied, 1 failed');
});

test('--all mirrors what a catalog lists as well, each image by one of its builds', async () => {
  const listed = ['d:1.0.0', 'e:stable', 'f:2.0.0', 'g:3.0.0'].map((name) => `${UPSTREAM}/team/${name}`);
  publish(...IMAGES, ...listed);
  registries.parameters.parameters.set('/platform/images', { value: listed.join(',') });
  const { code, stdout, stderr } = await start('--all', '--json');
  const { results, builds } = JSON.parse(stdout) as StartReport;
  expect(results!.map(({ source, outcome }) => [source, outcome]).sort()).toEqual([...IMAGES, ...listed].map((image) => [image, 'copied']));
  expect(builds.map(({ status, images }) => [status, images])).toEqual([['SUCCEEDED', IMAGES], ...['1/2', '2/2'].map(() => ['SUCCEEDED', ['ssm:/platform/images']])]);
  expect([code, registries.ecr.tagDigest(`mirror-floating/${UPSTREAM}/team/e`, 'stable')]).toEqual([0, singleImage({ seed: listed[1] }).digest]);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('7 images: 7 copied');
});

test('a list that cannot be read is told by where it should be', async () => {
  const { code, stdout } = await start('ssm:/platform/images', '--json');
  const { results } = JSON.parse(stdout) as StartReport;
  expect([code, results!.map(({ source, outcome, reason }) => [source, outcome, reason])]).toEqual([1, [1, 2].map(() => ['ssm:/platform/images', 'failed', 'not-found'])]);
});
