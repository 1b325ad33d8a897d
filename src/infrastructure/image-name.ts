import { Token } from 'aws-cdk-lib';
import { isDigest, isTag, quote } from '../image/image-reference';

/**
 * Refuses what is no tag; a token is taken for one.
 *
 * @throws Error that names the value
 */
export function requireTag(tag: string): string {
  if (Token.isUnresolved(tag) || isTag(tag)) return tag;
  throw new Error(`${quote(tag)} is no tag, which is 1 to 128 letters, digits, "_", "." and "-", and starts with none of the last two; write for example "1.27.0"`);
}

/**
 * Refuses what is no digest; a token is taken for one.
 *
 * @throws Error that names the value
 */
export function requireDigest(digest: string): string {
  if (Token.isUnresolved(digest) || isDigest(digest)) return digest;
  throw new Error(`${quote(digest)} is no digest, which is "sha256:" and 64 lower-case hexadecimal digits`);
}
