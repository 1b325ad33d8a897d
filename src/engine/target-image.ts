import type { Platform } from '../image/platform';
import { platformsOf, sourceDigestOf } from './copy/platforms';
import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import type { ReceivedManifest, RegistryClient } from './registry/registry-client';
import { RetryContext, withRetries } from './registry/retry';

/** The image that a tag of the target names. */
export interface TargetImage {
  readonly digest: string;
  /** The digest of the source image: the same digest, or with a selection of platforms the digest of the full image. */
  readonly sourceDigest: string;
  /** The selection of platforms that the index was made for; undefined when there is none. */
  readonly platforms?: string;
  /** The manifest, when the query includes it. */
  readonly manifest?: ReceivedManifest;
}

/** A query for the image that a tag of the target names. */
export interface TargetImageQuery {
  readonly tag: string;
  /** The selection of platforms; undefined for all. */
  readonly platforms?: readonly Platform[];
  /** Whether to read the manifest too. */
  readonly manifest?: boolean;
}

/**
 * Reads the image that a tag of the target names; undefined when the tag does not exist.
 *
 * It sends one request to the target, and none to the source.
 */
export async function readTargetImage(client: RegistryClient, retryContext: RetryContext, query: TargetImageQuery): Promise<TargetImage | undefined> {
  const { manifest = false, platforms, tag } = query;
  if (platforms === undefined && !manifest) {
    const digest = await withRetries(retryContext, () => client.manifestDigest(tag));
    return digest === undefined ? undefined : { digest, sourceDigest: digest };
  }
  try {
    const received = await withRetries(retryContext, () => client.manifest(tag));
    const digest = digestOf(received.bytes);
    return {
      digest,
      sourceDigest: platforms && sourceDigestOf(received, platforms) || digest,
      ...platforms === undefined ? {} : { platforms: platformsOf(received) },
      ...manifest ? { manifest: received } : {},
    };
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}
