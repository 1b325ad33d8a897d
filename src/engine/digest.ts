import { createHash, Hash } from 'node:crypto';

/** The sha256 digest of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return digestFrom(createHash('sha256').update(bytes));
}

/** The digest of a sha256 hash that has all bytes. */
export function digestFrom(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`;
}
