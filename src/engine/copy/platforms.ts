import type { ImageReader } from './image-reader';
import { type Descriptor, Manifest, readManifest } from './manifest';
import { isIndexType } from '../../image/media-types';
import { formatPlatform, normalizedPlatform, Platform, samePlatform } from '../../image/platform';
import { sanitizeForLog } from '../../image/sanitize';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';

/** How deep an index may list other indexes. */
export const DEEPEST_INDEX = 4;

/** One image as an index lists it. That digests are digests was checked when the index was read, and nothing else. */
export interface IndexEntry {
  readonly mediaType?: unknown;
  readonly digest: string;
  readonly size: number;
  readonly platform?: unknown;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What an index lists. */
export interface IndexContent {
  readonly manifests: IndexEntry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The content of an index. */
export function indexContentOf({ bytes }: Manifest): IndexContent {
  return JSON.parse(bytes.toString('utf8')) as IndexContent;
}

/** Whether an entry is of a platform. */
export function isFor({ platform }: IndexEntry, asked: Platform): boolean {
  const offered = platformIn(platform);
  return offered !== undefined && samePlatform(asked, offered);
}

/** The platform that an entry or an image's configuration names; undefined for none, as of attestations, whose platform is `unknown/unknown`. */
export function platformIn(value: unknown): Platform | undefined {
  const { os, architecture, variant } = Object(value) as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || os === 'unknown') return undefined;
  return { os, architecture, ...typeof variant === 'string' && variant !== '' ? { variant } : {} };
}

/** Who asks for platforms that an index lacks is told which it has. */
export function lacksPlatforms(registry: string, digest: string, missing: readonly Platform[], entries: readonly IndexEntry[]): MirrorError {
  const offered = new Set(entries.flatMap(({ platform }) => platformIn(platform) ?? []).map(formatPlatform));
  const has = sanitizeForLog([...offered].join(', ')) || 'none';
  return new MirrorError('not-found', `${registry}: ${digest} has no image for ${missing.map(formatPlatform).join(', ')}; it has ${has}`);
}

/** The image of one platform. */
export type PlatformImage = Pick<Descriptor, 'digest' | 'size'> & { readonly platform: Platform };

/**
 * The image of each platform that an image is made of, by the manifest of its own: the first that an index lists,
 * before any that an index within lists. An image that is no index is that of the platform in its configuration.
 *
 * @throws MirrorError when there is none for a platform
 */
export async function platformImages(root: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<PlatformImage[]> {
  if (!isIndexType(root.mediaType)) {
    await refuseOtherPlatforms(root, platforms, reader);
    return platforms.map((platform) => ({ platform, digest: root.digest }));
  }
  const entries: IndexEntry[] = [];
  const lacking = () => platforms.filter((platform) => !entries.some((entry) => isFor(entry, platform)));
  let indexes = [root];
  for (let depth = 1; indexes.length > 0; depth++) {
    const listed = indexes.flatMap((index) => indexContentOf(index).manifests);
    entries.push(...listed.filter((entry) => !isIndex(entry)));
    const further = lacking().length > 0 && depth < DEEPEST_INDEX ? listed.filter(isIndex) : [];
    const read = await Promise.all(further.map((entry) => reader.manifest(entry)));
    indexes = read.filter(({ mediaType }) => isIndexType(mediaType));
  }
  if (lacking().length > 0) throw lacksPlatforms(reader.registry, root.digest, lacking(), entries);
  return platforms.map((platform) => {
    const { digest, size } = entries.find((entry) => isFor(entry, platform))!;
    return { platform, digest, size };
  });
}

function isIndex({ mediaType }: IndexEntry): boolean {
  return typeof mediaType === 'string' && isIndexType(mediaType);
}

async function refuseOtherPlatforms(image: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<void> {
  const own = platformIn(await reader.configuration(image));
  const others = platforms.filter((platform) => own === undefined || !samePlatform(platform, own));
  if (others.length === 0) return;
  const what = own === undefined ? 'and its configuration names no platform' : `but the one of ${sanitizeForLog(formatPlatform(own))}`;
  throw new MirrorError('not-found', `${reader.registry}: ${image.digest} is no image for ${others.map(formatPlatform).join(', ')}: it is no index, ${what}`);
}

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
