/** Several images in one run. */
import { LOOKUPS_PER_HOST } from '../../src/engine/copy/copy-context';
import { FIRST_TRANSFERS } from '../../src/engine/copy/transfer-limit';
import { MAX_IMAGES_PER_HOST, mirrorAll } from '../../src/engine/mirror-all';
import { asDryRun, PlannedImages, planRequest } from '../../src/engine/mirror-plan';
import type { MirrorTools } from '../../src/engine/mirror-request';
import { MirrorResult, notAttempted, summarize } from '../../src/engine/result';
import { parseImageReference } from '../../src/image/image-reference';
import { Fault } from '../support/fault';
import { FixtureImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { requestOf, RequestOptions, withTools } from '../support/mirror-request';
import { momentOf } from '../support/moment';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();
let finished: MirrorResult[];

beforeEach(() => {
  finished = [];
});

const nameOf = (index: number) => `app${index}`;
const imageOf = (index: number, layers = 2): FixtureImage => singleImage({ seed: nameOf(index), layers });

function pushImages(count: number, layers = 2): FixtureImage[] {
  const images = Array.from({ length: count }, (_, index) => imageOf(index, layers));
  images.forEach((image, index) => upstream.push(nameOf(index), 'latest', image));
  return images;
}

function run(count: number, options: RequestOptions = {}, tools: Partial<MirrorTools> = {}): Promise<MirrorResult[]> {
  const requests = Array.from({ length: count }, (_, index) => requestOf(`${upstream.host}/${nameOf(index)}:latest`, `${target.host}/mirror/${nameOf(index)}:latest`, options));
  return withTools((all) => mirrorAll(requests.map(planRequest), all, {
    onResult: (result) => {
      finished.push(result);
      return result;
    },
  }), tools);
}

/** Holds requests until it is told to let go; tells how many came so far. */
function hold(registry: LocalRegistry, match: { method: string; path: string }): { count: () => number; letGo: () => void } {
  let letGo = () => undefined as void;
  const until = new Promise<void>((resolve) => { letGo = resolve; });
  registry.fail({ match, action: Fault.hold(until), times: 10_000 });
  return { count: () => registry.count(match), letGo };
}

/** Long enough for a request that should not come to have come. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 150));

test('all images are there, and each is told when it is done', async () => {
  const images = pushImages(20);
  const results = await run(20);
  expect(results.map(({ outcome, targetDigest }) => [outcome, targetDigest])).toEqual(images.map(({ digest }) => ['copied', digest]));
  images.forEach((image, index) => expect(target.holds(`mirror/${nameOf(index)}`, image)).toBe(true));
  expect(finished).toHaveLength(20);
});

test('no image is no result', async () => {
  expect(await run(0)).toEqual([]);
});

test('the results are in the order of the requests, whichever is done first', async () => {
  pushImages(3);
  const first = hold(upstream, { method: 'HEAD', path: '/app0/' });
  const running = run(3);
  await momentOf(running, () => finished.length === 2);
  first.letGo();
  const results = await running;
  expect(results.map(({ source }) => source)).toEqual([0, 1, 2].map((index) => `${upstream.host}/${nameOf(index)}:latest`));
  expect(finished.at(-1)!.source).toBe(results[0].source);
});

test('so many images are under way at a time, and no more', async () => {
  pushImages(30);
  const held = hold(upstream, { method: 'HEAD', path: '/manifests/latest' });
  const running = run(30);
  await momentOf(running, () => held.count() === MAX_IMAGES_PER_HOST);
  await settled();
  expect([held.count(), upstream.mostConcurrent]).toEqual([MAX_IMAGES_PER_HOST, MAX_IMAGES_PER_HOST]);
  held.letGo();
  expect(await running).toHaveLength(30);
});

test('so many blobs are on their way at a time over all images together, and no more', async () => {
  pushImages(12, 8);
  const held = hold(upstream, { method: 'GET', path: '/blobs/' });
  const running = run(12, { referrers: false });
  await momentOf(running, () => held.count() === FIRST_TRANSFERS);
  await settled();
  expect(held.count()).toBe(FIRST_TRANSFERS);
  held.letGo();
  expect((await running).every(({ outcome }) => outcome === 'copied')).toBe(true);
});

test('so many manifests are asked for at a time over all images together, and no more', async () => {
  pushImages(12);
  const held = hold(upstream, { method: 'GET', path: '/manifests/sha256:' });
  const running = run(12, { referrers: false });
  await momentOf(running, () => held.count() === Math.min(LOOKUPS_PER_HOST, MAX_IMAGES_PER_HOST));
  await settled();
  expect(held.count()).toBeLessThanOrEqual(LOOKUPS_PER_HOST);
  held.letGo();
  expect((await running).every(({ outcome }) => outcome === 'copied')).toBe(true);
});

test.each([
  ['is not there', () => upstream.repository(nameOf(1)).tags.clear(), 'not-found'],
  ['may not be read', () => upstream.fail({ match: { path: '/app1/' }, action: Fault.status(403), times: 1000 }), 'unauthorized'],
  ['is refused by the mirror', () => target.fail({ match: { method: 'PUT', path: 'app1/manifests/' }, action: Fault.status(400), times: 1000 }), 'registry-error'],
  ['has a broken layer', () => upstream.fail({ match: { method: 'GET', path: imageOf(1).blobs[1].digest }, action: Fault.flipByte(), times: 1000 }), 'digest-mismatch'],
])('an image that %s does not stop the others', async (_, harm, reason) => {
  const images = pushImages(4);
  harm();
  const results = await run(4);
  expect(results.map(({ outcome }) => outcome)).toEqual(['copied', 'failed', 'copied', 'copied']);
  expect(results[1].reason).toBe(reason);
  expect(target.tagDigest(`mirror/${nameOf(1)}`, 'latest')).toBeUndefined();
  expect(target.holds(`mirror/${nameOf(3)}`, images[3])).toBe(true);
  expect(summarize(results)).toMatchObject({ outcome: 'failed', images: { 'copied': 3, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 1 } });
});

test('after the end of the run the done ones are done, and the others interrupted without a request', async () => {
  pushImages(12);
  const stop = new AbortController();
  const held = hold(upstream, { method: 'HEAD', path: '/manifests/latest' });
  const begun = run(12, {}, { signal: stop.signal });
  await momentOf(begun, () => held.count() === MAX_IMAGES_PER_HOST);
  stop.abort();
  const results = await begun;
  held.letGo();
  expect(results.map(({ reason }) => reason)).toEqual(Array.from({ length: 12 }, () => 'interrupted'));
  expect(held.count()).toBe(MAX_IMAGES_PER_HOST);
});

test('a second run costs one request on each side for each image', async () => {
  pushImages(10);
  await run(10);
  upstream.resetRequests();
  target.resetRequests();
  const results = await run(10);
  expect(results.every(({ outcome, countedPulls }) => outcome === 'unchanged' && countedPulls === 0)).toBe(true);
  expect([upstream.count(), target.count()]).toEqual([10, 10]);
});

test('several tags of one repository go to one repository', async () => {
  const images = [0, 1, 2].map((index) => imageOf(index));
  images.forEach((image, index) => upstream.push('app', `1.${index}.0`, image));
  const requests = images.map((_, index) => requestOf(`${upstream.host}/app:1.${index}.0`, `${target.host}/mirror/app:1.${index}.0`));
  await withTools((tools) => mirrorAll(requests.map(planRequest), tools, { onResult: (result) => result }));
  expect([...target.repository('mirror/app').tags.keys()].sort()).toEqual(['1.0.0', '1.1.0', '1.2.0']);
});

describe('a plan', () => {
  /** A repository of which each tag is mirrored. */
  const tagsOf = (name: string): PlannedImages => {
    const image = { ...parseImageReference(`${upstream.host}/${name}`), tag: undefined };
    return { configuration: { image, tags: { patterns: ['*'] }, requestFor: ({ tag }) => requestOf(`${upstream.host}/${name}:${tag}`, `${target.host}/mirror/${name}:${tag}`) } };
  };
  const sources = (results: readonly MirrorResult[]) => results.map(({ source }) => source.replace(`${upstream.host}/`, ''));

  test('of tags, an image and a known result has the results of all in its order', async () => {
    pushImages(3);
    upstream.push(nameOf(0), 'newest', imageOf(0));
    const known = notAttempted('no image', '', 'invalid-reference', 'it is none');
    const single = planRequest(requestOf(`${upstream.host}/${nameOf(1)}:latest`, `${target.host}/mirror/${nameOf(1)}:latest`));
    const plan = [{ result: known }, tagsOf(nameOf(0)), single, tagsOf('missing')];
    const indexes: [number, boolean][] = [];
    const results = await withTools((tools) => mirrorAll(plan, tools, {
      onResult: (result, request, index) => {
        indexes.push([index, request !== undefined]);
        return result;
      },
    }));
    expect(sources(results)).toEqual(['no image', 'app0:latest', 'app0:newest', 'app1:latest', 'missing']);
    expect(results.map(({ reason }) => reason)).toEqual(['invalid-reference', undefined, undefined, undefined, 'not-found']);
    expect(indexes.sort()).toEqual([[0, false], [1, true], [1, true], [2, true], [3, false]]);
  });

  test('has so many lists of tags under way at a time, and no more, and they do not keep images waiting', async () => {
    pushImages(1);
    const lists = hold(upstream, { method: 'GET', path: '/tags/list' });
    const single = planRequest(requestOf(`${upstream.host}/${nameOf(0)}:latest`, `${target.host}/mirror/${nameOf(0)}:latest`));
    const plan = [...Array.from({ length: 20 }, (_, index) => tagsOf(`slow${index}`)), single];
    const running = withTools((tools) => mirrorAll(plan, tools, { onResult: (result) => finished.push(result) }));
    await momentOf(running, () => lists.count() === MAX_IMAGES_PER_HOST && finished.length === 1);
    await settled();
    expect([lists.count(), sources(finished)]).toEqual([MAX_IMAGES_PER_HOST, ['app0:latest']]);
    lists.letGo();
    expect(await running).toHaveLength(21);
  });

  test('becomes a dry run', async () => {
    pushImages(1);
    const known = notAttempted('no image', '', 'invalid-reference', 'it is none');
    const plan = [{ result: known }, tagsOf(nameOf(0))].map(asDryRun);
    const results = await withTools((tools) => mirrorAll(plan, tools, { onResult: (result) => result }));
    expect(results.map(({ outcome, dryRun }) => [outcome, dryRun])).toEqual([['failed', undefined], ['copied', true]]);
    expect(target.exists(`mirror/${nameOf(0)}`)).toBe(false);
  });
});

describe('a callback', () => {
  const plan = (count: number) => Array.from({ length: count }, (_, index) => {
    return planRequest(requestOf(`${upstream.host}/${nameOf(index)}:latest`, `${target.host}/mirror/${nameOf(index)}:latest`));
  });

  test('gives an image tools of its own', async () => {
    pushImages(2);
    const lines: string[] = [];
    await withTools((tools) => mirrorAll(plan(2), tools, {
      onStart: ({ source }) => {
        const progress = { ...tools.progress, line: (text: string) => lines.push(text) };
        return source.repository === nameOf(1) ? { ...tools, progress } : undefined;
      },
      onResult: (result) => result,
    }));
    expect(lines.filter((line) => line.startsWith('put ')).length).toBe(1);
  });

  test('puts another result in the place of an image\'s, and counts as the image until it is done', async () => {
    pushImages(12);
    let release = () => undefined as void;
    const until = new Promise<void>((resolve) => { release = resolve; });
    let waiting = 0;
    const running = withTools((tools) => mirrorAll(plan(12), tools, {
      onResult: async ({ source }) => {
        waiting++;
        await until;
        return source;
      },
    }));
    await momentOf(running, () => waiting === MAX_IMAGES_PER_HOST);
    await settled();
    expect(waiting).toBe(MAX_IMAGES_PER_HOST);
    release();
    expect(await running).toEqual(Array.from({ length: 12 }, (_, index) => `${upstream.host}/${nameOf(index)}:latest`));
  });

  test('that fails does not keep other images from being mirrored', async () => {
    const images = pushImages(12);
    await expect(withTools((tools) => mirrorAll(plan(12), tools, {
      onResult: (result) => {
        if (result.source.includes(`/${nameOf(0)}:`)) throw new Error('defect');
        return result;
      },
    }))).rejects.toThrow('defect');
    images.forEach((image, index) => expect(target.holds(`mirror/${nameOf(index)}`, image)).toBe(true));
  });
});

describe('the summary', () => {
  const result = (outcome: MirrorResult['outcome'], reason?: MirrorResult['reason']) => ({ source: 's', target: 't', outcome, reason }) as MirrorResult;

  test.each([
    [[], 'unchanged'],
    [[result('unchanged')], 'unchanged'],
    [[result('unchanged'), result('copied')], 'copied'],
    [[result('copied'), result('tag-moved'), result('unchanged')], 'tag-moved'],
    [[result('failed', 'network'), result('tag-moved')], 'failed'],
    [[result('copied'), result('held'), result('upstream-gone')], 'held'],
    [[result('held', 'held'), result('tag-moved')], 'tag-moved'],
    [[result('copied'), result('upstream-gone')], 'upstream-gone'],
  ])('of %j is %s, the worst of them', (results, outcome) => {
    expect(summarize(results).outcome).toBe(outcome);
  });

  test('names each image with its outcome and reason, and nothing else', () => {
    expect(summarize([result('copied'), result('failed', 'network')]).results).toEqual([
      { source: 's', target: 't', outcome: 'copied' }, { source: 's', target: 't', outcome: 'failed', reason: 'network' },
    ]);
  });
});
