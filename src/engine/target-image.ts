import type { Platform } from '../image/platform';
import { platformsOf, sourceDigestOf } from './copy/platforms';
import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import type { ReceivedManifest, RegistryClient } from './registry/registry-client';
import { RetryContext, withRetries } from './registry/retry';

/** What a tag of the mirror holds. */
export interface TargetImage {
  readonly digest: string;
  /** The upstream digest that it stands for: the same, or for a choice of platforms the one that it was made of. */
  readonly standsFor: string;
  /** The choice of platforms that it was made for, where there is one. */
  readonly platforms?: string;
  /** Its manifest, where that was asked for. */
  readonly manifest?: ReceivedManifest;
}

/** What is asked about a tag. */
export interface TargetImageQuery {
  readonly tag: string;
  /** The choice of platforms; undefined for all. */
  readonly platforms?: readonly Platform[];
  /** Whether to read the manifest itself, too. */
  readonly manifest?: boolean;
}

/** What a tag of the mirror holds; undefined when there is no such tag. One request either way, and none upstream. */
export async function readTargetImage(client: RegistryClient, run: RetryContext, question: TargetImageQuery): Promise<TargetImage | undefined> {
  const { manifest = false, platforms, tag } = question;
  if (platforms === undefined && !manifest) {
    const digest = await withRetries(run, () => client.manifestDigest(tag));
    return digest === undefined ? undefined : { digest, standsFor: digest };
  }
  try {
    const received = await withRetries(run, () => client.manifest(tag));
    const digest = digestOf(received.bytes);
    const choice = platforms === undefined ? {} : { standsFor: sourceDigestOf(received, platforms) ?? digest, platforms: platformsOf(received) };
    return { digest, standsFor: digest, ...choice, ...manifest ? { manifest: received } : {} };
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}
