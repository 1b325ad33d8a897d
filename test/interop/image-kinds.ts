import { OCI_MANIFEST } from '../../src/image/media-types';
import { blobOf, digestOf, FixtureBlob, seededBytes } from '../support/fixture-blob';
import { artifact, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';

/**
 * One image of every kind that registries hold.
 *
 * @param seed decides all bytes, but for those of the empty config and the layer of no bytes
 */
export function imageKinds(seed: string) {
  return {
    'an OCI index': multiPlatformImage({ seed, sharedLayers: 1 }),
    'an OCI image': singleImage({ seed: `${seed} single` }),
    'a Docker manifest list': multiPlatformImage({ seed: `${seed} list`, family: 'docker' }),
    'a Docker image': singleImage({ seed: `${seed} docker`, family: 'docker' }),
    'an index of indexes': indexOf([multiPlatformImage({ seed: `${seed} nested` }), singleImage({ seed: `${seed} beside` })]),
    'an index with attestations': multiPlatformImage({ seed: `${seed} attested`, attestations: true }),
    'an artifact with the empty config': artifact({ seed }),
    'a Helm chart': helmChart(seed),
    'a WebAssembly module': webAssemblyModule(seed),
    'an image with a layer listed twice': singleImage({ seed: `${seed} twice`, duplicateLayer: true }),
    'an image with a layer of no bytes': singleImage({ seed: `${seed} empty`, emptyLayer: true }),
    'an image with its contents in its manifest': inlineImage(seed),
    'an OCI image with a layer at its own URL': singleImage({ seed: `${seed} elsewhere`, nonDistributableUrls: ['https://layers.example/oci'] }),
    'a Docker image with a layer at its own URL': singleImage({ seed: `${seed} foreign`, family: 'docker', nonDistributableUrls: ['https://layers.example/docker'] }),
    'an image of 300 layers': singleImage({ seed: `${seed} many layers`, layers: 300, layerBytes: 100 }),
    'an index of 60 platforms': multiPlatformImage({ seed: `${seed} many platforms`, platforms: SIXTY_PLATFORMS, layers: 0, sharedLayers: 1 }),
  } as const satisfies Readonly<Record<string, FixtureImage>>;
}

export type ImageKind = keyof ReturnType<typeof imageKinds>;
export type ImageKinds = Readonly<Record<ImageKind, FixtureImage>>;

const SIXTY_PLATFORMS = Array.from({ length: 60 }, (_, index) => `linux/arch${index}`);

/** The kinds by name. */
export const KIND_NAMES = Object.keys(imageKinds('names')) as ImageKind[];

/** A repository's name for a kind. */
export function repositoryOf(kind: ImageKind): string {
  return kind.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

/** As `helm push` writes them. */
function helmChart(seed: string): FixtureImage {
  return imageOf({ type: 'application/vnd.cncf.helm.config.v1+json', blob: blobOf(JSON.stringify({ apiVersion: 'v2', name: seed, version: '0.1.0' })) },
    { type: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', blob: blobOf(seededBytes(`${seed} chart`, 3000)) });
}

/** @see https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/ */
function webAssemblyModule(seed: string): FixtureImage {
  const module = blobOf(Buffer.concat([Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), seededBytes(`${seed} module`, 500)]));
  const config = { architecture: 'wasm', os: 'wasip1', layerDigests: [module.digest] };
  return imageOf({ type: 'application/vnd.wasm.config.v0+json', blob: blobOf(JSON.stringify(config)) }, { type: 'application/wasm', blob: module });
}

function inlineImage(seed: string): FixtureImage {
  const layer = seededBytes(`${seed} inline`, 300);
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }));
  return imageOf({ type: 'application/vnd.oci.image.config.v1+json', blob: blobOf(config), data: config.toString('base64') },
    { type: 'application/vnd.oci.image.layer.v1.tar', blob: blobOf(layer), data: layer.toString('base64') });
}

interface Content {
  readonly type: string;
  readonly blob: FixtureBlob;
  /** The bytes themselves, where the manifest carries them. */
  readonly data?: string;
}

/** An OCI manifest of anything. */
function imageOf(config: Content, layer: Content): FixtureImage {
  const descriptor = ({ type, blob, data }: Content) => ({ mediaType: type, digest: blob.digest, size: blob.size, data });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptor(config), layers: [descriptor(layer)] }));
  const root = { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes };
  return { ...root, manifests: [root], blobs: [config.blob, layer.blob] };
}
