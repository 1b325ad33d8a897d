import { App, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, MirroredImage } from '../../src';

let stack: Stack;
let mirror: ImageMirror;

beforeEach(() => {
  stack = new Stack(new App(), 'Platform');
  mirror = new ImageMirror(stack, 'Mirror');
});

const REFUSED = '"quay.io/prometheus/prometheus:v2.53.0" and "docker.io/prom/prometheus:v2.52.0" are different upstream images, and both use the repository '
  + '"mirror/prom/prometheus"; set another repositoryName for one of them, or the same repositoryName for both to share it';

test('an image with a chosen repository cannot use the derived repository of another image', () => {
  mirror.addImage('prom/prometheus:v2.52.0');
  expect(() => mirror.addImage('quay.io/prometheus/prometheus:v2.53.0', { repositoryName: 'mirror/prom/prometheus' })).toThrow(REFUSED);
});

test('an image cannot use its derived repository when another image has chosen it', () => {
  mirror.addImage('quay.io/prometheus/prometheus:v2.53.0', { repositoryName: 'mirror/prom/prometheus' });
  const add = () => mirror.addImage('prom/prometheus:v2.52.0');
  expect(add).toThrow('"docker.io/prom/prometheus:v2.52.0" and "quay.io/prometheus/prometheus:v2.53.0" are different upstream images');
});

test('an image of another stack cannot use the derived repository of another image', () => {
  mirror.addImage('prom/prometheus:v2.52.0');
  const props = { mirror, image: 'quay.io/prometheus/prometheus:v2.53.0', repositoryName: 'mirror/prom/prometheus' };
  expect(() => new MirroredImage(new Stack(stack.node.root as App, 'Team'), 'Image', props)).toThrow(/different upstream images|in two stacks/);
});

test('a customized image cannot use the custom repository of another image', () => {
  const dockerfileLines = ['ENV A=1'];
  mirror.addImage('team/web:1.0.0', { dockerfileLines });
  const add = () => mirror.addImage('quay.io/team/web:2.0.0', { repositoryName: 'team/web', dockerfileLines });
  expect(add).toThrow('are different upstream images, and both use the repository "mirror/custom/team/web"');
});

test('images share a repository that the app chose for both', () => {
  mirror.addImage('prom/prometheus:v2.52.0', { repositoryName: 'platform/prometheus' });
  mirror.addImage('quay.io/prometheus/prometheus:v2.53.0', { repositoryName: 'platform/prometheus' });
  const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'platform/web');
  mirror.addImage('nginx:1.27.0', { repository });
  mirror.addImage('httpd:2.4.60', { repository });
});

test('tags of one upstream repository share their repository', () => {
  mirror.addImage('nginx:1.27.0');
  mirror.addImage('docker.io/library/nginx:stable');
  mirror.addImage('nginx:1.28.0', { repositoryName: 'mirror/nginx' });
});
