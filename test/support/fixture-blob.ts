import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

/** A blob that a registry serves. Its bytes are made when they are asked for, so a large one costs no memory. */
export interface FixtureBlob {
  readonly digest: string;
  readonly size: number;
  /** The bytes from `start` up to and including `end`; all of them by default. */
  open(start?: number, end?: number): Readable;
}

const BLOCK_BYTES = 1024 * 1024;

/** The sha256 digest of some bytes, as registries write it. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Bytes that look random and are equal for equal seeds: the chain of the seed's hashes. */
export function seededBytes(seed: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let link = createHash('sha512').update(seed).digest();
  for (let offset = 0; offset < size; offset += link.length) {
    link.copy(bytes, offset);
    link = createHash('sha512').update(link).digest();
  }
  return bytes;
}

/** A blob of the given bytes. */
export function blobOf(bytes: Buffer | string): FixtureBlob {
  const content = Buffer.from(bytes);
  return {
    digest: digestOf(content),
    size: content.length,
    open: (start = 0, end = content.length - 1) => Readable.from(slices(content.subarray(start, end + 1)), { objectMode: false }),
  };
}

/** A blob of any size whose bytes exist only while they are read. Its digest is computed once, by reading it. */
export function generatedBlob(seed: string, size: number): FixtureBlob {
  const base = seededBytes(seed, Math.min(BLOCK_BYTES, Math.max(size, 4))); // making them takes longer than reading them
  const open = (start = 0, end = size - 1) => Readable.from(blocks(base, start, end), { objectMode: false, highWaterMark: BLOCK_BYTES });
  const hash = createHash('sha256');
  for (const block of blocks(base, 0, size - 1)) hash.update(block);
  return { digest: `sha256:${hash.digest('hex')}`, size, open };
}

/** Each block is the seed's block with its own number in front, so no two are equal. */
function* blocks(base: Buffer, start: number, end: number): Generator<Buffer> {
  for (let index = Math.floor(start / BLOCK_BYTES); index * BLOCK_BYTES <= end; index++) {
    const block = Buffer.from(base);
    block.writeUInt32BE(index, 0);
    const from = Math.max(start - index * BLOCK_BYTES, 0);
    yield block.subarray(from, Math.min(end - index * BLOCK_BYTES + 1, BLOCK_BYTES));
  }
}

/** Small pieces, as a network delivers them. */
function* slices(content: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < content.length; offset += 65_536) yield content.subarray(offset, offset + 65_536);
}
