import type { BuiltImage } from './held-images';
import type { Recipe } from './recipe';
import { OCI_INDEX } from '../../image/media-types';
import { Manifest, readManifest } from '../copy/manifest';
import { digestOf } from '../digest';

/**
 * The index of the customised images of all platforms: the same bytes from the same images, whoever makes it.
 *
 * It is OCI's, also where Docker pushes manifests of its own kind, for only OCI's has annotations.
 *
 * @param registry where it goes, for errors
 */
export function builtIndex(images: readonly BuiltImage[], recipe: Recipe, registry: string): Manifest {
  const manifests = images.map(({ platform, manifest: { mediaType, digest, bytes } }) => ({ mediaType, digest, size: bytes.length, platform }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: recipe.labels }), 'utf8');
  return readManifest({ bytes, mediaType: OCI_INDEX }, digestOf(bytes), registry);
}
