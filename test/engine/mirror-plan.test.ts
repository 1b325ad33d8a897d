import * as fc from 'fast-check';
import { MirrorError } from '../../src/engine/mirror-error';
import { needsSummary, readMirrorPlan } from '../../src/engine/mirror-plan';

const PROJECT = { MIRROR_REGISTRY: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', MIRROR_REPOSITORY_PREFIX: 'platform' };

const planOf = (IMAGES: unknown, more: NodeJS.ProcessEnv = {}) => readMirrorPlan({ ...PROJECT, IMAGES: typeof IMAGES === 'string' ? IMAGES : JSON.stringify(IMAGES), ...more });

/** The requests of a plan, none of whose entries selects tags. */
const requestsOf = (...given: Parameters<typeof planOf>) => planOf(...given).images.map((planned) => {
  if (!('configuration' in planned)) throw new Error(JSON.stringify(planned));
  return planned.configuration.requestFor(planned.configuration.image);
});

function refusalOf(...given: Parameters<typeof planOf>): MirrorError {
  try {
    planOf(...given);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('without IMAGES', () => {
  test('IMAGE is the only run, and nothing sums it up', () => {
    const { images, hasSummary } = readMirrorPlan({ ...PROJECT, IMAGE: 'nginx:stable' });
    expect([images, hasSummary]).toMatchObject([[{ configuration: { image: { repository: 'library/nginx', tag: 'stable' } } }], false]);
  });

  test('a selection of tags is one run, and is summed up', () => {
    const { images, hasSummary } = readMirrorPlan({ ...PROJECT, IMAGE: 'nginx', TAGS: '{"patterns":["*"]}' });
    expect([images, hasSummary]).toMatchObject([[{ configuration: { tags: { patterns: ['*'] } } }], true]);
  });

  test.each([undefined, ''])('%j as IMAGES is as good as none', (IMAGES) => {
    expect(readMirrorPlan({ ...PROJECT, IMAGE: 'nginx', IMAGES }).images).toHaveLength(1);
  });

  test('an image that is none is refused', () => {
    expect(() => readMirrorPlan({ ...PROJECT, IMAGE: 'Nginx' })).toThrow(MirrorError);
  });
});

describe('IMAGES', () => {
  test('is a run for each entry, in its order, and is summed up', () => {
    const plan = planOf([{ IMAGE: 'redis:7' }, { IMAGE: 'nginx:stable' }]);
    expect(plan.hasSummary).toBe(true);
    expect(requestsOf([{ IMAGE: 'redis:7' }, { IMAGE: 'nginx:stable' }]).map(({ target }) => target.repository)).toEqual(['platform/redis', 'platform/nginx']);
  });

  test('is summed up even with one entry', () => {
    expect(planOf([{ IMAGE: 'redis:7' }]).hasSummary).toBe(true);
  });

  test('takes each variable of a run from the entry, and from no other entry', () => {
    const [redis, nginx] = requestsOf([
      { IMAGE: 'redis:7', REPOSITORY: 'cache/redis', TAG_KIND: 'fixed', ON_TAG_MOVED: 'KEEP', PLATFORMS: 'linux/arm64', REFERRERS: 'false' },
      { IMAGE: 'nginx:stable' },
    ]);
    expect(redis).toMatchObject({ target: { repository: 'cache/redis' }, kind: 'fixed', onTagMoved: 'KEEP', platforms: [{ os: 'linux', architecture: 'arm64' }], referrers: false });
    expect(nginx).toMatchObject({ target: { repository: 'platform/nginx' }, kind: 'floating', onTagMoved: 'FAIL', referrers: true });
    expect(nginx.platforms).toBeUndefined();
  });

  test.each<[string, Record<string, string>, string, string]>([
    ['an image that is none', { IMAGE: 'Nginx:stable' }, 'invalid-reference', 'Nginx:stable'],
    ['a kind that is none', { IMAGE: 'nginx', TAG_KIND: 'solid' }, 'invalid-configuration', 'nginx'],
    ['a selection with a tag', { IMAGE: 'nginx:1', TAGS: '{"patterns":["*"]}' }, 'invalid-reference', 'nginx:1'],
    ['an image that is no text of an image', { IMAGE: '{"password":"hunter2"}' }, 'invalid-reference', 'IMAGES, entry 2'],
    ['a password', { IMAGE: 'someone:hunter2@quay.io/a/b' }, 'invalid-reference', '(removed)'],
  ])('with %s in an entry tells so under its name, and keeps the others', (_, entry, reason, name) => {
    const { images } = planOf([{ IMAGE: 'redis:7' }, entry, { IMAGE: 'alpine:3' }]);
    expect(images.map((planned) => 'result' in planned)).toEqual([false, true, false]);
    expect(images[1]).toMatchObject({ result: { outcome: 'failed', reason, target: '', message: expect.any(String) } });
    const text = JSON.stringify(images[1]);
    expect(text).not.toContain('hunter2');
    if (name !== '(removed)') expect(images[1]).toMatchObject({ result: { source: name } });
  });

  test.each<[string, unknown, string]>([
    ['no JSON', 'nginx', 'must be a JSON list of objects, each with the variables of one image, for example [{"IMAGE":"docker.io/library/nginx:stable"}]'],
    ['an object', { IMAGE: 'nginx' }, 'must be a JSON list of objects'],
    ['null', 'null', 'must be a JSON list of objects'],
    ['an empty list', [], 'must be a JSON list of objects'],
    ['a list of texts', ['nginx'], 'has no object as its entry 1: write it as {"IMAGE":"docker.io/library/nginx:stable"}'],
    ['a list in a list', [[{ IMAGE: 'nginx' }]], 'has no object as its entry 1'],
    ['null as an entry', [{ IMAGE: 'nginx' }, null], 'has no object as its entry 2'],
    ['an unknown variable', [{ IMAGE: 'nginx' }, { IMAGE: 'redis', Image: 'x' }], 'sets an unknown variable in its entry 2: use only IMAGE, REPOSITORY, TAG_KIND, '],
    ['a variable of the project', [{ IMAGE: 'nginx', MIRROR_REGISTRY: 'evil.example' }], 'sets MIRROR_REGISTRY in its entry 1: use only '],
    ['IMAGES in IMAGES', [{ IMAGE: 'nginx', IMAGES: '[]' }], 'sets IMAGES in its entry 1: use only '],
    ['an escape sequence as a name', [{ 'IMAGE': 'nginx', '\u001b[2J\u202e': 'x' }], 'sets an unknown variable in its entry 1'],
    ['a prototype', '[{"IMAGE":"nginx","__proto__":{"TAGS":"x"}}]', 'sets an unknown variable in its entry 1'],
    ['a number', [{ IMAGE: 'nginx', REFERRERS: false }], 'sets REFERRERS in its entry 1 to a value that is not a string: put it in quotes'],
    ['no image', [{ REPOSITORY: 'a/b' }], 'has no image in its entry 1: set IMAGE there'],
    ['an empty image', [{ IMAGE: '' }], 'has no image in its entry 1: set IMAGE there'],
    ['501 entries', Array.from({ length: 501 }, () => ({ IMAGE: 'nginx' })), 'has 501 entries, and 500 is the limit: start several builds'],
  ])('that is or holds %s is refused as a whole, in words', (_, IMAGES, words) => {
    const { reason, message } = refusalOf(IMAGES);
    expect(reason).toBe('invalid-configuration');
    expect(message.startsWith(`the variable IMAGES ${words}`)).toBe(true);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test.each(['IMAGE', 'REPOSITORY', 'TAG_KIND', 'ON_TAG_MOVED', 'PLATFORMS', 'REFERRERS', 'ATTESTATIONS', 'TAGS', 'PLATFORM_TAGS'])('is refused beside %s, which could mean any of its entries', (name) => {
    expect(refusalOf([{ IMAGE: 'nginx' }], { [name]: 'x' }).message)
      .toBe(`the variable IMAGES is set together with the variable ${name}: set ${name} in its entries, or remove IMAGES`);
  });

  test('has the time for late referrers beside it, for entries without their own', () => {
    const requests = planOf([{ IMAGE: 'nginx' }, { IMAGE: 'redis', LATE_REFERRERS: 'false' }], { LATE_REFERRERS: 'true' }).images.map((planned) => {
      if ('result' in planned) throw new Error(planned.result.message);
      return planned.configuration.requestFor({ registry: 'docker.io', repository: 'library/x', tag: '1' });
    });
    expect(requests.map(({ lateReferrers }) => lateReferrers)).toEqual([true, false]);
  });

  test('of any JSON is a plan or a MirrorError', () => {
    const entry = fc.dictionary(fc.constantFrom('IMAGE', 'TAGS', 'PLATFORMS', 'REPOSITORY', 'x'), fc.oneof(fc.constantFrom('nginx', 'quay.io/a/b:1', '{}', ''), fc.jsonValue()));
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.array(entry)), (value) => {
      try {
        expect(planOf(value).images.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        expect(error.message.length).toBeLessThan(1000);
      }
    }));
  });
});

test.each([[{ IMAGES: 'x' }, true], [{ TAGS: 'x' }, true], [{ IMAGE: 'x' }, false]])('%j asks for a summary: %j', (environment, expected) => {
  expect(needsSummary(environment)).toBe(expected);
});
