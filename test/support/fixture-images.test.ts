import { blobOf, digestOf, generatedBlob, seededBytes } from './fixture-blob';
import { artifact, indexOf, multiPlatformImage, schema1Image, singleImage } from './fixture-images';
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types';

async function digestOfStream(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return digestOf(Buffer.concat(all));
}

test('makes equal images from equal options and others from another seed', () => {
  expect(multiPlatformImage({ seed: 'a' }).digest).toBe(multiPlatformImage({ seed: 'a' }).digest);
  expect(multiPlatformImage({ seed: 'a' }).digest).not.toBe(multiPlatformImage({ seed: 'b' }).digest);
  expect(seededBytes('a', 1000).equals(seededBytes('b', 1000))).toBe(false);
});

test('gives blobs the digest and size of their bytes', async () => {
  for (const blob of [blobOf('text'), blobOf(''), generatedBlob('large', 2_500_000)]) {
    expect(await digestOfStream(blob.open())).toBe(blob.digest);
  }
});

test.each([['oci', OCI_INDEX, OCI_MANIFEST], ['docker', DOCKER_MANIFEST_LIST, DOCKER_MANIFEST]] as const)('writes %s media types', (family, index, manifest) => {
  const image = multiPlatformImage({ family, platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'], layers: 2, sharedLayers: 1 });
  expect(image.manifests.map(({ mediaType }) => mediaType)).toEqual([manifest, manifest, manifest, index]);
  expect(image.blobs).toHaveLength(3 * 3 + 1); // a config and two layers each, one layer shared
});

test('has a diff id for each layer of a config', async () => {
  const image = singleImage({ layers: 3 });
  let config = '';
  for await (const chunk of image.blobs[0].open()) config += chunk;
  expect(JSON.parse(config).rootfs.diff_ids).toHaveLength(3);
});

test('lists an attestation beside each platform', () => {
  const { manifests } = JSON.parse(multiPlatformImage({ attestations: true }).bytes.toString());
  expect(manifests[2]).toMatchObject({
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': manifests[0].digest },
  });
});

test('makes the unusual kinds', () => {
  const [duplicate, foreign] = [singleImage({ duplicateLayer: true, layers: 1 }), singleImage({ nonDistributableUrls: ['https://example.com/layer'] })];
  expect(JSON.parse(duplicate.bytes.toString()).layers).toHaveLength(2);
  expect(duplicate.blobs).toHaveLength(2);
  expect(JSON.parse(foreign.bytes.toString()).layers[0].urls).toEqual(['https://example.com/layer']);
  expect(JSON.parse(artifact().bytes.toString()).config.digest).toBe(digestOf('{}'));
  expect(indexOf([multiPlatformImage(), singleImage()]).manifests).toHaveLength(4); // the single image is the index's first child
  expect(schema1Image().mediaType).toContain('v1+prettyjws');
});
