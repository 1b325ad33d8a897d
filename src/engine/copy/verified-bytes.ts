import { createHash } from 'node:crypto';
import type { BlobDescriptor } from './manifest';
import { digestFrom } from '../digest';
import { MirrorError } from '../mirror-error';

/**
 * Passes bytes on while it verifies them against a descriptor.
 *
 * The last piece is held back until the digest of the whole is known to be right, so that wrong content never arrives complete.
 *
 * @throws MirrorError when the content is longer, shorter or other than the descriptor says; a retry may get it right
 */
export async function* verifiedBytes(
  bytes: AsyncIterable<Uint8Array>, { digest, size }: BlobDescriptor, registry: string, onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const wrong = (problem: string) => new MirrorError('digest-mismatch', `${registry}: blob ${digest} ${problem}`, { retryable: true });
  let received = 0;
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    received += piece.length;
    if (received > size) throw wrong(`is longer than the ${size} bytes that its manifest says`);
    if (piece.length === 0) continue; // held back, it would let the last real piece go unverified
    hash.update(piece);
    if (held) {
      yield held;
      onBytes(held.length);
    }
    held = piece;
  }
  if (received < size) {
    throw new MirrorError('network', `${registry}: blob ${digest} ended after ${received} of ${size} bytes`, { retryable: true });
  }
  if (digestFrom(hash) !== digest) throw wrong('arrived with other content');
  if (held) {
    yield held;
    onBytes(held.length);
  }
}
