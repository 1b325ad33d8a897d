import * as fc from 'fast-check';
import { planBuilds } from '../../src/codebuild/start-builds';

const images = (count: number, name = 'docker.io/library/app') => Array.from({ length: count }, (_, index) => ({ IMAGE: `${name}${index}:1.0.0` }));

test('a few images are one build, in their order', () => {
  expect(planBuilds([{ IMAGE: 'redis:7' }, { IMAGE: 'nginx', TAGS: '{"patterns":["*"]}' }], 60)).toEqual([
    { value: '[{"IMAGE":"redis:7"},{"IMAGE":"nginx","TAGS":"{\\"patterns\\":[\\"*\\"]}"}]', images: ['redis:7', 'nginx'] },
  ]);
});

test('no images are no build', () => {
  expect(planBuilds([], 60)).toEqual([]);
});

test('a build gets one image for each minute that it may take', () => {
  expect(planBuilds(images(40), 15).map((build) => build.images.length)).toEqual([15, 15, 10]);
});

test('a build of less than a minute gets an image all the same', () => {
  expect(planBuilds(images(2), 0.5)).toHaveLength(2);
});

test('a list that would be longer than 4,000 characters is divided', () => {
  const builds = planBuilds(images(100, `docker.io/${'a'.repeat(80)}/app`), 1000);
  expect(builds.length).toBeGreaterThan(1);
  for (const { value } of builds) expect(value.length).toBeLessThanOrEqual(4000);
});

test('an image that is longer than that by itself is a build by itself', () => {
  const long = { IMAGE: 'nginx', TAGS: 'x'.repeat(5000) };
  expect(planBuilds([{ IMAGE: 'redis:7' }, long, { IMAGE: 'alpine:3' }], 60).map((build) => build.images)).toEqual([['redis:7'], ['nginx'], ['alpine:3']]);
});

test('a catalog is a build by itself, with its own variables', () => {
  const shard = (SHARD: string) => ({ CATALOG: 'ssm:/platform/images', SHARD });
  expect(planBuilds([shard('1/2'), { IMAGE: 'redis:7' }, shard('2/2')], 60)).toEqual([
    { value: '[{"IMAGE":"redis:7"}]', images: ['redis:7'] },
    { value: '', variables: shard('1/2'), images: ['ssm:/platform/images'] },
    { value: '', variables: shard('2/2'), images: ['ssm:/platform/images'] },
  ]);
});

test('whatever the images, each is in one build, in order, and the value is JSON', () => {
  const image = fc.record({ IMAGE: fc.string(), TAGS: fc.string({ maxLength: 3000 }) }, { requiredKeys: ['IMAGE'] });
  fc.assert(fc.property(fc.array(image), fc.integer({ min: 1, max: 30 }), (given, minutes) => {
    const builds = planBuilds(given, minutes);
    expect(builds.flatMap(({ value }) => JSON.parse(value))).toEqual(given);
    expect(builds.flatMap((build) => build.images)).toEqual(given.map(({ IMAGE }) => IMAGE));
    for (const build of builds) expect(build.images.length).toBeLessThanOrEqual(minutes);
  }));
});
