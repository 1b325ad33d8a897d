import { DEFAULT_LOOKUPS, Semaphore } from './copy/copy-context';
import { ImageReader } from './copy/image-reader';
import type { Manifest } from './copy/manifest';
import { DEEPEST_INDEX, platformIn } from './copy/platforms';
import type { RegistryClient } from './registry/registry-client';
import type { RetryContext } from './registry/retry';
import { isIndexType } from '../image/media-types';
import { formatPlatform } from '../image/platform';

/** What an image is, beside its digest. */
export interface ImageDescription {
  /** When it was built, as it says itself; many images leave it out or set it to the epoch. */
  readonly created?: string;
  /** Bytes of all platforms together, what they share counted once. */
  readonly bytes: number;
  /** As `docker build --platform` writes them. */
  readonly platforms: readonly string[];
}

/** Reads what an image in the mirror is. It fetches manifests, so it is not for registries that count pulls. */
export async function describeImage(client: RegistryClient, run: RetryContext, digest: string): Promise<ImageDescription> {
  const reader = new ImageReader(client, run, new Semaphore(DEFAULT_LOOKUPS));
  const images = await imagesOf(reader, digest, 1);
  const sizes = new Map(images.flatMap(({ blobs }) => blobs.map((blob) => [blob.digest, blob.size] as const)));
  const configurations = await Promise.all(images.map((image) => reader.configuration(image)));
  const known = configurations.filter((configuration) => platformIn(configuration) !== undefined);
  const created = known.map((configuration) => configuration.created).filter((text): text is string => typeof text === 'string' && !Number.isNaN(Date.parse(text)));
  return {
    created: created.sort().at(-1),
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    platforms: [...new Set(known.map((configuration) => formatPlatform(platformIn(configuration)!)))],
  };
}

async function imagesOf(reader: ImageReader, digest: string, depth: number): Promise<Manifest[]> {
  const manifest = await reader.manifest({ digest });
  if (!isIndexType(manifest.mediaType) || depth > DEEPEST_INDEX) return [manifest];
  return (await Promise.all(manifest.children.map((child) => imagesOf(reader, child.digest, depth + 1)))).flat();
}
