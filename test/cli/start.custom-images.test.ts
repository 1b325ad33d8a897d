/** The command `start` with a mirror that customizes images, as a child process with the real AWS SDK. */
import { App, Stack } from 'aws-cdk-lib';
import { ImageMirror, OnDeploy } from '../../src';
import type { MirrorResult } from '../../src/engine/result';
import { copied, DeployedAccount, resultLines, targetOf } from '../support/deployed-account';
import { ScriptedBuild } from '../support/deployed-projects-api';

const VAULT = 'docker.io/hashicorp/vault:1.14';
const CUSTOM_TARGET = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/custom/hashicorp/vault:1.14-0123456789ab';
const BUILD_ID = 'Custom:00000000-0000-4000-8000-000000000009';

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
  const app = new App();
  const stack = new Stack(app, 'Images', { env: { account: '111122223333', region: 'eu-west-1' } });
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], onDeploy: OnDeploy.OFF }).addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN true'] });
  account.deploy(app);
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

/** Has the mirror's build start one of a customized image, which ends as it is told. */
function customize(end: (build: ScriptedBuild) => void): void {
  account.codeBuild.onStart = (build) => {
    const custom = new ScriptedBuild(BUILD_ID, build.project, {});
    account.codeBuild.builds.push(custom);
    end(custom);
    build.write(...resultLines([{ ...copied(VAULT), customBuilds: [BUILD_ID] }])).end('SUCCEEDED');
  };
}

const built: MirrorResult = { ...copied(VAULT), target: CUSTOM_TARGET, builtFrom: `${targetOf(VAULT)}@sha256:${'a'.repeat(64)}` };

test('finds the only mirror of an account though it has two projects, and hands its build the lines', async () => {
  customize((build) => build.write(...resultLines([built])).end('SUCCEEDED'));
  expect(await account.start(['hashicorp/vault:1.14'])).toMatchObject({ code: 0 });
  expect(account.codeBuild.projects).toHaveLength(2);
  const [{ project, images: [{ IMAGE, CUSTOM_IMAGE }] }] = account.codeBuild.builds;
  expect([IMAGE, JSON.parse(CUSTOM_IMAGE).lines]).toEqual([VAULT, ['RUN true']]);
  expect(project.variables).toHaveProperty('MIRROR_CUSTOM_BUILDS');
});

test('follows the build of the customized image too, and tells what it made', async () => {
  customize((build) => build.write('docker: #9 pushing with docker', ...resultLines([built])).end('SUCCEEDED'));
  const { code, stderr } = await account.start(['hashicorp/vault:1.14']);
  expect(code).toBe(0);
  expect(stderr).toContain(`customized ${VAULT}: docker: #9 pushing with docker`);
  expect(stderr).toContain(`copied   ${CUSTOM_TARGET}`);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('2 images: 2 copied');
});

test('ends with 1 when the image is mirrored and not customized', async () => {
  customize((build) => build.write(...resultLines([{ ...built, outcome: 'failed', reason: 'build-failed', message: 'docker buildx build ended with 1' }])).end('FAILED'));
  const { code, stdout } = await account.start(['--json', 'hashicorp/vault:1.14']);
  const { builds, results } = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(results.map(({ target, outcome, reason }: MirrorResult) => [target, outcome, reason])).toEqual([
    [targetOf(VAULT), 'copied', undefined],
    [CUSTOM_TARGET, 'failed', 'build-failed'],
  ]);
  expect(builds[1]).toMatchObject({ id: BUILD_ID, status: 'FAILED', images: [VAULT] });
});

test('names the image whose customized image a build did not tell of', async () => {
  customize((build) => build.end('STOPPED'));
  const { code, stdout } = await account.start(['--json', 'hashicorp/vault:1.14']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).builds[1]).toMatchObject({ id: BUILD_ID, status: 'STOPPED', images: [VAULT] });
});
