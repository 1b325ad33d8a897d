import { DOCKER_HUB } from '../image/image-reference';
import type { Platform } from '../image/platform';
import { AttestationOptions, lacksAttestations, replacesAnnotations } from './copy/attestations';
import { platformsOf, sourceDigestOf } from './copy/platforms';
import { digestOf } from './digest';
import { MirrorError } from './mirror-error';
import type { ReceivedManifest, RegistryClient } from './registry/registry-client';
import { RetryContext, withRetries } from './registry/retry';

/** The image that a tag of the target names. */
export interface TargetImage {
  readonly digest: string;
  /** The digest of the source image that it stands for: the same digest, or that of the full image. */
  readonly sourceDigest: string;
  /** The selection of platforms that the index was made for; undefined when there is none. */
  readonly platforms?: string;
  /** The digest of the full image, when the image lacks the attestations that it must have. */
  readonly fullDigest?: string;
  /** The manifest, when the query includes it. */
  readonly manifest?: ReceivedManifest;
}

/** A query for the image that a tag of the target names. */
export interface TargetImageQuery {
  readonly tag: string;
  /** The selection of platforms; undefined for all. */
  readonly platforms?: readonly Platform[];
  /** Whether the source may lack some of the platforms. */
  readonly platformsIfAvailable?: boolean;
  /** Whether to read the manifest too. */
  readonly manifest?: boolean;
  /** The choice for attestations: it says whether an index without them stands for its source. */
  readonly attestations: Omit<AttestationOptions, 'sourceDigest'>;
}

/**
 * Reads the image that a tag of the target names; undefined when the tag does not exist.
 *
 * It sends one request to the target, and none to the source. The request is a GET, because only the annotations of an index say which source
 * it was made from. Docker Hub counts GET requests as pulls and accepts attestations, so there it is a HEAD request where possible.
 */
export async function readTargetImage(client: RegistryClient, retryContext: RetryContext, query: TargetImageQuery): Promise<TargetImage | undefined> {
  const { attestations, manifest = false, platforms, tag } = query;
  if (platforms === undefined && !manifest && attestations.policy !== 'DROP' && client.endpoint.registry === DOCKER_HUB) {
    const digest = await withRetries(retryContext, () => client.manifestDigest(tag));
    return digest === undefined ? undefined : { digest, sourceDigest: digest };
  }
  try {
    const received = await withRetries(retryContext, () => client.manifest(tag));
    return { ...describe(received, query), ...manifest ? { manifest: received } : {} };
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}

function describe(received: ReceivedManifest, { attestations, platforms: wanted, platformsIfAvailable = false }: TargetImageQuery): TargetImage {
  const digest = digestOf(received.bytes);
  const selection = wanted === undefined ? {} : { platforms: platformsOf(received) };
  // If upstream has no other platforms, the mirror has the full image.
  const platforms = platformsIfAvailable && platformsOf(received) === undefined ? undefined : wanted;
  const sourceDigest = sourceDigestOf(received, platforms, platformsIfAvailable);
  if (sourceDigest === undefined) return { digest, sourceDigest: digest, ...selection };
  const isMade = platforms !== undefined || (replacesAnnotations(received) && !attestations.isPinned);
  if (!lacksAttestations(received)) return { digest, sourceDigest: isMade ? sourceDigest : digest, ...selection };
  const mustHaveThem = attestations.policy === 'KEEP' || attestations.isPinned;
  return mustHaveThem ? { digest, sourceDigest: digest, fullDigest: sourceDigest, ...selection } : { digest, sourceDigest, ...selection };
}
