import { Annotations as CdkAnnotations, App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, RegistryCredentials, RegistrySettings, TagFilter } from '../../src';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
});

function warnings() {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('Docker Hub')).map(({ id, entry }) => `${id} ${String(entry.data)}`);
}

function images(count: number, registry = '') {
  return Array.from({ length: count }, (_, index) => `${registry}team/app${index}:1.0.0`);
}

test('warns once, with the numbers and the remedy, when the first run would exceed what Docker Hub gives without credentials', () => {
  new ImageMirror(stack, 'Mirror', { images: images(13) });
  expect(warnings()).toEqual([
    '/Stack/Mirror/Project the first copies of 13 images from Docker Hub need about 104 pulls (one for each platform, 8 platforms assumed where none are set), '
    + 'but Docker Hub allows 100 in 6 hours without credentials; '
    + 'set credentials: [RegistryCredentials.dockerHub(secret)], or mirror fewer images from Docker Hub [ack: cdk-ecr-mirror:ImageMirror.dockerHubBudget]',
  ]);
});

test('counts the images that are added later', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: images(13) });
  mirror.addImage('redis:7');
  expect(warnings()).toEqual([expect.stringContaining('14 images from Docker Hub need about 112 pulls')]);
});

test('counts the platforms that are chosen instead of the assumed ones', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: images(12) });
  const platforms = [ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64];
  mirror.addImage('nginx:stable', { platforms });
  mirror.addImage('redis:7', { platforms });
  expect(warnings()).toEqual([]);
  mirror.addImage('httpd:2.4', { platforms: [ecr_assets.Platform.LINUX_AMD64] });
  expect(warnings()).toEqual([expect.stringContaining('15 images from Docker Hub need about 101 pulls')]);
});

test('counts as many tags as a filter selects at most', () => {
  const mirror = new ImageMirror(stack, 'Mirror');
  mirror.addImage('nginx', { tags: TagFilter.semver('*', { latest: 12 }) });
  expect(warnings()).toEqual([]);
  mirror.addImage('redis', { tags: TagFilter.pattern('7.*', { latest: 1 }) });
  expect(warnings()).toEqual([expect.stringContaining('13 images from Docker Hub need about 104 pulls')]);
});

test('leaves filters without a limit out, and says so when it warns', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: images(12) });
  mirror.addImage('nginx', { tags: TagFilter.semver('*') });
  mirror.addImage('redis', { tags: TagFilter.pattern('7*') });
  expect(warnings()).toEqual([]);
  mirror.addImage('httpd:2.4');
  expect(warnings()).toEqual([expect.stringContaining('where none are set; tag filters without latest are not counted)')]);
});

test('says nothing within the budget', () => {
  new ImageMirror(stack, 'Mirror', { images: images(12) });
  expect(warnings()).toEqual([]);
});

test('subtracts the pulls that are reserved for others', () => {
  const registries = [RegistrySettings.of('docker.io', { reservedPulls: 5 })];
  new ImageMirror(stack, 'Mirror', { images: images(11), registries });
  expect(warnings()).toEqual([]);
  new ImageMirror(stack, 'Others', { images: images(12), registries, repositoryPrefix: 'others' });
  expect(warnings()).toEqual([expect.stringContaining('Docker Hub allows 100 in 6 hours without credentials, and reservedPulls leaves 5 of them to others; set credentials')]);
});

test('warns when no pull is left for the mirror, and not without images of Docker Hub', () => {
  const registries = [RegistrySettings.of('docker.io', { reservedPulls: 100_000 })];
  new ImageMirror(stack, 'Mirror', { images: images(1), registries });
  new ImageMirror(stack, 'Others', { images: images(1, 'quay.io/'), registries, repositoryPrefix: 'others' });
  expect(warnings()).toEqual([expect.stringContaining('/Stack/Mirror/Project')]);
});

test('says nothing about other registries', () => {
  new ImageMirror(stack, 'Mirror', { images: images(50, 'quay.io/') });
  expect(warnings()).toEqual([]);
});

test('says nothing with credentials for Docker Hub', () => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'docker-hub');
  new ImageMirror(stack, 'Mirror', { images: images(50), credentials: [RegistryCredentials.dockerHub(secret)] });
  expect(warnings()).toEqual([]);
});

test('warns with credentials for another registry alone', () => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'github');
  new ImageMirror(stack, 'Mirror', { images: images(13), credentials: [RegistryCredentials.github(secret)] });
  expect(warnings()).toHaveLength(1);
});

test('warns with credentials for another namespace of Docker Hub, and not for the images of that namespace', () => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'docker-hub');
  const credentials = [RegistryCredentials.fromSecret('docker.io/acme', secret)];
  new ImageMirror(stack, 'Mirror', { images: images(50, 'acme/'), credentials });
  expect(warnings()).toEqual([]);
  new ImageMirror(stack, 'Others', { images: images(13), credentials, repositoryPrefix: 'others' });
  expect(warnings()).toHaveLength(1);
});

test('is silent once acknowledged', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: images(13) });
  CdkAnnotations.of(mirror).acknowledgeWarning('cdk-ecr-mirror:ImageMirror.dockerHubBudget');
  expect(warnings()).toEqual([]);
});
