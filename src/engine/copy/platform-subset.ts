import { indexContentOf, isFor, lacksPlatforms } from './index-entries';
import { Manifest, readManifest } from './manifest';
import { isIndexType } from '../../image/media-types';
import { formatPlatform, normalizedPlatform, Platform } from '../../image/platform';
import { digestOf } from '../digest';
import type { ReceivedManifest } from '../registry/registry-client';

/** Which index a subset was made of: what tells that upstream has not moved. */
export const SOURCE_DIGEST_ANNOTATION = 'io.github.cdk-ecr-mirror.source-digest';
/** Which platforms were asked for: another choice makes another index. */
export const PLATFORMS_ANNOTATION = 'io.github.cdk-ecr-mirror.platforms';

/** With this annotation BuildKit ties an attestation to the manifest that it is about. */
const ATTESTATION_SUBJECT = 'vnd.docker.reference.digest';

/**
 * An index with the platforms asked for, and the attestations about them: the same one each time from the same source.
 *
 * The entries keep their bytes' meaning and order; only the list of them changes. An image that is no index is returned as it is.
 *
 * @throws MirrorError when a platform is asked for that the index does not have
 */
export function subsetOf(source: Manifest, platforms: readonly Platform[], registry: string): Manifest {
  if (!isIndexType(source.mediaType)) return source;
  const index = indexContentOf(source);
  const missing = platforms.filter((platform) => !index.manifests.some((entry) => isFor(entry, platform)));
  if (missing.length > 0) throw lacksPlatforms(registry, source.digest, missing, index.manifests);
  const kept = index.manifests.filter((entry) => platforms.some((platform) => isFor(entry, platform)));
  const keptDigests = new Set<unknown>(kept.map(({ digest }) => digest));
  const manifests = index.manifests.filter((entry) => keptDigests.has(entry.digest) || keptDigests.has(entry.annotations?.[ATTESTATION_SUBJECT]));
  const annotations = { ...index.annotations, [SOURCE_DIGEST_ANNOTATION]: source.digest, [PLATFORMS_ANNOTATION]: choiceOf(platforms) };
  const bytes = Buffer.from(JSON.stringify({ ...index, manifests, annotations }), 'utf8');
  return readManifest({ bytes, mediaType: source.mediaType }, digestOf(bytes), registry);
}

/** The digest of the source that a subset in the mirror was made of; undefined when it is none, or one of other platforms. */
export function sourceDigestOf(received: ReceivedManifest, platforms: readonly Platform[]): string | undefined {
  const annotations = annotationsOf(received);
  return annotations[PLATFORMS_ANNOTATION] === choiceOf(platforms) ? annotations[SOURCE_DIGEST_ANNOTATION] : undefined;
}

/** The choice of platforms that an index in the mirror was made for; undefined when it is no subset. */
export function platformsOf(received: ReceivedManifest): string | undefined {
  return annotationsOf(received)[PLATFORMS_ANNOTATION];
}

/** The annotations of an index or a manifest, as far as they are texts. */
export function annotationsOf({ bytes }: ReceivedManifest): Readonly<Record<string, string | undefined>> {
  try {
    const { annotations } = Object(JSON.parse(bytes.toString('utf8'))) as { annotations?: Record<string, unknown> };
    return Object.fromEntries(Object.entries(Object(annotations) as object).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return {};
  }
}

/** A choice of platforms in one spelling, whatever the order in which they were given. */
function choiceOf(platforms: readonly Platform[]): string {
  return [...new Set(platforms.map((platform) => formatPlatform(normalizedPlatform(platform))))].sort().join(',');
}
