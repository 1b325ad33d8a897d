import { chooseImages } from '../../src/cli/chosen-images';
import type { DeployedImage } from '../../src/cli/deployed-images';
import { parseImageReference } from '../../src/image/image-reference';

const PROJECT = { name: 'project', arn: 'arn:aws:codebuild:eu-west-1:111122223333:project/project', longestBuildMinutes: 59 };
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function image(name: string, variables: Record<string, string> = {}): DeployedImage {
  const { tag, ...reference } = parseImageReference(name);
  return { reference: variables.TAGS === undefined ? { tag, ...reference } : reference, variables: { IMAGE: name, ...variables }, project: PROJECT };
}

const choose = (images: readonly DeployedImage[], words: readonly string[], all = false) => chooseImages({ stack: 'Images', images }, words, all);
const FILTER = { TAGS: '{"patterns":["1.*"]}' };

test('they come in the order of their stack, each once', () => {
  const images = [image('nginx:stable'), image('redis:7'), image('alpine:3')];
  expect(choose(images, ['alpine:3', 'docker.io/nginx:stable', 'nginx:stable'])).toEqual([images[0], images[2]]);
});

test('a name without a tag is that of latest', () => {
  const images = [image('nginx', FILTER), image('nginx:latest')];
  expect(choose(images, ['nginx'])).toEqual([images[1]]);
});

test('where there is no latest, a name without a tag is the repository whose tags a filter selects', () => {
  const images = [image('nginx', FILTER), image('nginx:stable')];
  expect(choose(images, ['nginx'])).toEqual([images[0]]);
});

test('a tag that a filter may select is not the filter', () => {
  expect(() => choose([image('nginx', FILTER)], ['nginx:latest'])).toThrow('"nginx:latest" is not in the stack "Images", which has "nginx" (the tags that its filter selects)');
});

test('a digest is the image whatever tag is beside it', () => {
  const images = [image(`nginx:1.27.0@${DIGEST}`), image('nginx:1.27.0')];
  expect(choose(images, [`nginx@${DIGEST}`])).toEqual([images[0]]);
});

test('a digest of another repository is another image', () => {
  expect(() => choose([image(`nginx@${DIGEST}`)], [`redis@${DIGEST}`])).toThrow('is not in the stack');
});

test('an image that is there twice is started twice, as its schedules would', () => {
  const images = [image('nginx:stable'), image('nginx:stable', { REPOSITORY: 'other/nginx' })];
  expect(choose(images, ['nginx:stable'])).toEqual(images);
});

test('all is all', () => {
  const images = [image('nginx:stable'), image('redis:7')];
  expect(choose(images, [], true)).toEqual(images);
});

test('all and some contradict each other', () => {
  expect(() => choose([image('nginx:stable')], ['nginx:stable'], true)).toThrow('--all starts every image; name none besides');
});

test('an image that is there under another owner is suggested', () => {
  expect(() => choose([image('grafana/grafana:11.1.0'), image('redis:7')], ['grafana:11.1.0'])).toThrow('which has "grafana/grafana:11.1.0"; if another stack');
});

test('an image that is like none gets all as suggestions, a number of them and how many more', () => {
  const images = Array.from({ length: 30 }, (_, index) => image(`quay.io/team/app${index}:1`));
  expect(() => choose(images, ['nginx'])).toThrow(/which has "quay\.io\/team\/app0:1", .* and 10 more; if another stack/);
  expect(() => choose(images, [])).toThrow(/^name the images to start, or --all; the stack "Images" has "quay\.io\/team\/app0:1", .* and 10 more$/);
});

test('what is no image is told, and a password in it is not', () => {
  expect(() => choose([image('nginx:stable')], ['someone:hunter2@quay.io/a:1'])).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }));
});

test('a variable that CloudFormation alone knows matters only for the image that has it', () => {
  const images = [image('nginx:stable', { REPOSITORY: 'team/\uFFFD' }), image('redis:7')];
  expect(choose(images, ['redis:7'])).toEqual([images[1]]);
  expect(() => choose(images, ['nginx:stable'])).toThrow('the variable REPOSITORY of "nginx:stable" is known to CloudFormation only');
});
