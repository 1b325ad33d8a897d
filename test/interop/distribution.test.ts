/** The engine and the distribution project's own registry, judged by skopeo. */
import { spawnSync } from 'node:child_process';
import { startDockerRegistry } from './docker-registry';
import type { RegistryProcess } from './registry-process';
import { isInstalled } from './tools';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { blobOf, seededBytes } from '../support/fixture-blob';
import { FixtureImage, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions } from '../support/mirroring';

const SKOPEO = isInstalled('skopeo');
const IMAGE = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'], attestations: true, sharedLayers: 1, layerBytes: 700_000 });

/** bcrypt of `secret`. */
const HTPASSWD = 'someone:$2b$04$mcFEXK.sUyTX4BhJskNhauvtgKsrCamhvqGdGvhs8oD//9oVCFPGy\n';

(isInstalled('docker-registry') ? describe : describe.skip)('distribution\'s registry', () => {
  let local: LocalRegistry;
  let registry: RegistryProcess;

  beforeAll(async () => {
    registry = await startDockerRegistry();
  });

  afterAll(() => registry.stop());

  beforeEach(async () => {
    local = await new LocalRegistry().start();
  });

  afterEach(async () => {
    expect(local.errors).toEqual([]);
    await local.close();
  });

  function push(repository: string, image: FixtureImage, options: MirroringOptions = {}) {
    local.push('app', '1.0.0', image);
    return mirror(`${local.host}/app:1.0.0`, `${registry.host}/${repository}:1.0.0`, options);
  }

  /** A manifest's bytes as another client reads them. */
  function raw(reference: string): Buffer {
    const { status, stdout, stderr } = spawnSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/${reference}`]);
    if (status !== 0) throw new Error(`skopeo inspect ${reference}: ${stderr}`);
    return stdout;
  }

  test.each([
    ['an OCI index with attestations', 'oci-index', IMAGE],
    ['a Docker manifest list', 'docker-list', multiPlatformImage({ family: 'docker' })],
    ['a single OCI image', 'oci-single', singleImage()],
    ['a single Docker image', 'docker-single', singleImage({ family: 'docker' })],
    ['a layer of no bytes', 'empty-layer', singleImage({ emptyLayer: true })],
    ['a layer that is listed twice', 'duplicate-layer', singleImage({ duplicateLayer: true })],
    ['a layer of 20 MB', 'large-layer', singleImage({ layers: 0, baseLayers: [blobOf(seededBytes('large', 20_000_000))] })],
  ])('takes %s, and gives it back byte for byte', async (_, repository, image) => {
    expect(await push(repository, image)).toMatchObject({ outcome: 'copied', targetDigest: image.digest, blobsCopied: image.blobs.length });
    expect(await mirror(`${registry.host}/${repository}:1.0.0`, `${local.host}/back:1.0.0`)).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(local.holds('back', image)).toBe(true);
  });

  (SKOPEO ? test : test.skip)('holds every manifest as skopeo reads it, byte for byte', async () => {
    await push('judged', IMAGE);
    expect(raw('judged:1.0.0').equals(IMAGE.bytes)).toBe(true);
    for (const { bytes, digest } of IMAGE.manifests) expect(raw(`judged@${digest}`).equals(bytes)).toBe(true);
  });

  test('is unchanged by a second run, which costs one request on each side', async () => {
    await push('twice', IMAGE);
    expect(await push('twice', IMAGE)).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
  });

  test('lets a floating tag move', async () => {
    await push('moving', singleImage());
    expect(await push('moving', IMAGE)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(await mirror(`${registry.host}/moving:1.0.0`, `${local.host}/moved:1.0.0`)).toMatchObject({ targetDigest: IMAGE.digest });
  });

  test('mounts the blobs of another repository', async () => {
    await push('mounted-from', IMAGE);
    expect(await mirror(`${registry.host}/mounted-from:1.0.0`, `${registry.host}/mounted-to:1.0.0`))
      .toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest, bytesCopied: 0, blobsSkipped: IMAGE.blobs.length });
  });

  test('has no such tag, in that word', async () => {
    expect(await mirror(`${registry.host}/missing:1.0.0`, `${local.host}/app:1.0.0`)).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });

  describe('with Basic authentication', () => {
    let guarded: RegistryProcess;

    beforeAll(async () => {
      guarded = await startDockerRegistry({ htpasswd: HTPASSWD });
    });

    afterAll(() => guarded.stop());

    function pushGuarded(password?: string) {
      const credentials: CredentialSource = {
        credentialFor: async (host) => host === guarded.host && password !== undefined ? { username: 'someone', password } : undefined,
      };
      local.push('app', '1.0.0', IMAGE);
      return mirror(`${local.host}/app:1.0.0`, `${guarded.host}/app:1.0.0`, { credentials });
    }

    test('takes an image from who knows the password', async () => {
      expect(await pushGuarded('secret')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    });

    test.each([undefined, 'wrong'])('is unauthorized to who does not (%s)', async (password) => {
      expect(await pushGuarded(password)).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
    });
  });
});
