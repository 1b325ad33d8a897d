import { blobOf, digestOf, FixtureBlob, seededBytes } from './fixture-blob';
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types';

/** One manifest, with the very bytes that a registry serves. */
export interface FixtureManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** An image of any kind: its own (root) manifest, and everything that it needs. */
export interface FixtureImage extends FixtureManifest {
  /** All manifests, children before their parents, the root last. */
  readonly manifests: readonly FixtureManifest[];
  /** All blobs that a registry must hold, each once. */
  readonly blobs: readonly FixtureBlob[];
  /** The platform of a single image, for the index that lists it. */
  readonly platform?: string;
}

/** Which of the two families of media types an image is written in. */
export type MediaTypeFamily = 'oci' | 'docker';

export interface SingleImageOptions {
  /** Decides all bytes. @default 'image' */
  readonly seed?: string;
  /** @default 'oci' */
  readonly family?: MediaTypeFamily;
  /** `os/architecture` or `os/architecture/variant`. @default 'linux/amd64' */
  readonly platform?: string;
  /** How many layers are generated. @default 2 */
  readonly layers?: number;
  /** Bytes of each generated layer. @default 1000 */
  readonly layerBytes?: number;
  /** Layers that come before the generated ones, for example ones that images share. @default - none */
  readonly baseLayers?: readonly FixtureBlob[];
  /** Adds a layer without bytes. @default false */
  readonly emptyLayer?: boolean;
  /** Lists the last layer twice. @default false */
  readonly duplicateLayer?: boolean;
  /** Adds a layer that no registry holds: its bytes are at these addresses. @default - none */
  readonly nonDistributableUrls?: readonly string[];
  /** @default - none */
  readonly annotations?: Record<string, string>;
}

/** The image of one platform. */
export function singleImage(options: SingleImageOptions = {}): FixtureImage {
  const { seed = 'image', family = 'oci', platform = 'linux/amd64', layers = 2, layerBytes = 1000 } = options;
  const generated = Array.from({ length: layers }, (_, index) => blobOf(seededBytes(`${seed} ${platform} layer ${index}`, layerBytes)));
  const held = [...options.baseLayers ?? [], ...generated, ...options.emptyLayer ? [blobOf('')] : []];
  const listed = options.duplicateLayer ? [...held, held[held.length - 1]] : held;
  const foreign = options.nonDistributableUrls ? [blobOf(seededBytes(`${seed} foreign`, 500))] : [];
  const config = blobOf(imageConfig(platform, [...foreign, ...listed]));
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES[family].manifest,
    config: { mediaType: MEDIA_TYPES[family].config, digest: config.digest, size: config.size },
    layers: [
      ...foreign.map(({ digest, size }) => ({ mediaType: MEDIA_TYPES[family].foreignLayer, digest, size, urls: options.nonDistributableUrls })),
      ...listed.map(({ digest, size }) => ({ mediaType: MEDIA_TYPES[family].layer, digest, size })),
    ],
    annotations: options.annotations,
  };
  return { ...fixtureOf(manifest, [], [config, ...held]), platform };
}

export interface MultiPlatformImageOptions extends Omit<SingleImageOptions, 'platform'> {
  /** @default ['linux/amd64', 'linux/arm64'] */
  readonly platforms?: readonly string[];
  /** How many further layers all platforms share. @default 0 */
  readonly sharedLayers?: number;
  /** Adds, for each platform, buildx's attestation manifest (`unknown/unknown`), as BuildKit 0.32 writes it if they are artifacts. @default false */
  readonly attestations?: boolean | 'artifacts';
}

/** An OCI index or a Docker manifest list with an image for each platform. */
export function multiPlatformImage(options: MultiPlatformImageOptions = {}): FixtureImage {
  const { seed = 'image', family = 'oci', platforms = ['linux/amd64', 'linux/arm64'], layerBytes = 1000, sharedLayers = 0 } = options;
  const shared = Array.from({ length: sharedLayers }, (_, index) => blobOf(seededBytes(`${seed} shared layer ${index}`, layerBytes)));
  const baseLayers = [...shared, ...options.baseLayers ?? []];
  const images = platforms.map((platform) => singleImage({ ...options, annotations: undefined, platform, baseLayers }));
  const attestations = options.attestations ? images.map((image) => attestation(seed, image, options.attestations === 'artifacts')) : [];
  return indexOf([...images, ...attestations], { family, annotations: options.annotations });
}

export interface IndexOptions {
  /** @default 'oci' */
  readonly family?: MediaTypeFamily;
  /** @default - none */
  readonly annotations?: Record<string, string>;
}

/** An index of any images, other indexes among them. */
export function indexOf(children: readonly FixtureImage[], options: IndexOptions = {}): FixtureImage {
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES[options.family ?? 'oci'].index,
    manifests: children.map((child) => ({
      mediaType: child.mediaType,
      digest: child.digest,
      size: child.bytes.length,
      ...child.platform ? { platform: platformOf(child.platform) } : {},
      ...attestedDigest(child),
    })),
    annotations: options.annotations,
  };
  return fixtureOf(index, children.flatMap(({ manifests }) => manifests), children.flatMap(({ blobs }) => blobs));
}

export interface ArtifactOptions {
  /** @default 'artifact' */
  readonly seed?: string;
  /** @default 'application/vnd.example.artifact.v1' */
  readonly artifactType?: string;
  /** The manifest that this one is about: makes it a referrer. @default - none */
  readonly subject?: FixtureManifest;
}

/** An OCI 1.1 artifact: the empty config `{}` and one layer that is no file system, such as a signature or an SBOM. */
export function artifact(options: ArtifactOptions = {}): FixtureImage {
  const { seed = 'artifact', artifactType = 'application/vnd.example.artifact.v1', subject } = options;
  const config = blobOf('{}');
  const layer = blobOf(seededBytes(`${seed} artifact`, 200));
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/octet-stream', digest: layer.digest, size: layer.size }],
    subject: subject && { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
  };
  return fixtureOf(manifest, [], [config, layer]);
}

/** Docker's signed manifest of 2015, which nobody can copy unchanged. */
export function schema1Image(seed = 'schema 1'): FixtureImage {
  const layer = blobOf(seededBytes(seed, 100));
  const manifest = {
    schemaVersion: 1,
    name: 'library/old',
    tag: 'latest',
    architecture: 'amd64',
    fsLayers: [{ blobSum: layer.digest }],
    history: [{ v1Compatibility: '{"id":"1"}' }],
    signatures: [{ protected: 'e30', signature: 'c2lnbmF0dXJl' }],
  };
  return { ...fixtureOf(manifest, [], [layer]), mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' };
}

/** The tag under which cosign keeps a digest's signature (`sig`), attestation (`att`) or SBOM (`sbom`). */
export function cosignTag(digest: string, suffix: 'sig' | 'att' | 'sbom' = 'sig'): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}

const MEDIA_TYPES = {
  oci: {
    index: OCI_INDEX,
    manifest: OCI_MANIFEST,
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
    foreignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  },
  docker: {
    index: DOCKER_MANIFEST_LIST,
    manifest: DOCKER_MANIFEST,
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    foreignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  },
} as const;

/** A manifest of any content, with what the registry has beside it. */
export function fixtureOf(manifest: object, manifests: readonly FixtureManifest[] = [], blobs: readonly FixtureBlob[] = []): FixtureImage {
  // Three spaces, as Docker writes them: who parses and prints a manifest anew changes its digest, and is found out.
  const bytes = Buffer.from(JSON.stringify(manifest, undefined, 3));
  const mediaType = 'mediaType' in manifest ? String(manifest.mediaType) : '';
  const root = { digest: digestOf(bytes), mediaType, bytes };
  return { ...root, manifests: [...once(manifests), root], blobs: once(blobs) };
}

function attestation(seed: string, image: FixtureImage, isArtifact: boolean): FixtureImage {
  const statement = blobOf(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', seed, subject: [{ digest: image.digest }] }));
  const config = blobOf(isArtifact ? '{}' : imageConfig('unknown/unknown', [statement]));
  const configType = isArtifact ? 'application/vnd.oci.empty.v1+json' : MEDIA_TYPES.oci.config;
  const { mediaType, digest, bytes: { length: size } } = image;
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...isArtifact ? { artifactType: 'application/vnd.docker.attestation.manifest.v1+json', subject: { mediaType, digest, size } } : {},
    config: { mediaType: configType, digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/vnd.in-toto+json', digest: statement.digest, size: statement.size }],
    annotations: { 'vnd.docker.reference.digest': image.digest },
  };
  return { ...fixtureOf(manifest, [], [config, statement]), platform: 'unknown/unknown' };
}

function attestedDigest(child: FixtureImage): object {
  if (child.platform !== 'unknown/unknown') return {};
  const digest: string = JSON.parse(child.bytes.toString()).annotations['vnd.docker.reference.digest'];
  return { annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest } };
}

function imageConfig(platform: string, layers: readonly FixtureBlob[]): string {
  const { os, architecture, variant } = platformOf(platform);
  return JSON.stringify({
    created: '1970-01-01T00:00:00Z',
    architecture,
    os,
    variant,
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digestOf(`uncompressed ${digest}`)) },
    history: layers.map((_, index) => ({ created: '1970-01-01T00:00:00Z', created_by: `layer ${index}` })),
  });
}

function platformOf(platform: string): { os: string; architecture: string; variant?: string } {
  const [os, architecture, variant] = platform.split('/');
  return { os, architecture, variant };
}

function once<T extends { digest: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.digest, item])).values()];
}
