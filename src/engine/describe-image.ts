import { readManifest, Manifest } from './copy/manifest';
import { LARGEST_MANIFEST, RegistryClient } from './registry/registry-client';
import { RetryContext, withRetries } from './registry/retry';
import { isIndexType } from '../image/media-types';

/** What an image is, beside its digest. */
export interface ImageDescription {
  /** When it was built, as it says itself; many images leave it out or set it to the epoch. */
  readonly created?: string;
  /** Bytes of all platforms together, what they share counted once. */
  readonly bytes: number;
  /** As `docker build --platform` writes them. */
  readonly platforms: readonly string[];
}

interface Configuration {
  readonly created?: unknown;
  readonly os?: unknown;
  readonly architecture?: unknown;
  readonly variant?: unknown;
}

/** Reads what an image in the mirror is. It fetches manifests, so it is not for registries that count pulls. */
export async function describeImage(client: RegistryClient, run: RetryContext, digest: string): Promise<ImageDescription> {
  const images = await imagesOf(client, run, digest, 1);
  const sizes = new Map(images.flatMap(({ blobs }) => blobs.map((blob) => [blob.digest, blob.size] as const)));
  const configurations = await Promise.all(images.map((image) => configurationOf(client, run, image)));
  const known = configurations.filter(({ os, architecture }) => typeof os === 'string' && typeof architecture === 'string' && os !== '' && os !== 'unknown');
  const created = known.map((configuration) => configuration.created).filter((text): text is string => typeof text === 'string' && !Number.isNaN(Date.parse(text)));
  return {
    created: created.sort().at(-1),
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    platforms: [...new Set(known.map(({ os, architecture, variant }) => [os, architecture, ...variant ? [variant] : []].join('/')))],
  };
}

async function imagesOf(client: RegistryClient, run: RetryContext, digest: string, depth: number): Promise<Manifest[]> {
  const manifest = await withRetries(run, async () => readManifest(await client.manifest(digest), digest, client.endpoint.registry));
  if (!isIndexType(manifest.mediaType) || depth > 4) return [manifest];
  return (await Promise.all(manifest.children.map((child) => imagesOf(client, run, child.digest, depth + 1)))).flat();
}

/** The configuration of an image; empty for what has none that can be read. */
async function configurationOf(client: RegistryClient, run: RetryContext, { blobs }: Manifest): Promise<Configuration> {
  const [configuration] = blobs;
  if (configuration === undefined || configuration.size > LARGEST_MANIFEST) return {};
  try {
    const bytes = await withRetries(run, () => client.smallBlob(configuration.digest));
    return Object(JSON.parse(bytes.toString('utf8'))) as Configuration;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
