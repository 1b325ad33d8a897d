import type { TagMovedPolicy } from '../../src/image/contract/environment';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions } from '../support/mirroring';
import { momentOf } from '../support/moment';
import { withRegistries } from '../support/with-servers';

const FIRST = multiPlatformImage({ seed: 'first', sharedLayers: 1 });
const SECOND = multiPlatformImage({ seed: 'second', sharedLayers: 1 });
const SUFFIXED = `1.0.0-${SECOND.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
const CHANGING = /^(?:POST|PUT|PATCH|DELETE)$/;

const { upstream, target } = withRegistries();

function run(options: MirroringOptions = {}, tag = '1.0.0') {
  return mirror(`${upstream.host}/app:${tag}`, `${target.host}/mirror/app:${tag}`, options);
}

/** A fixed tag that upstream has moved from the first image to the second. */
function moveTag(): void {
  upstream.push('app', '1.0.0', SECOND);
  target.push('mirror/app', '1.0.0', FIRST);
}

function fixed(onTagMoved: TagMovedPolicy) {
  return run({ kind: 'fixed', onTagMoved });
}

describe('a tag that the mirror lacks', () => {
  beforeEach(() => upstream.push('app', '1.0.0', FIRST));

  test('is copied with everything that it lists', async () => {
    expect(await run()).toMatchObject({ outcome: 'copied', sourceDigest: FIRST.digest, targetDigest: FIRST.digest });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
    expect(target.holds('mirror/app', FIRST)).toBe(true);
  });

  test('is told in canonical spelling, with what was moved and asked', async () => {
    expect(await run()).toEqual({
      source: `${upstream.host}/app:1.0.0`,
      target: `${target.host}/mirror/app:1.0.0`,
      repository: 'mirror/app',
      tag: '1.0.0',
      outcome: 'copied',
      sourceDigest: FIRST.digest,
      targetDigest: FIRST.digest,
      bytesCopied: FIRST.blobs.reduce((sum, { size }) => sum + size, 0),
      blobsCopied: FIRST.blobs.length,
      blobsSkipped: 0,
      referrersCopied: 0,
      requests: { source: upstream.count(), target: target.count() },
      countedPulls: FIRST.manifests.length,
      seconds: expect.any(Number),
    });
  });

  test('leaves no upload open', async () => {
    await run();
    expect(target.openUploads).toBe(0);
  });

  test('changes nothing upstream', async () => {
    await run();
    expect(upstream.count({ method: CHANGING })).toBe(0);
  });
});

describe('a tag that names the same image on both sides', () => {
  beforeEach(() => {
    upstream.push('app', '1.0.0', FIRST);
    target.push('mirror/app', '1.0.0', FIRST);
  });

  test('is unchanged', async () => {
    expect(await run()).toMatchObject({ outcome: 'unchanged', sourceDigest: FIRST.digest, targetDigest: FIRST.digest });
  });

  test.each(['fixed', 'floating'] as const)('costs one request on each side and no counted pull, when it is %s', async (kind) => {
    expect(await run({ kind })).toMatchObject({ requests: { source: 1, target: 1 }, countedPulls: 0 });
    expect([...upstream.requests, ...target.requests].map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });
});

describe('a tag that moved upstream', () => {
  beforeEach(moveTag);

  test('is copied when it floats', async () => {
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: SECOND.digest });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(SECOND.digest);
    expect(target.holds('mirror/app', SECOND)).toBe(true);
  });

  test('fails under FAIL and keeps the first image', async () => {
    expect(await fixed('FAIL')).toMatchObject({
      outcome: 'tag-moved',
      reason: 'immutable-tag',
      sourceDigest: SECOND.digest,
      targetDigest: FIRST.digest,
      message: expect.stringContaining('upstream moved'),
    });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
  });

  test.each(['FAIL', 'KEEP'] as const)('sends nothing under %s', async (onTagMoved) => {
    await fixed(onTagMoved);
    expect(target.count({ method: CHANGING })).toBe(0);
    expect(upstream.count({ method: 'GET' })).toBe(0);
  });

  test('is told without a reason to fail under KEEP', async () => {
    const result = await fixed('KEEP');
    expect(result).toMatchObject({ outcome: 'tag-moved', targetDigest: FIRST.digest });
    expect(result.reason).toBeUndefined();
  });

  test('is kept beside the first under SUFFIX', async () => {
    const result = await fixed('SUFFIX');
    expect(result).toMatchObject({ outcome: 'tag-moved', suffixedTag: SUFFIXED, sourceDigest: SECOND.digest, targetDigest: FIRST.digest });
    expect(result.reason).toBeUndefined();
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
    expect(target.tagDigest('mirror/app', SUFFIXED)).toBe(SECOND.digest);
    expect(target.holds('mirror/app', SECOND)).toBe(true);
  });

  test('is not copied a second time under SUFFIX', async () => {
    await fixed('SUFFIX');
    target.resetRequests();
    expect(await fixed('SUFFIX')).toMatchObject({ outcome: 'tag-moved', suffixedTag: SUFFIXED, countedPulls: 0, requests: { source: 1, target: 2 } });
    expect(target.count({ method: CHANGING })).toBe(0);
  });
});

describe('an image that is gone upstream', () => {
  test('keeps its copy in the mirror, and is no failure', async () => {
    target.push('mirror/app', '1.0.0', FIRST);
    upstream.repository('app');
    const result = await run();
    expect(result).toMatchObject({ outcome: 'upstream-gone', targetDigest: FIRST.digest, message: expect.stringContaining('the mirror keeps its copy') });
    expect(result.reason).toBeUndefined();
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
    expect(target.count({ method: CHANGING })).toBe(0);
  });

  test('promises no copy where the mirror has none', async () => {
    const result = await run();
    expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found' });
    expect(result.message).not.toContain('keeps');
  });
});

describe('an upstream that limits requests', () => {
  beforeEach(() => {
    upstream.push('app', '1.0.0', SECOND);
    target.push('mirror/app', '1.0.0', FIRST);
  });

  test('fails as rate-limited, names credentials as the remedy, and is never taken for unchanged', async () => {
    upstream.fail({ action: Fault.status(429), times: 100 });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'rate-limited', message: expect.stringContaining('configure credentials') });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
  });

  test('fails at once where it says to wait for longer than the run may take', async () => {
    upstream.fail({ action: Fault.status(429, { 'retry-after': '7200' }), times: 100 });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'rate-limited', requests: { source: 1 } });
  });
});

describe('a dry run', () => {
  test.each([
    ['a missing tag', 'copied', () => upstream.push('app', '1.0.0', FIRST), {}],
    ['a moved floating tag', 'copied', moveTag, {}],
    ['a moved fixed tag under FAIL', 'tag-moved', moveTag, { kind: 'fixed', onTagMoved: 'FAIL' }],
    ['a moved fixed tag under SUFFIX', 'tag-moved', moveTag, { kind: 'fixed', onTagMoved: 'SUFFIX' }],
  ] as [string, string, () => void, MirroringOptions][])('tells the outcome for %s and changes nothing', async (_, outcome, prepare, options) => {
    prepare();
    const before = target.tagDigest('mirror/app', '1.0.0');
    expect(await run({ ...options, dryRun: true })).toMatchObject({ outcome, dryRun: true, countedPulls: 0, targetDigest: before });
    expect(target.count({ method: CHANGING })).toBe(0);
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(before);
    expect(target.tagDigest('mirror/app', SUFFIXED)).toBeUndefined();
  });
});

test('a dry run says of a moved tag under SUFFIX what the mirror would hold, not what it holds', async () => {
  moveTag();
  const { message } = await run({ kind: 'fixed', onTagMoved: 'SUFFIX', dryRun: true });
  expect(message).toContain(`the mirror would hold the second as ${SUFFIXED}`);
});

describe('a digest reference', () => {
  beforeEach(() => {
    upstream.push('app', '1.0.0', SECOND);
    upstream.push('app', undefined, FIRST);
  });

  test('is mirrored under the tag that is made of it', async () => {
    const tag = `digest-${FIRST.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
    expect(await mirror(`${upstream.host}/app@${FIRST.digest}`, `${target.host}/mirror/app:${tag}`)).toMatchObject({ outcome: 'copied', targetDigest: FIRST.digest });
    expect(target.tagDigest('mirror/app', tag)).toBe(FIRST.digest);
  });

  test('wins over the tag beside it', async () => {
    expect(await mirror(`${upstream.host}/app:1.0.0@${FIRST.digest}`, `${target.host}/mirror/app:1.0.0`)).toMatchObject({ outcome: 'copied', targetDigest: FIRST.digest });
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
    expect(upstream.count({ path: '/manifests/1.0.0' })).toBe(0);
  });

  test('that upstream does not have fails as not-found', async () => {
    const digest = `sha256:${'1'.repeat(64)}`;
    expect(await mirror(`${upstream.host}/app@${digest}`, `${target.host}/mirror/app:1`)).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });
});

describe('a run that ends early', () => {
  beforeEach(() => {
    moveTag();
    upstream.fail({ match: { path: '/blobs/' }, action: Fault.stallBody(500), times: 1000 });
  });

  afterEach(() => expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest));

  test('is interrupted by its signal, and the tag is as it was', async () => {
    const stop = new AbortController();
    const running = run({ signal: stop.signal });
    await momentOf(running, () => upstream.count({ path: '/blobs/' }) > 0);
    stop.abort();
    expect(await running).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
  });

  test('exceeds its deadline, and the tag is as it was', async () => {
    expect(await run({ deadline: Date.now() + 500 })).toMatchObject({ outcome: 'failed', reason: 'deadline-exceeded' });
  });

  test('does nothing where its signal was aborted beforehand', async () => {
    expect(await run({ signal: AbortSignal.abort() })).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
    expect(upstream.count() + target.count()).toBe(0);
  });
});

test('a run that failed is gone on with by the next one, from what is there', async () => {
  moveTag();
  target.fail({ match: { method: 'PUT', path: '/manifests/1.0.0' }, action: Fault.status(403) });
  expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unauthorized', blobsCopied: SECOND.blobs.length });
  expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
  expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: 0, bytesCopied: 0, countedPulls: 1, targetDigest: SECOND.digest });
});

test('a run without registries to talk to fails as network', async () => {
  const gone = await new LocalRegistry().start();
  const { host } = gone;
  await gone.close();
  expect(await mirror(`${host}/app:1`, `${target.host}/mirror/app:1`)).toMatchObject({ outcome: 'failed', reason: 'network', message: expect.stringContaining('the connection to port') });
});

test('a repository of the same registry is copied from by mounting, without a byte sent', async () => {
  const image = singleImage();
  target.push('app', '1.0.0', image);
  expect(await mirror(`${target.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`)).toMatchObject({ outcome: 'copied', bytesCopied: 0 });
  expect(target.holds('mirror/app', image)).toBe(true);
  expect(target.count({ method: 'GET', path: '/blobs/' })).toBe(0);
});
