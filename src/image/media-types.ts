/**
 * Media types of manifests and layers.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */

/** An OCI image index: the manifest of a multi-platform image. */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** An OCI image manifest: one image or artifact. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** A Docker manifest list: the manifest of a multi-platform image. */
export const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
/** A Docker image manifest: one image. */
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** The `Accept` header of manifest requests. Without it, some registries convert the manifest, which changes its digest. */
export const ACCEPTED_MANIFESTS = [OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(', ');

/** Whether a media type is an index: a list of other manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** Whether a media type is the manifest of one image or artifact. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether a media type is Docker's schema 1 manifest of 2015. Its signatures change its bytes, so it cannot be copied unchanged. */
export function isSchema1Type(mediaType: string): boolean {
  return /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(mediaType);
}

/**
 * Whether a layer is not distributable: clients download it from its `urls` and do not copy it (base layers of Windows images).
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#non-distributable-layers
 */
export function isNonDistributableType(mediaType: string): boolean {
  return /\.nondistributable\.|^application\/vnd\.docker\.image\.rootfs\.foreign\./.test(mediaType);
}

/**
 * Whether a layer is a part of the file system of an image. The layers of artifacts, such as attestations, have other types.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md
 */
export function isFileSystemLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./.test(mediaType);
}
