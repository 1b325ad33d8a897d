import { createHash, Hash } from 'node:crypto';

/** The sha256 digest of bytes that are all there. */
export function digestOf(bytes: Uint8Array): string {
  return digestFrom(createHash('sha256').update(bytes));
}

/** The digest that a finished hash stands for. */
export function digestFrom(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`;
}
