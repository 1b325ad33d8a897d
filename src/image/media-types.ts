/**
 * The kinds of manifest that registries hold.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */

/** OCI's list of manifests, one for each platform. */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** OCI's manifest of one image or artifact. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Docker's list of manifests. */
export const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
/** Docker's manifest of one image. */
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** What a request for a manifest must accept; without it some registries convert, and the digest changes. */
export const ACCEPTED_MANIFESTS = [OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(', ');

/** Whether a media type is a list of other manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** Whether a media type is the manifest of one image or artifact. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether a media type is Docker's manifest of 2015, whose signatures change its bytes: it cannot be copied unchanged. */
export function isSchema1Type(mediaType: string): boolean {
  return /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(mediaType);
}

/**
 * Whether a layer's bytes stay at their `urls` instead of being copied (base layers of Windows images).
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#non-distributable-layers
 */
export function isNonDistributableType(mediaType: string): boolean {
  return /\.nondistributable\.|^application\/vnd\.docker\.image\.rootfs\.foreign\./.test(mediaType);
}
