import type { Platform } from '../image/platform';
import { platformsOf, sourceDigestOf } from './copy/platform-subset';
import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import type { RegistryClient } from './registry/registry-client';
import { RetryContext, withRetries } from './registry/retry';

/** What a tag of the mirror holds. */
export interface HeldImage {
  readonly digest: string;
  /** The upstream digest that it stands for: the same, or for a choice of platforms the one that it was made of. */
  readonly standsFor: string;
  /** The choice of platforms that it was made for, where there is one. */
  readonly platforms?: string;
}

/** What a tag of the mirror holds; undefined when there is no such tag. One request either way, and none upstream. */
export async function heldImage(
  client: RegistryClient, run: RetryContext, tag: string, platforms?: readonly Platform[],
): Promise<HeldImage | undefined> {
  if (platforms === undefined) {
    const digest = await withRetries(run, () => client.manifestDigest(tag));
    return digest === undefined ? undefined : { digest, standsFor: digest };
  }
  try {
    const received = await withRetries(run, () => client.manifest(tag));
    const digest = digestOf(received.bytes);
    return { digest, standsFor: sourceDigestOf(received, platforms) ?? digest, platforms: platformsOf(received) };
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}
