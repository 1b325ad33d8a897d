/** An upstream index with the annotations of this engine: upstream is a mirror, or imitates one. */
import { FixtureImage, indexOf, singleImage } from '../support/fixture-images';
import { platform } from '../support/mirror-request';
import { MirroringOptions } from '../support/mirroring';
import { UpstreamAndEcr } from '../support/upstream-and-ecr';

const SOURCE_DIGEST = 'io.github.cdk-ecr-mirror.source-digest';
const ATTESTATIONS = 'io.github.cdk-ecr-mirror.attestations';
const PLATFORMS = 'io.github.cdk-ecr-mirror.platforms';

let both: UpstreamAndEcr;

afterEach(async () => {
  expect(both.errors).toEqual([]);
  await both.close();
});

async function start(image: FixtureImage): Promise<void> {
  both = await new UpstreamAndEcr({ strict: true }).start(image);
}

const run = (options: MirroringOptions = {}) => both.run('mirror/app', options);

interface Index {
  readonly manifests: { readonly digest: string }[];
  readonly annotations: Record<string, string>;
}

const held = (): Index => JSON.parse(both.ecr.repository('mirror/app').find('1.0.0')!.bytes.toString());

const CHILDREN = [singleImage({ platform: 'linux/amd64' }), singleImage({ platform: 'linux/arm64' })];
const UPSTREAM = indexOf(CHILDREN);
/** The same images in an index that claims to be made from another digest. */
const claiming = (digest: string, more: object = {}) => indexOf(CHILDREN, {
  annotations: { [SOURCE_DIGEST]: digest, [ATTESTATIONS]: 'left-out', 'org.example.kept': 'yes', ...more },
});

test.each(['left-out', 'as-upstream'])('an index that hides a later image is replaced by that image (%s)', async (claim) => {
  const hiding = claiming(UPSTREAM.digest, { [ATTESTATIONS]: claim });
  await start(hiding);
  expect(await run({ kind: 'floating' })).toMatchObject({ outcome: 'copied', sourceDigest: hiding.digest });
  both.upstream.push('app', '1.0.0', UPSTREAM);
  expect(await run({ kind: 'floating' })).toMatchObject({ outcome: 'copied', sourceDigest: UPSTREAM.digest, targetDigest: UPSTREAM.digest });
});

test('an index of a mirror is copied once, with its own annotations, other annotations, and a warning', async () => {
  const ofMirror = claiming(`sha256:${'a'.repeat(64)}`);
  await start(ofMirror);
  const first = await run();
  expect(first).toMatchObject({ outcome: 'copied', sourceDigest: ofMirror.digest, warnings: [expect.stringContaining('if it is a mirror of this kind')] });
  expect(held().annotations).toEqual({
    [SOURCE_DIGEST]: ofMirror.digest, [ATTESTATIONS]: 'as-upstream', 'org.example.kept': 'yes',
  });
  expect(held().manifests.map(({ digest }) => digest)).toEqual(CHILDREN.map(({ digest }) => digest));
  expect(await run()).toMatchObject({ outcome: 'unchanged', targetDigest: first.targetDigest });
});

test('an index with a pinned digest is copied byte for byte', async () => {
  const ofMirror = claiming(`sha256:${'a'.repeat(64)}`);
  await start(ofMirror);
  expect(await run({ expectedDigest: ofMirror.digest })).toMatchObject({ outcome: 'copied', targetDigest: ofMirror.digest });
  expect(await run({ expectedDigest: ofMirror.digest })).toMatchObject({ outcome: 'unchanged', targetDigest: ofMirror.digest });
});

test('an index of a mirror keeps none of them in a selection of platforms', async () => {
  const ofMirror = claiming(`sha256:${'a'.repeat(64)}`, { [PLATFORMS]: 'linux/s390x' });
  await start(ofMirror);
  const platforms = [platform('linux/amd64')];
  await run({ platforms, attestations: 'KEEP' });
  expect(held().annotations).toEqual({ [SOURCE_DIGEST]: ofMirror.digest, [PLATFORMS]: 'linux/amd64', 'org.example.kept': 'yes' });
  expect(await run({ platforms, attestations: 'KEEP' })).toMatchObject({ outcome: 'unchanged' });
});
