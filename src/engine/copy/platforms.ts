import type { ImageReader } from './image-reader';
import { type Descriptor, indexFields, Manifest, readManifest, textFields } from './manifest';
import { isIndexType } from '../../image/media-types';
import { parseJson } from '../../image/parse-json';
import { formatPlatform, normalizedPlatform, Platform, samePlatform } from '../../image/platform';
import { sanitizeForLog } from '../../image/sanitize';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';

/** The maximum depth of nested indexes. */
export const MAX_INDEX_DEPTH = 4;

/** An entry of an index, with known fields only. */
export interface IndexEntry {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The content of an index, with known fields only. */
export interface IndexContent {
  readonly manifests: readonly IndexEntry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Parses the content of an index. */
export function parseIndex(index: Manifest): IndexContent {
  const fields = indexFields(index);
  return { ...fields, manifests: fields.manifests ?? [] } as IndexContent;
}

/** Whether an entry of an index is for a platform. */
function isForPlatform({ platform }: IndexEntry, expected: Platform): boolean {
  const actual = parsePlatformFields(platform);
  return actual !== undefined && samePlatform(expected, actual);
}

/**
 * Parses the platform of an entry or of an image's configuration; undefined when there is none.
 *
 * Attestations have the platform `unknown/unknown`, which is undefined too.
 */
export function parsePlatformFields(value: unknown): Platform | undefined {
  const { os, architecture, variant } = Object(value) as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || os === 'unknown') return undefined;
  return { os, architecture, ...typeof variant === 'string' && variant !== '' ? { variant } : {} };
}

/** The error for an index that lacks platforms. It names the platforms that the index has. */
function missingPlatformsError(registry: string, digest: string, missing: readonly Platform[], entries: readonly IndexEntry[]): MirrorError {
  const platforms = new Set(entries.flatMap(({ platform }) => parsePlatformFields(platform) ?? []).map(formatPlatform));
  const available = sanitizeForLog([...platforms].join(', ')) || 'none';
  return new MirrorError('not-found', `${registry}: ${digest} has no image for ${missing.map(formatPlatform).join(', ')}; it has ${available}`);
}

/** The image of one platform. */
export type PlatformImage = Pick<Descriptor, 'digest' | 'size'> & { readonly platform: Platform };

/**
 * Finds the image of each platform.
 *
 * In an index it is the first entry for the platform; entries of nested indexes come last.
 * An image that is not an index has the platform in its configuration.
 *
 * @throws MirrorError when there is no image for a platform
 */
export async function platformImages(root: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<PlatformImage[]> {
  if (!isIndexType(root.mediaType)) {
    await requireOwnPlatform(root, platforms, reader);
    return platforms.map((platform) => ({ platform, digest: root.digest }));
  }
  const entries: IndexEntry[] = [];
  const missing = () => platforms.filter((platform) => !entries.some((entry) => isForPlatform(entry, platform)));
  let indexes = [root];
  for (let depth = 1; indexes.length > 0; depth++) {
    const listed = indexes.flatMap((index) => parseIndex(index).manifests);
    entries.push(...listed.filter((entry) => !isIndexEntry(entry)));
    const nested = missing().length > 0 && depth < MAX_INDEX_DEPTH ? listed.filter(isIndexEntry) : [];
    const read = await Promise.all(nested.map((entry) => reader.manifest(entry)));
    indexes = read.filter(({ mediaType }) => isIndexType(mediaType));
  }
  if (missing().length > 0) throw missingPlatformsError(reader.registry, root.digest, missing(), entries);
  return platforms.map((platform) => {
    const { digest, size } = entries.find((entry) => isForPlatform(entry, platform))!;
    return { platform, digest, size };
  });
}

function isIndexEntry({ mediaType }: IndexEntry): boolean {
  return typeof mediaType === 'string' && isIndexType(mediaType);
}

async function requireOwnPlatform(image: Manifest, platforms: readonly Platform[], reader: ImageReader): Promise<void> {
  const own = parsePlatformFields(await reader.configuration(image));
  const others = platforms.filter((platform) => own === undefined || !samePlatform(platform, own));
  if (others.length === 0) return;
  const actual = own === undefined ? 'has no platform in its configuration' : `is for ${sanitizeForLog(formatPlatform(own))}`;
  const problem = `${image.digest} has no image for ${others.map(formatPlatform).join(', ')}: it is not an index, and ${actual}`;
  throw new MirrorError('not-found', `${reader.registry}: ${problem}`);
}

/** The annotations of the engine start with this text. */
export const ANNOTATION_PREFIX = 'io.github.cdk-ecr-mirror.';
/** The annotation with the digest of the source index. A run compares it to find out whether upstream has changed. */
export const SOURCE_DIGEST_ANNOTATION = `${ANNOTATION_PREFIX}source-digest`;
/** The annotation with the selected platforms. Another selection makes another index. A platform that the source lacks has a question mark. */
export const PLATFORMS_ANNOTATION = `${ANNOTATION_PREFIX}platforms`;

/** The annotation of BuildKit that links an attestation to its manifest. */
const ATTESTATION_SUBJECT = 'vnd.docker.reference.digest';

/**
 * Makes an index with the selected platforms and their attestations. The same source always gives the same index.
 *
 * The entries keep their known fields and their order. An image that is not an index is returned unchanged.
 *
 * @throws MirrorError when the index lacks a selected platform
 */
export function subsetOf(source: Manifest, platforms: readonly Platform[], registry: string): Manifest {
  const missing = missingPlatforms(source, platforms);
  if (missing.length > 0) throw missingPlatformsError(registry, source.digest, missing, parseIndex(source).manifests);
  return makeSubset(source, platforms, formatSelection(platforms), registry);
}

/**
 * Makes an index with those of the selected platforms that the source has, and their attestations. The same source always gives the same index.
 *
 * A source that has no other platforms is returned unchanged, so it keeps its digest and its signatures.
 *
 * @throws MirrorError when the index has none of the selected platforms
 */
export function availableSubsetOf(source: Manifest, platforms: readonly Platform[], registry: string): Manifest {
  const missing = missingPlatforms(source, platforms);
  if (missing.length === platforms.length) throw missingPlatformsError(registry, source.digest, missing, parseIndex(source).manifests);
  const subset = makeSubset(source, platforms, formatSelection(platforms, missing), registry);
  if (subset === source) return source;
  const isWhole = parseIndex(subset).manifests.length === parseIndex(source).manifests.length;
  // With the annotation of upstream, a later run would compare the wrong source digest.
  return isWhole && platformsOf(source) === undefined ? source : subset;
}

/** The selected platforms that an index lacks; none for an image that is not an index. */
export function missingPlatforms(source: Manifest, platforms: readonly Platform[]): Platform[] {
  if (!isIndexType(source.mediaType)) return [];
  const { manifests } = parseIndex(source);
  return platforms.filter((platform) => !manifests.some((entry) => isForPlatform(entry, platform)));
}

/** @param selection the selection as the annotation has it */
function makeSubset(source: Manifest, platforms: readonly Platform[], selection: string, registry: string): Manifest {
  if (!isIndexType(source.mediaType)) return source;
  const index = parseIndex(source);
  const kept = index.manifests.filter((entry) => platforms.some((platform) => isForPlatform(entry, platform)));
  const keptDigests = new Set<unknown>(kept.map(({ digest }) => digest));
  const manifests = index.manifests.filter((entry) => keptDigests.has(entry.digest) || keptDigests.has(entry.annotations?.[ATTESTATION_SUBJECT]));
  const own = { [SOURCE_DIGEST_ANNOTATION]: source.digest, [PLATFORMS_ANNOTATION]: selection };
  const annotations = { ...upstreamAnnotations(index), ...own };
  return newIndex(source, { ...index, manifests, annotations }, registry);
}

/** The annotations of an upstream index without those of the engine. Upstream has them if it is a mirror, or imitates one. */
export function upstreamAnnotations({ annotations = {} }: IndexContent): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !name.startsWith(ANNOTATION_PREFIX)));
}

/** Makes an index from the changed content of another. Fields keep their order, so the same source always gives the same digest. */
export function newIndex({ mediaType }: Manifest, content: IndexContent, registry: string): Manifest {
  const bytes = Buffer.from(JSON.stringify(content), 'utf8');
  return readManifest({ bytes, mediaType }, digestOf(bytes), registry);
}

/**
 * The digest of the source that an index was made from; undefined for an index that the engine did not make, or one with other platforms.
 *
 * The engine makes only indexes, so the annotations of a manifest do not count: upstream wrote them.
 *
 * @param platforms the selection of platforms; undefined for all
 * @param ifAvailable whether the source may lack some of the platforms
 */
export function sourceDigestOf(
  received: ReceivedManifest, platforms: readonly Platform[] | undefined, ifAvailable: boolean = false,
): string | undefined {
  if (!isIndexType(received.mediaType)) return undefined;
  const annotations = annotationsOf(received);
  const annotated = annotations[PLATFORMS_ANNOTATION];
  const selection = ifAvailable ? annotated?.replaceAll('?', '') : annotated;
  return selection === (platforms && formatSelection(platforms)) ? annotations[SOURCE_DIGEST_ANNOTATION] : undefined;
}

/** The selected platforms that a subset has; undefined for an index that is not a subset. */
export function platformsOf(received: ReceivedManifest): string | undefined {
  return annotationsOf(received)[PLATFORMS_ANNOTATION]?.split(',').filter((platform) => !platform.endsWith('?')).join(',');
}

/** The annotations of an index or a manifest that have text values. */
export function annotationsOf({ bytes }: ReceivedManifest): Readonly<Record<string, string | undefined>> {
  const { annotations } = Object(parseJson(bytes.toString('utf8'))) as { annotations?: unknown };
  return textFields(annotations);
}

/** A selection of platforms in normalized form, independent of the order. The missing platforms have a question mark. */
function formatSelection(platforms: readonly Platform[], missing: readonly Platform[] = []): string {
  const format = (platform: Platform) => formatPlatform(normalizedPlatform(platform));
  const marked = new Set(missing.map(format));
  return [...new Set(platforms.map(format))].sort().map((platform) => marked.has(platform) ? `${platform}?` : platform).join(',');
}
