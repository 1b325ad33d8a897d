import * as fc from 'fast-check';
import { verifiedBytes } from '../../../src/engine/copy/copy-blob';
import { digestOf } from '../../../src/engine/digest';
import { MirrorError } from '../../../src/engine/mirror-error';

const CONTENT = Buffer.from('the content of a blob');
const DESCRIPTOR = { mediaType: '', digest: digestOf(CONTENT), size: CONTENT.length };

/** What arrives of some pieces, and how it ended. */
async function arrival(pieces: Iterable<Uint8Array>, descriptor = DESCRIPTOR) {
  const arrived: Uint8Array[] = [];
  let counted = 0;
  async function* bytes() {
    yield* pieces;
  }
  try {
    for await (const piece of verifiedBytes(bytes(), descriptor, 'quay.io', (count) => { counted += count; })) arrived.push(piece);
  } catch (error) {
    return { bytes: Buffer.concat(arrived), counted, error };
  }
  return { bytes: Buffer.concat(arrived), counted, error: undefined };
}

/** Some content in non-empty pieces. */
function cut(content: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set([...at.map((position) => position % (content.length + 1)), content.length])].sort((one, other) => one - other);
  return ends.map((end, index) => content.subarray(index === 0 ? 0 : ends[index - 1], end)).filter((piece) => piece.length > 0);
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });

test('right content passes whole, however it is cut', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), cuts, async (content, at) => {
    const whole = Buffer.from(content);
    const { bytes, counted, error } = await arrival(cut(whole, at), { mediaType: '', digest: digestOf(whole), size: whole.length });
    expect(error).toBeUndefined();
    expect(bytes.equals(whole)).toBe(true);
    expect(counted).toBe(whole.length);
  }));
});

test('empty content is right content', async () => {
  const descriptor = { mediaType: '', digest: digestOf(Buffer.alloc(0)), size: 0 };
  expect(await arrival([], descriptor)).toMatchObject({ counted: 0, error: undefined });
});

test('one wrong byte never arrives complete, however it is cut', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(CONTENT.length - 1), fc.integer({ min: 1, max: 255 }), cuts, async (position, change, at) => {
    const wrong = Buffer.from(CONTENT);
    wrong[position] = (wrong[position] + change) % 256;
    const pieces = cut(wrong, at);
    const { bytes, error } = await arrival(pieces);
    expect(error).toMatchObject({ reason: 'digest-mismatch', retryable: true });
    expect(bytes.length).toBe(wrong.length - pieces[pieces.length - 1].length);
  }));
});

test('an empty last piece lets no wrong content out', async () => {
  const wrong = Buffer.from('THE CONTENT OF A BLOB');
  for (const pieces of [[wrong, Buffer.alloc(0)], [wrong, Buffer.alloc(0), Buffer.alloc(0)], [Buffer.alloc(0), wrong, Buffer.alloc(0)]]) {
    expect(await arrival(pieces)).toMatchObject({ bytes: Buffer.alloc(0), counted: 0, error: { reason: 'digest-mismatch' } });
  }
});

test('empty pieces between others are right content', async () => {
  const { bytes, error } = await arrival([Buffer.alloc(0), CONTENT.subarray(0, 5), Buffer.alloc(0), CONTENT.subarray(5), Buffer.alloc(0)]);
  expect([bytes.toString(), error]).toEqual([CONTENT.toString(), undefined]);
});

test('other content is refused in words', async () => {
  const { error } = await arrival([Buffer.from('THE CONTENT OF A BLOB')]);
  expect(error).toBeInstanceOf(MirrorError);
  expect((error as MirrorError).message).toBe(`quay.io: blob ${DESCRIPTOR.digest} arrived with other content`);
});

test('shorter content is a break of the network, and its last piece is kept back', async () => {
  const { bytes, error } = await arrival([CONTENT.subarray(0, 5), CONTENT.subarray(5, 10)]);
  expect(error).toMatchObject({ reason: 'network', retryable: true, message: `quay.io: blob ${DESCRIPTOR.digest} ended after 10 of ${CONTENT.length} bytes` });
  expect(bytes.equals(CONTENT.subarray(0, 5))).toBe(true);
});

test('no content at all is a break of the network', async () => {
  expect((await arrival([])).error).toMatchObject({ reason: 'network', retryable: true });
});

test('longer content is refused, and its last right piece is kept back', async () => {
  const { bytes, error } = await arrival([CONTENT.subarray(0, 5), CONTENT.subarray(5), Buffer.from('!')]);
  expect(error).toMatchObject({ reason: 'digest-mismatch', retryable: true });
  expect((error as MirrorError).message).toContain(`is longer than the ${CONTENT.length} bytes in its manifest`);
  expect(bytes.equals(CONTENT.subarray(0, 5))).toBe(true);
});

test('endless content is not read to its end', async () => {
  let pieces = 0;
  function* endless() {
    for (;;) {
      pieces++;
      yield Buffer.alloc(10);
    }
  }
  expect((await arrival(endless())).error).toMatchObject({ reason: 'digest-mismatch' });
  expect(pieces).toBe(3);
});

test('content for a descriptor of size 0 is refused', async () => {
  const { bytes, error } = await arrival([Buffer.from('x')], { mediaType: '', digest: digestOf(Buffer.alloc(0)), size: 0 });
  expect(error).toMatchObject({ reason: 'digest-mismatch' });
  expect(bytes.length).toBe(0);
});

test('what the source throws passes unchanged', async () => {
  const failure = new Error('connection reset');
  function* broken() {
    yield CONTENT.subarray(0, 5);
    throw failure;
  }
  expect((await arrival(broken())).error).toBe(failure);
});

test('a piece is counted only when it was taken', async () => {
  let counted = 0;
  async function* bytes() {
    yield CONTENT.subarray(0, 5);
    yield CONTENT.subarray(5);
  }
  const verified = verifiedBytes(bytes(), DESCRIPTOR, 'quay.io', (count) => { counted += count; });
  await verified.next();
  expect(counted).toBe(0);
  await verified.next();
  expect(counted).toBe(5);
});
