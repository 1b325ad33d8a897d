import { isFileSystemLayer, isIndexType } from '../../../image/media-types';
import { parseJson } from '../../../image/parse-json';
import { formatPlatform } from '../../../image/platform';
import { sanitizeForLog } from '../../../image/sanitize';
import type { ImageReader } from '../../copy/image-reader';
import type { Manifest } from '../../copy/manifest';
import { IndexEntry, parseIndex, parsePlatformFields } from '../../copy/platforms';

/** An image of one platform, which Amazon ECR can scan. It can't scan an index. */
export interface ScannedImage {
  readonly digest: string;
  /** The image as messages name it: its platform, or the start of its digest. */
  readonly name: string;
}

/**
 * Finds the images that must be scanned: every image that an index and its nested indexes list, or the single image.
 *
 * Attestations and other artifacts are left out, because a scan of them fails. An entry is an artifact if it has no layer of a file system. The
 * description in the index does not count: an index could call a runnable image an attestation.
 */
export async function scannedImages(digest: string, reader: ImageReader): Promise<ScannedImage[]> {
  const root = await reader.manifest({ digest });
  if (!isIndexType(root.mediaType)) return [{ digest, name: shortName(digest) }];
  const images = new Map<string, ScannedImage>();
  const read = new Set([digest]);
  const indexes = [root];
  for (let index = indexes.shift(); index !== undefined; index = indexes.shift()) {
    for (const entry of parseIndex(index).manifests) {
      const platform = parsePlatformFields(entry.platform);
      const name = platform === undefined ? shortName(entry.digest) : sanitizeForLog(formatPlatform(platform), MAX_NAME);
      const image = { digest: entry.digest, name };
      if (platform !== undefined && isPlainImage(entry)) images.set(entry.digest, image);
      if (images.has(entry.digest) || read.has(entry.digest)) continue;
      read.add(entry.digest);
      const manifest = await reader.manifest(entry);
      if (isIndexType(manifest.mediaType)) indexes.push(manifest);
      else if (hasFileSystem(manifest)) images.set(entry.digest, image);
    }
  }
  return [...images.values()];
}

const MAX_NAME = 60;

/** Whether an index says that an entry is an image, so that it is scanned without a look at its manifest. */
function isPlainImage({ artifactType, mediaType }: IndexEntry & { readonly artifactType?: unknown }): boolean {
  return artifactType === undefined && mediaType !== undefined && !isIndexType(mediaType);
}

/** A layer without a media type counts, because clients can read it as a layer of a file system. */
function hasFileSystem(manifest: Manifest): boolean {
  const { layers } = Object(parseJson(manifest.bytes.toString('utf8'))) as { layers?: unknown };
  return Array.isArray(layers) && layers.some((layer: unknown) => {
    const { mediaType } = Object(layer) as { mediaType?: unknown };
    return typeof mediaType !== 'string' || mediaType === '' || isFileSystemLayer(mediaType);
  });
}

function shortName(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
