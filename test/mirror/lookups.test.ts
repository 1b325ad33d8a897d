/** Lookups of the CDK: the first pass has dummy values and must succeed, so that the second pass has the real ones. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageMirror, RegistryCredentials, TagFilter } from '../../src';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const NAMES = ['/platform/images', 'tag', '/Tag_1.x', '/registry', '/prefix', '/digest'];
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

interface Lookup { (name: string, defaultValue?: string): string }

/** Synthesizes an app as the CDK CLI does: once without values, and again with the values that the first pass asked for. */
function synthesize(values: { readonly [name: string]: string }, define: (stack: Stack, lookup: Lookup) => void) {
  const pass = (context: { readonly [key: string]: unknown }) => {
    const app = new App({ context });
    const stack = new Stack(app, 'Platform', { env: ENV });
    define(stack, (name, defaultValue) => ssm.StringParameter.valueFromLookup(stack, name, defaultValue));
    return { assembly: app.synth(), stack };
  };
  const missing = pass({}).assembly.manifest.missing ?? [];
  const valueOf = ({ props }: (typeof missing)[number]) => values[(props as unknown as { readonly parameterName: string }).parameterName];
  const second = pass(Object.fromEntries(missing.map((lookup) => [lookup.key, valueOf(lookup)])));
  expect([missing.length > 0, second.assembly.manifest.missing]).toEqual([true, undefined]);
  return Template.fromStack(second.stack);
}

const imagesOf = (template: Template) => Object.values(template.findResources('AWS::Scheduler::Schedule'))
  .map(({ Properties }) => /^Mirrors ([^ ,]+)/.exec((Properties as { readonly Description: string }).Description)?.[1]).sort();
const repositoriesOf = (template: Template) => Object.values(template.findResources('AWS::ECR::Repository')).map(({ Properties }) => (Properties as { readonly RepositoryName: string }).RepositoryName).sort();
const NGINX = 'docker.io/library/nginx';

test.each<[string, { readonly [name: string]: string }, (stack: Stack, lookup: Lookup) => void, string[]]>([
  ['the list of images', { [NAMES[0]]: 'nginx:stable,quay.io/a/b:1' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: lookup(NAMES[0]).split(',') });
    new ecs.FargateTaskDefinition(stack, 'Task').addContainer('web', { image: mirror.image('nginx:stable').toContainerImage() });
  }, [`${NGINX}:stable`, 'quay.io/a/b:1']],
  ['the list of images, filtered', { [NAMES[0]]: 'nginx:stable,redis:7' }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror', { images: lookup(NAMES[0]).split(',').filter((image) => image.startsWith('nginx')) });
  }, [`${NGINX}:stable`]],
  ['the list of images, with a default', { [NAMES[0]]: 'nginx:stable' }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror', { images: lookup(NAMES[0], 'redis:7').split(',') }).image('nginx:stable');
  }, [`${NGINX}:stable`]],
  ['a tag', { [NAMES[1]]: '1.27.0' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: [`nginx:${lookup(NAMES[1])}`] });
    expect(mirror.image(`nginx:${lookup(NAMES[1])}`)).toBe(mirror.images[0]);
  }, [`${NGINX}:1.27.0`]],
  ['several tags of one repository', { [NAMES[1]]: '1.27.0', [NAMES[2]]: '1.26.0' }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror', { images: [`nginx:${lookup(NAMES[1])}`, `nginx:v${lookup(NAMES[2])}-alpine`] });
  }, [`${NGINX}:1.27.0`, `${NGINX}:v1.26.0-alpine`]],
  ['a registry', { [NAMES[3]]: 'quay.io' }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror', { images: [`${lookup(NAMES[3])}/a/b:1`, `${lookup(NAMES[3])}/a/c:1`] });
  }, ['quay.io/a/b:1', 'quay.io/a/c:1']],
  ['a digest', { [NAMES[5]]: DIGEST }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror', { images: [`nginx@${lookup(NAMES[5])}`] }).images[0].imageUriForDigest(lookup(NAMES[5]));
  }, [`${NGINX}@${DIGEST}`]],
  ['an image that addImage() adds, twice', { [NAMES[0]]: 'nginx:stable' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror');
    expect(mirror.addImage(lookup(NAMES[0]))).toBe(mirror.addImage(lookup(NAMES[0])));
  }, [`${NGINX}:stable`]],
  ['two images in one repository', { [NAMES[0]]: 'nginx:1.27.0', [NAMES[1]]: 'redis:7.2.5' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror');
    for (const name of [NAMES[0], NAMES[1]]) mirror.addImage(lookup(name), { repositoryName: 'team/base' });
  }, [`${NGINX}:1.27.0`, 'docker.io/library/redis:7.2.5']],
  ['filters of tags', { [NAMES[1]]: '>=1.25 <2', [NAMES[2]]: '8.*' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.addImage('nginx', { tags: TagFilter.semver(lookup(NAMES[1])) }).imageUriForTag(lookup(NAMES[2]));
    mirror.addImage('redis', { tags: TagFilter.pattern(lookup(NAMES[2]), { exclude: [`${lookup(NAMES[2])}-rc`] }) });
    mirror.addImage('python', { tags: TagFilter.patterns(`${lookup(NAMES[2])}-slim`) });
  }, ['docker.io/library/nginx', 'docker.io/library/python', 'docker.io/library/redis']],
  ['a platform', { [NAMES[1]]: 'linux/arm64' }, (stack, lookup) => {
    new ImageMirror(stack, 'Mirror').addImage('nginx:1.27.0', { platforms: [Platform.custom(lookup(NAMES[1]))] });
  }, [`${NGINX}:1.27.0`]],
])('%s can be looked up', (_, values, define, images) => {
  expect(imagesOf(synthesize(withUsable(values), define))).toEqual(images);
});

/** A pattern is not a tag, so the second pass needs another value where both are wanted. */
const withUsable = (values: { readonly [name: string]: string }) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replace('8.*', '8.2')]));

test.each([
  ['whole', (lookup: Lookup) => lookup('/prefix')], ['in part', (lookup: Lookup) => `mirror/${lookup('/prefix')}`], ['at the start', (lookup: Lookup) => `${lookup('/prefix')}/mirror`],
])('the prefix of repositories can be looked up, %s', (_, prefix) => {
  const template = synthesize({ '/prefix': 'team' }, (stack, lookup) => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx'], repositoryPrefix: prefix(lookup) });
    mirror.addImage('redis', { repositoryName: `${lookup('/prefix')}/redis` });
  });
  expect(repositoriesOf(template)).toEqual([`${prefix(() => 'team')}/nginx`, 'team/redis']);
});

test('accounts, an organization, and the registry of credentials can be looked up', () => {
  const values = { '/accounts': '222233334444,333344445555', '/organization': 'o-abcde12345', '/registry': 'quay.io' };
  const template = JSON.stringify(synthesize(values, (stack, lookup) => {
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'quay');
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['quay.io/a/b:1'], credentials: [RegistryCredentials.fromSecret(lookup('/registry'), secret)] });
    mirror.grantPullToAccounts(lookup('/accounts').split(','));
    mirror.grantPullToOrganization(lookup('/organization'));
  }).toJSON());
  expect(Object.values(values).flatMap((value) => value.split(',')).filter((value) => !template.includes(value))).toEqual([]);
});

test('the second pass refuses a value that is not valid', () => {
  const define = (stack: Stack, lookup: Lookup) => new ImageMirror(stack, 'Mirror', { images: lookup('/images').split(',') });
  expect(() => synthesize({ '/images': 'nginx,https://redis' }, define)).toThrow('invalid image reference "https://redis": remove the scheme');
  expect(() => synthesize({ '/images': 'nginx' }, (stack, lookup) => define(stack, lookup).image('redis'))).toThrow('"redis:latest" is not in the mirror');
});

test('an image that is not in the mirror is an error where nothing is looked up, or only something else', () => {
  const stack = new Stack(new App(), 'Platform', { env: ENV });
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx'] });
  expect(() => mirror.image('redis')).toThrow('"redis:latest" is not in the mirror');
  expect(stack.availabilityZones).not.toHaveLength(0);
  expect(() => mirror.image('redis')).toThrow('"redis:latest" is not in the mirror');
});
