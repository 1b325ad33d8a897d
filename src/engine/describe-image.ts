import { lookupLimit } from './copy/copy-context';
import { ImageReader } from './copy/image-reader';
import type { Manifest } from './copy/manifest';
import { MAX_INDEX_DEPTH, parsePlatformFields } from './copy/platforms';
import type { RegistryClient } from './registry/registry-client';
import type { RetryContext } from './registry/retry';
import { isIndexType } from '../image/media-types';
import { formatPlatform } from '../image/platform';

/** The facts about an image that `check --app` shows. */
export interface ImageDescription {
  /** The build time in the image's configuration. Many images leave it out, or set it to the epoch. */
  readonly created?: string;
  /** The size of all platforms together in bytes. Shared layers count once. */
  readonly bytes: number;
  /** In the spelling of `docker build --platform`. */
  readonly platforms: readonly string[];
}

/**
 * Reads the facts about an image from the mirror.
 *
 * It fetches manifests, so don't use it with a registry that counts pulls.
 */
export async function describeImage(client: RegistryClient, retryContext: RetryContext, digest: string): Promise<ImageDescription> {
  const reader = new ImageReader(client, retryContext, lookupLimit());
  const images = await readImages(reader, digest, 1);
  const sizes = new Map(images.flatMap(({ blobs }) => blobs.map((blob) => [blob.digest, blob.size] as const)));
  const configurations = await Promise.all(images.map((image) => reader.configuration(image)));
  const withPlatform = configurations.filter((configuration) => parsePlatformFields(configuration) !== undefined);
  const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(Date.parse(value));
  return {
    created: withPlatform.map(({ created }) => created).filter(isTime).sort().at(-1),
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    platforms: [...new Set(withPlatform.map((configuration) => formatPlatform(parsePlatformFields(configuration)!)))],
  };
}

async function readImages(reader: ImageReader, digest: string, depth: number): Promise<Manifest[]> {
  const manifest = await reader.manifest({ digest });
  if (!isIndexType(manifest.mediaType) || depth > MAX_INDEX_DEPTH) return [manifest];
  return (await Promise.all(manifest.children.map((child) => readImages(reader, child.digest, depth + 1)))).flat();
}
