import { BlobOrigin, ImageBlobs, SharedBlobs } from '../../../src/engine/copy/shared-blobs';

const REGISTRY = 'registry.test';
const running = new AbortController().signal;
let shared: SharedBlobs;
let [first, second, third]: ImageBlobs[] = [];

beforeEach(() => {
  shared = new SharedBlobs();
  [first, second, third] = ['a', 'b', 'c'].map((repository) => shared.image(REGISTRY, repository));
});

/** The origin of a blob, or `waits`. */
async function originOrWait(image: ImageBlobs, digest: string): Promise<{ origin: Promise<BlobOrigin>; state: BlobOrigin | 'waits' }> {
  const origin = image.originOf(digest, running);
  const waits = new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')));
  return { origin, state: await Promise.race([origin, waits]) };
}

test('the first image uploads a blob, and another mounts it after its manifest is there', async () => {
  expect(await first.originOf('x', running)).toBe('upload');
  const { origin, state } = await originOrWait(second, 'x');
  first.uploaded('x');
  expect(state).toBe('waits');
  first.committed('x');
  expect(await origin).toEqual({ mountFrom: 'a' });
  first.close();
  expect(await third.originOf('x', running)).toEqual({ mountFrom: 'a' });
});

test('an image of the same repository waits for the upload only', async () => {
  const same = shared.image(REGISTRY, 'a');
  await first.originOf('x', running);
  const { origin } = await originOrWait(same, 'x');
  first.uploaded('x');
  expect(await origin).toBe('own-repository');
});

test('an image that fails leaves its blobs to the images that wait, and the first of them uploads', async () => {
  await first.originOf('x', running);
  const [{ origin: ofSecond }, { origin: ofThird }] = [await originOrWait(second, 'x'), await originOrWait(third, 'x')];
  first.close();
  expect(await ofSecond).toBe('upload');
  second.committed('x');
  expect(await ofThird).toEqual({ mountFrom: 'b' });
});

test('two images never wait for each other', async () => {
  await first.originOf('x', running);
  await second.originOf('y', running);
  await third.originOf('z', running);
  expect((await originOrWait(first, 'y')).state).toBe('waits');
  expect(await second.originOf('x', running)).toBe('upload');
  expect((await originOrWait(second, 'z')).state).toBe('waits');
  expect(await third.originOf('x', running)).toBe('upload');
});

test('after a refused mount, no image of that registry waits', async () => {
  await first.originOf('x', running);
  second.mountRefused();
  expect(await second.originOf('x', running)).toBe('upload');
  const [other, another] = ['a', 'b'].map((repository) => shared.image('other.test', repository));
  await other.originOf('x', running);
  other.committed('x');
  expect(await another.originOf('x', running)).toEqual({ mountFrom: 'a' });
});

test('an interrupted run does not wait', async () => {
  const run = new AbortController();
  await first.originOf('x', run.signal);
  const waiting = second.originOf('x', run.signal);
  run.abort();
  expect(await waiting).toBe('upload');
});
