/** The engine between the registries of other projects, with every kind of image, judged by other projects' clients. */
import { ImageKind, imageKinds, ImageKinds, KIND_NAMES, repositoryOf } from './image-kinds';
import { digestAsRead, manifestsAsRead, platformAsRead, validate } from './judges';
import { pushImage } from './push-image';
import { areAllInstalled, REGISTRIES, RegistryName, startAllRegistries, stopAll } from './registries';
import type { RegistryProcess } from './registry-process';
import type { FailureReason } from '../../src/engine/result';
import type { FixtureImage } from '../support/fixture-images';
import { mirrorOne } from '../support/mirror-request';
import { ALL_CASES } from '../support/random-cases';

/** How a registry answers whoever puts a kind that it does not hold, and what the engine calls that. */
interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly reason: FailureReason;
}

const KIND: Refusal = { status: 415, code: 'MANIFEST_INVALID', reason: 'unsupported-manifest' };
const ERROR: Refusal = { status: 500, code: 'MANIFEST_BLOB_UNKNOWN', reason: 'registry-error' };
const LAYER: Refusal = { status: 400, code: 'MANIFEST_BLOB_UNKNOWN', reason: 'registry-error' };
const REFUSED: Readonly<Partial<Record<RegistryName, Partial<Record<ImageKind, Refusal>>>>> = {
  // Unless it is told where such layers may lie, as distribution is here.
  'docker-registry': { 'an OCI image with a layer at its own URL': ERROR, 'a Docker image with a layer at its own URL': ERROR },
  'olareg': { 'an OCI image with a layer at its own URL': LAYER, 'a Docker image with a layer at its own URL': LAYER },
  'zot': {
    'a Docker manifest list': KIND,
    'a Docker image': KIND,
    'a Docker image with a layer at its own URL': KIND,
    'an OCI image with a layer at its own URL': { ...LAYER, code: 'BLOB_UNKNOWN' },
  },
};
/** All pairs in scheduled CI. Otherwise each registry to the next one, so that each is a source and a target of every kind. */
const PAIRS = REGISTRIES.flatMap((source, index) => {
  const targets = ALL_CASES ? REGISTRIES : [REGISTRIES[(index + 1) % REGISTRIES.length]];
  return targets.map((target) => [source, target] as const);
});

const heldBy = (name: RegistryName): ImageKind[] => KIND_NAMES.filter((kind) => REFUSED[name]?.[kind] === undefined);
const refusedBy = (name: RegistryName): ImageKind[] => KIND_NAMES.filter((kind) => REFUSED[name]?.[kind] !== undefined);
const REFUSALS = REGISTRIES.flatMap((name) => refusedBy(name).map((kind) => [name, kind] as const));

(areAllInstalled() ? describe : describe.skip)('registries', () => {
  // Processes of their own for the targets: some registries find a blob of one repository in all of them, and would be sent nothing.
  let sources: Record<RegistryName, RegistryProcess>;
  let targets: Record<RegistryName, RegistryProcess>;
  const images = Object.fromEntries(REGISTRIES.map((name) => [name, imageKinds(name)])) as Record<RegistryName, ImageKinds>;

  beforeAll(async () => {
    [sources, targets] = await Promise.all([startAllRegistries(), startAllRegistries()]);
    await Promise.all(REGISTRIES.map(async (name) => {
      for (const kind of heldBy(name)) await pushImage(sources[name].host, `source/${repositoryOf(kind)}`, '1.0.0', images[name][kind]);
    }));
  });

  afterAll(() => Promise.all([stopAll(sources), stopAll(targets)]));

  const sourceOf = (name: RegistryName, kind: ImageKind): string => `${sources[name].host}/source/${repositoryOf(kind)}:1.0.0`;

  async function isReadAs(reference: string, { bytes, digest }: FixtureImage): Promise<void> {
    const [read, manifests] = await Promise.all([digestAsRead(reference), manifestsAsRead(reference)]);
    expect(read).toBe(digest);
    for (const manifest of manifests) expect(manifest.equals(bytes)).toBe(true);
  }

  test.each(REFUSALS)('%s does not take %s, whoever puts it', async (name, kind) => {
    const { status, code } = REFUSED[name]![kind]!;
    const put = pushImage(sources[name].host, `refused/${repositoryOf(kind)}`, '1.0.0', images[name][kind]);
    await expect(put).rejects.toThrow(new RegExp(`is answered ${status}: .*"${code}"`));
  });

  test.each(REGISTRIES)('within %s, contents are not sent from one repository to another', async (name) => {
    const image = images[name]['an OCI index'];
    const to = `${sources[name].host}/mirror/within:1.0.0`;
    expect(await mirrorOne(sourceOf(name, 'an OCI index'), to)).toMatchObject({ outcome: 'copied', bytesCopied: 0, blobsSkipped: image.blobs.length });
    await Promise.all([isReadAs(to, image), validate(to)]);
  });

  describe.each(PAIRS)('from %s to %s', (source, target) => {
    const targetOf = (name: string): string => `${targets[target].host}/from-${source}/${name}:1.0.0`;
    const refused = refusedBy(target).filter((kind) => heldBy(source).includes(kind));

    test.each(heldBy(source).filter((kind) => !refused.includes(kind)))('%s arrives byte for byte, as every client reads it', async (kind) => {
      const image = images[source][kind];
      const to = targetOf(repositoryOf(kind));
      const result = await mirrorOne(sourceOf(source, kind), to);
      expect(result).toMatchObject({ outcome: 'copied', sourceDigest: image.digest, targetDigest: image.digest });
      expect(result.warnings).toBeUndefined();
      expect(result.blobsCopied + result.blobsSkipped).toBe(image.blobs.length);
      expect(result.blobsCopied).toBeGreaterThanOrEqual(image.blobs.filter(({ size }) => size > 2).length); // the empty ones may be there
      // crane wants every layer to be in the registry, and these are not.
      await Promise.all([isReadAs(to, image), kind.endsWith('own URL') || validate(to)]);
    });

    for (const kind of refused) {
      test(`${kind} is refused in words, and leaves no tag`, async () => {
        const { status, code, reason } = REFUSED[target]![kind]!;
        const to = targetOf(repositoryOf(kind));
        const { message, ...result } = await mirrorOne(sourceOf(source, kind), to);
        expect(result).toMatchObject({ outcome: 'failed', reason });
        expect(message).toMatch(new RegExp(`^${targets[target].host}: cannot put manifest from-${source}/${repositoryOf(kind)}[:@].*HTTP ${status}, ${code}: `));
        await expect(digestAsRead(to)).rejects.toThrow('MANIFEST_UNKNOWN');
      });
    }

    test('the second time it is unchanged, which costs one request on each side', async () => {
      const [from, to] = [sourceOf(source, 'an OCI index'), targetOf('twice')];
      await mirrorOne(from, to);
      expect(await mirrorOne(from, to)).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 });
    });

    test('a choice of platforms is an index that every client reads alike, and is unchanged the second time', async () => {
      const [from, to] = [sourceOf(source, 'an index with attestations'), targetOf('some')];
      const { targetDigest } = await mirrorOne(from, to, { platforms: ['linux/arm64'] });
      const [read, [first, ...others], platform] = await Promise.all([digestAsRead(to), manifestsAsRead(to), platformAsRead(to, 'linux/arm64'), validate(to)]);
      expect(read).toBe(targetDigest);
      for (const other of others) expect(other.equals(first)).toBe(true);
      expect(platform).toBe('linux/arm64');
      expect(await mirrorOne(from, to, { platforms: ['linux/arm64'] })).toMatchObject({ outcome: 'unchanged', targetDigest, requests: { source: 1, target: 1 } });
    });
  });
});
