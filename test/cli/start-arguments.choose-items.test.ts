import type { DeployedCatalog, DeployedImage, DeployedItem } from '../../src/cli/deployed/deployed-items';
import { chooseItems } from '../../src/cli/deployed/start-arguments';
import { parseImageReference } from '../../src/image/image-reference';

const PROJECT = { name: 'project', arn: 'arn:aws:codebuild:eu-west-1:111122223333:project/project', longestBuildMinutes: 59 };
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function image(name: string, variables: Record<string, string> = {}): DeployedImage {
  const { tag, ...reference } = parseImageReference(name);
  return { reference: variables.TAGS === undefined ? { tag, ...reference } : reference, variables: { IMAGE: name, ...variables }, project: PROJECT };
}

function catalog(location: string, variables: Record<string, string> = {}): DeployedCatalog {
  return { location, variables: { CATALOG: location, ...variables }, project: PROJECT };
}

const choose = (items: readonly DeployedItem[], words: readonly string[], all = false) => chooseItems({ stack: 'Images', items }, words, all);
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
  expect(() => choose([image('nginx', FILTER)], ['nginx:latest'])).toThrow('"nginx:latest" is not in the stack "Images", which has "nginx" (with a tag filter)');
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
  const sources = [image('nginx:stable'), catalog('ssm:/platform/images'), image('redis:7')];
  expect(choose(sources, [], true)).toEqual(sources);
});

test('an image that is there under another owner is suggested', () => {
  expect(() => choose([image('grafana/grafana:11.1.0'), image('redis:7')], ['grafana:11.1.0'])).toThrow('which has "grafana/grafana:11.1.0"; for another stack');
});

test('an image that is like none gets all as suggestions, a number of them and how many more', () => {
  const images = Array.from({ length: 30 }, (_, index) => image(`quay.io/team/app${index}:1`));
  expect(() => choose(images, ['nginx'])).toThrow(/which has "quay\.io\/team\/app0:1", .* and 10 more; for another stack/);
  expect(() => choose(images, [])).toThrow(/^name the images and catalogs to start, or use --all; the stack "Images" has "quay\.io\/team\/app0:1", .* and 10 more$/);
});

test('what is no image is told, and a password in it is not', () => {
  expect(() => choose([image('nginx:stable')], ['someone:hunter2@quay.io/a:1'])).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }));
});

test('a variable that CloudFormation alone knows matters only for the image that has it', () => {
  const images = [image('nginx:stable', { REPOSITORY: 'team/\uFFFD' }), image('redis:7')];
  expect(choose(images, ['redis:7'])).toEqual([images[1]]);
  expect(() => choose(images, ['nginx:stable'])).toThrow('cannot start "nginx:stable": its variable REPOSITORY has a token that only CloudFormation can resolve');
});

describe('a catalog', () => {
  const IMAGES = 'ssm:/platform/images';
  const shards = ['1/2', '2/2'].map((SHARD) => catalog(IMAGES, { SHARD }));
  const file = catalog('s3://lists/teams/images.yaml');

  test('is named by where it lies, and is all of its shards', () => {
    const sources = [image('nginx:stable'), shards[0], file, shards[1]];
    expect(choose(sources, [IMAGES])).toEqual(shards);
    expect(choose(sources, ['s3://lists/teams/images.yaml', 'nginx:stable'])).toEqual([sources[0], file]);
  });

  test('is not another one whose name begins or ends in the same way', () => {
    expect(() => choose([catalog(IMAGES)], ['ssm:/platform'])).toThrow('"ssm:/platform" is not in the stack');
    expect(() => choose([catalog(IMAGES)], ['ssm:/platform/images/more'])).toThrow('is not in the stack');
    expect(() => choose([catalog(IMAGES)], ['ssm:images'])).toThrow('is not in the stack');
  });

  test('that is not there gets the others as suggestions, each once', () => {
    expect(() => choose([image('nginx:stable'), ...shards, file], ['ssm:/platform/image'])).toThrow('"ssm:/platform/image" is not in the stack "Images", '
      + 'which has the catalog "s3://lists/teams/images.yaml", the catalog "ssm:/platform/images"; for another stack, use --stack');
  });

  test('that is not there gets the images as suggestions where there is no catalog', () => {
    expect(() => choose([image('nginx:stable')], [IMAGES])).toThrow('"ssm:/platform/images" is not in the stack "Images", which has "nginx:stable"; for');
  });

  test('is suggested to somebody whose image is not there, for it may list that', () => {
    expect(() => choose([image('nginx:stable'), image('redis:7'), file], ['nginx:1.27.0'])).toThrow('which has "nginx:stable", the catalog "s3://lists/teams/images.yaml"; for');
    expect(() => choose([file], ['nginx:1.27.0'])).toThrow('which has the catalog "s3://lists/teams/images.yaml"; for');
  });

  test('is named whatever the number of images', () => {
    const images = Array.from({ length: 30 }, (_, index) => image(`quay.io/team/app${index}:1`));
    expect(() => choose([...images, ...shards], [])).toThrow(/has "quay\.io\/team\/app0:1", .*, the catalog "ssm:\/platform\/images" and 11 more$/);
  });

  test('is one of many catalogs of which an error names some', () => {
    const catalogs = Array.from({ length: 30 }, (_, index) => catalog(`ssm:/team${index}`));
    expect(() => choose([image('nginx:stable'), ...catalogs], [])).toThrow(/has the catalog "ssm:\/team0", .* and 11 more$/);
  });

  test.each([
    ['ssm:\uFFFD', 'ssm:/platform/images', '"ssm:..."'],
    ['s3://\uFFFD/teams/images.yaml', 's3://lists/teams/images.yaml', '"s3://.../teams/images.yaml"'],
    ['s3://assets-\uFFFD-\uFFFD/0123.yaml', 's3://assets-111122223333-eu-west-1/0123.yaml', '"s3://assets-...-.../0123.yaml"'],
  ])('of which CloudFormation alone knows where it lies, %j, is refused by any name that it may have', (location, word, told) => {
    const sources = [catalog(location), image('redis:7')];
    const words = `cannot start the catalog ${told}: its variable CATALOG has a token that only CloudFormation can resolve; wait for its schedule`;
    expect(() => choose(sources, [word])).toThrow(words);
    expect(() => choose(sources, [], true)).toThrow(words);
    expect(choose(sources, ['redis:7'])).toEqual([sources[1]]);
  });

  test('of which CloudFormation alone knows where it lies is not taken for one that it cannot be', () => {
    const unknown = catalog('s3://\uFFFD/teams/images.yaml');
    expect(() => choose([unknown], [IMAGES])).toThrow('"ssm:/platform/images" is not in the stack "Images", which has the catalog "s3://.../teams/images.yaml"');
    expect(() => choose([unknown], ['s3://lists/other.yaml'])).toThrow('is not in the stack');
    expect(choose([unknown, file], ['s3://lists/teams/images.yaml'])).toEqual([file]);
  });
});
