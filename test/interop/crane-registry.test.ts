/** The engine between three registries in all combinations, judged by three other clients. */
import { DockerRegistry, isInstalled } from './docker-registry';
import { CraneRegistry, isBuilt, outputOf } from './go-registries';
import { pushImage } from './push-image';
import { mirrorOne } from '../engine/mirror-request';
import { artifact, cosignTag, FixtureImage, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';

const TOOLS = [isBuilt('crane'), isBuilt('regctl'), isInstalled('skopeo'), isInstalled('docker-registry')].every(Boolean);

const IMAGES: Record<string, FixtureImage> = {
  'oci-index': multiPlatformImage({ seed: 'oci', attestations: true, sharedLayers: 1 }),
  'docker-list': multiPlatformImage({ seed: 'docker', family: 'docker' }),
  'oci-single': singleImage({ seed: 'oci single' }),
  'docker-single': singleImage({ seed: 'docker single', family: 'docker' }),
  'nested-index': indexOf([multiPlatformImage({ seed: 'nested' }), singleImage({ seed: 'beside' })]),
  'artifact': artifact({ seed: 'plain artifact' }),
  'many-layers': singleImage({ seed: 'many layers', layers: 300, layerBytes: 100 }),
  'many-platforms': multiPlatformImage({ seed: 'many platforms', platforms: Array.from({ length: 60 }, (_, index) => `linux/arch${index}`), layers: 1, layerBytes: 100 }),
};
const REFERRED = multiPlatformImage({ seed: 'referred' });
const SIGNATURE = artifact({ seed: 'signature', subject: REFERRED });
const COSIGN = artifact({ seed: 'cosign' });

type Kind = 'local' | 'distribution' | 'crane';
const KINDS: readonly Kind[] = ['local', 'distribution', 'crane'];
const PAIRS = KINDS.flatMap((source) => KINDS.map((target) => [source, target] as [Kind, Kind]));

(TOOLS ? describe : describe.skip)('registries', () => {
  let local: LocalRegistry;
  let distribution: DockerRegistry;
  let crane: CraneRegistry;

  beforeAll(async () => {
    [local, distribution, crane] = await Promise.all([new LocalRegistry().start(), DockerRegistry.start(), CraneRegistry.start()]);
    for (const kind of KINDS) {
      for (const [name, image] of Object.entries(IMAGES)) await pushImage(hostOf(kind), `source/${name}`, '1.0.0', image);
      await pushImage(hostOf(kind), 'source/referred', '1.0.0', REFERRED);
      await pushImage(hostOf(kind), 'source/referred', cosignTag(REFERRED.digest), COSIGN);
      await pushImage(hostOf(kind), 'source/referred', SIGNATURE.digest, SIGNATURE);
      if (kind !== 'local') await pushImage(hostOf(kind), 'source/referred', REFERRED.digest.replace(':', '-'), indexOf([SIGNATURE]));
    }
  });

  afterAll(async () => {
    expect(local.errors).toEqual([]);
    await Promise.all([local.close(), distribution.stop(), crane.stop()]);
  });

  const hostOf = (kind: Kind): string => ({ local, distribution, crane })[kind].host;

  /** What each client reads under a name, byte for byte. */
  function readings(reference: string): Promise<Buffer[]> {
    const [host] = reference.split('/');
    return Promise.all([
      outputOf('crane', ['manifest', '--insecure', reference]),
      outputOf('regctl', ['manifest', 'get', '--host', `reg=${host},tls=disabled`, '--format', 'raw-body', reference]),
      outputOf('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]),
    ]);
  }

  async function isJudgedEqual(reference: string, { bytes, digest }: FixtureImage): Promise<void> {
    expect((await outputOf('crane', ['digest', '--insecure', reference])).toString().trim()).toBe(digest);
    for (const reading of await readings(reference)) expect(reading.equals(bytes)).toBe(true);
  }

  describe.each(PAIRS)('from %s to %s', (source, target) => {
    const repositoryFor = (name: string) => `from-${source}/${name}`;

    test.each(Object.keys(IMAGES))('%s arrives byte for byte, as every client reads it', async (name) => {
      const image = IMAGES[name];
      const to = `${hostOf(target)}/${repositoryFor(name)}:1.0.0`;
      const result = await mirrorOne(`${hostOf(source)}/source/${name}:1.0.0`, to);
      expect(result).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
      expect(result.warnings).toBeUndefined();
      expect(result.blobsCopied + result.blobsSkipped).toBe(image.blobs.length);
      await isJudgedEqual(to, image);
      for (const { digest, bytes } of image.manifests.slice(0, 3)) {
        const child = await outputOf('crane', ['manifest', '--insecure', `${hostOf(target)}/${repositoryFor(name)}@${digest}`]);
        expect(child.equals(bytes)).toBe(true);
      }
    });

    test('the second time it is unchanged, which costs one request on each side', async () => {
      const [from, to] = [`${hostOf(source)}/source/oci-index:1.0.0`, `${hostOf(target)}/${repositoryFor('twice')}:1.0.0`];
      await mirrorOne(from, to);
      expect(await mirrorOne(from, to)).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
    });

    test('signatures of both kinds come along', async () => {
      const to = `${hostOf(target)}/${repositoryFor('referred')}`;
      const result = await mirrorOne(`${hostOf(source)}/source/referred:1.0.0`, `${to}:1.0.0`);
      expect(result).toMatchObject({ outcome: 'copied', targetDigest: REFERRED.digest, referrersCopied: 2 });
      expect(result.warnings).toBeUndefined();
      await isJudgedEqual(`${to}:${cosignTag(REFERRED.digest)}`, COSIGN);
      await isJudgedEqual(`${to}@${SIGNATURE.digest}`, SIGNATURE);
    });

    test('a choice of platforms is an index that every client reads alike, and is unchanged the second time', async () => {
      const [from, to] = [`${hostOf(source)}/source/oci-index:1.0.0`, `${hostOf(target)}/${repositoryFor('some')}:1.0.0`];
      const { targetDigest } = await mirrorOne(from, to, { platforms: ['linux/arm64'] });
      expect((await outputOf('crane', ['digest', '--insecure', to])).toString().trim()).toBe(targetDigest);
      const [first, ...others] = await readings(to);
      for (const other of others) expect(other.equals(first)).toBe(true);
      const config = await outputOf('crane', ['config', '--insecure', '--platform', 'linux/arm64', to]);
      expect(JSON.parse(config.toString())).toMatchObject({ architecture: 'arm64' });
      expect(await mirrorOne(from, to, { platforms: ['linux/arm64'] })).toMatchObject({ outcome: 'unchanged', targetDigest, requests: { source: 1, target: 1 } });
    });
  });
});
