import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lazy } from 'aws-cdk-lib';
import { ImageLock } from '../../src';
import { withEnvironment } from '../support/with-environment';
import { withFolder } from '../support/with-folder';

const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => `sha256:${digit.repeat(64)}`);
const folder = withFolder();
const file = join(folder, 'images.lock.json');

const write = (images: object) => writeFileSync(file, JSON.stringify({ version: 1, images }));

const lockOf = (images: Record<string, string>) => {
  write(Object.fromEntries(Object.entries(images).map(([image, digest]) => [image, { digest }])));
  return ImageLock.fromFile(file);
};

test('an image has the digest of its tag', () => {
  const lock = lockOf({ 'docker.io/library/nginx:stable': ONE, 'docker.io/library/nginx:stable-alpine': TWO });
  expect(lock._digests('docker.io/library/nginx:stable')).toEqual({ stable: ONE });
});

test('a repository has the digests of all its tags, and not those of a repository with a longer name', () => {
  const lock = lockOf({
    'docker.io/library/redis:7.4.0': TWO, 'docker.io/library/redis:7.2.5': ONE, 'docker.io/library/redis-x:7': THREE, 'quay.io/library/redis:7': THREE,
  });
  expect(Object.entries(lock._digests('docker.io/library/redis')!)).toEqual([['7.2.5', ONE], ['7.4.0', TWO]]);
});

test('a registry with a port is not a repository with a tag', () => {
  expect(lockOf({ 'localhost:5000/app:1': ONE })._digests('localhost:5000/app')).toEqual({ 1: ONE });
});

test.each(['docker.io/library/nginx:1', 'docker.io/library/redis', 'quay.io/library/nginx:stable'])('%s has no digest without an entry', (source) => {
  expect(lockOf({ 'docker.io/library/nginx:stable': ONE })._digests(source)).toBeUndefined();
});

test('an image with a digest is its own lock, under its tag in the mirror', () => {
  const lock = lockOf({ 'docker.io/library/nginx:stable': ONE });
  expect(lock._digests(`docker.io/library/nginx:stable@${ONE}`)).toEqual({ stable: ONE });
  expect(lock._digests(`docker.io/library/redis:7@${TWO}`)).toEqual({ 7: TWO });
  expect(lock._digests(`docker.io/library/nginx@${TWO}`)).toEqual({ 'digest-222222222222': TWO });
});

test('an image with another digest than the file is an error', () => {
  const lock = lockOf({ 'docker.io/library/nginx:stable': ONE });
  expect(() => lock._digests(`docker.io/library/nginx:stable@${TWO}`)).toThrow(`which has ${ONE}; remove the digest of the image, or remove the image`);
});

test('a missing file is an error with the command that writes it', () => {
  expect(() => ImageLock.fromFile(join(folder, 'no.json'))).toThrow(/^the lock file ".*no\.json" is not a file in ".*"; write it with "npx cdk-ecr-mirror lock --file .*no\.json IMAGE\.\.\."/);
});

test('a folder is an error', () => {
  mkdirSync(file);
  expect(() => ImageLock.fromFile(file)).toThrow('images.lock.json" cannot be read; write it');
});

test('all mistakes of a file are in one error', () => {
  write({ 'nginx:stable': { digest: ONE }, 'quay.io/a/b:1': { digest: 'latest' } });
  expect(() => ImageLock.fromFile(file)).toThrow(/has 2 mistakes:\n {2}- "nginx:stable" is not in its full spelling.*\n {2}- "quay\.io\/a\/b:1": "latest" is not a valid digest/);
});

test('one mistake has no list', () => {
  writeFileSync(file, '{');
  expect(() => ImageLock.fromFile(file)).toThrow(/^the lock file ".*" is not valid: it is not a JSON object/);
});

test('an error lists ten mistakes at most', () => {
  write(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`nginx:${index}`, { digest: ONE }])));
  expect(() => ImageLock.fromFile(file)).toThrow(/has 12 mistakes:(?:\n.*){10}\n {2}- and 2 more$/);
});

describe('with CDK_ECR_MIRROR_LOCK=ADD', () => {
  withEnvironment();
  beforeEach(() => { process.env.CDK_ECR_MIRROR_LOCK = 'ADD'; });

  test('images without an entry have a digest that no image has, so that the app can be synthesized', () => {
    const lock = ImageLock.fromFile(join(folder, 'no.json'));
    const none = `sha256:${'0'.repeat(64)}`;
    expect([lock._digests('quay.io/a/b:1'), lock._digests('quay.io/a/b')]).toEqual([{ 1: none }, { latest: none }]);
  });

  test('locked images have their digests, and mistakes of the file are errors', () => {
    expect(lockOf({ 'docker.io/library/nginx:stable': ONE })._digests('docker.io/library/nginx:stable')).toEqual({ stable: ONE });
    write({ 'nginx:stable': { digest: ONE } });
    expect(() => ImageLock.fromFile(file)).toThrow('is not valid');
  });
});

test('a path that is known only at deployment is an error', () => {
  expect(() => ImageLock.fromFile(Lazy.string({ produce: () => file }))).toThrow('the path of a lock file must be known at synthesis');
});
