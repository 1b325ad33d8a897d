/** What the mirror's tag holds, and content that a manifest carries along. */
import { SOURCE_DIGEST_ANNOTATION } from '../../src/engine/copy/platforms';
import { endpointOf } from '../../src/engine/registry/endpoint';
import { RegistryClient } from '../../src/engine/registry/registry-client';
import { TargetImage, TargetImageQuery, readTargetImage } from '../../src/engine/target-image';
import { Fault } from '../support/fault';
import { digestOf } from '../support/fixture-blob';
import { FixtureImage, multiPlatformImage, singleImage } from '../support/fixture-images';
import { mirrorOne, platform, withTools } from '../support/mirror-request';
import { withRegistries } from '../support/with-servers';

const IMAGE = multiPlatformImage();

const { upstream, target: registry } = withRegistries();

const ATTESTATIONS = { policy: 'KEEP_IF_ACCEPTED', isPinned: false } as const;

function held(platforms?: readonly string[], manifest?: boolean, attestations: TargetImageQuery['attestations'] = ATTESTATIONS): Promise<TargetImage | undefined> {
  return withTools(({ credentials, deadline, plainHttp, retry, signal, transport }) => {
    const client = new RegistryClient({ endpoint: endpointOf(registry.host, plainHttp(registry.host)), repository: 'app', access: 'pull', transport, credentials, signal });
    return readTargetImage(client, { deadline, retry, signal }, { tag: 'latest', platforms: platforms?.map(platform), manifest, attestations });
  });
}

/** The image with its configuration carried in the manifest. */
function carrying(image: FixtureImage, data: string): FixtureImage {
  const manifest = JSON.parse(image.bytes.toString());
  manifest.config.data = data;
  const bytes = Buffer.from(JSON.stringify(manifest));
  const changed = { bytes, digest: digestOf(bytes), mediaType: image.mediaType };
  return { ...image, ...changed, manifests: [changed] };
}

async function contentOf({ blobs: [config] }: FixtureImage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of config.open()) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

describe('a tag of the mirror', () => {
  test('holds an image that stands for itself', async () => {
    registry.push('app', 'latest', IMAGE);
    expect(await held()).toEqual({ digest: IMAGE.digest, sourceDigest: IMAGE.digest });
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  test('holds an image that stands for itself, when platforms are asked for and it is no choice of them', async () => {
    registry.push('app', 'latest', IMAGE);
    expect(await held(['linux/amd64'])).toEqual({ digest: IMAGE.digest, sourceDigest: IMAGE.digest });
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  test('holds a choice of platforms that stands for what it was made of', async () => {
    upstream.push('app', 'latest', IMAGE);
    const { targetDigest } = await mirrorOne(`${upstream.host}/app:latest`, `${registry.host}/app:latest`, { platforms: ['linux/amd64'] });
    expect(await held(['linux/amd64'])).toEqual({ digest: targetDigest, sourceDigest: IMAGE.digest, platforms: 'linux/amd64' });
    expect(await held(['linux/arm64'])).toEqual({ digest: targetDigest, sourceDigest: targetDigest, platforms: 'linux/amd64' });
    expect(await held()).toEqual({ digest: targetDigest, sourceDigest: targetDigest });
    expect(registry.repository('app').find('latest')!.bytes.toString()).toContain(SOURCE_DIGEST_ANNOTATION);
  });

  test('is read with its manifest where that is asked for, in one request too', async () => {
    registry.push('app', 'latest', IMAGE);
    const { bytes, digest, mediaType } = IMAGE;
    expect(await held(undefined, true)).toEqual({ digest, sourceDigest: digest, manifest: { bytes, mediaType } });
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  test.each([[undefined], [['linux/amd64']]])('is not there, in a repository or without one (platforms %j)', async (platforms) => {
    expect(await held(platforms)).toBeUndefined();
    registry.push('app', 'other', IMAGE);
    expect(await held(platforms)).toBeUndefined();
    expect(registry.count()).toBe(2);
  });

  test.each([[undefined], [['linux/amd64']]])('that may not be read is an error (platforms %j)', async (platforms) => {
    registry.fail({ action: Fault.status(403), times: 10 });
    await expect(held(platforms)).rejects.toMatchObject({ reason: 'unauthorized' });
  });
});

describe('content that a manifest carries along', () => {
  const single = singleImage();

  function run() {
    return mirrorOne(`${upstream.host}/app:latest`, `${registry.host}/app:latest`, { referrers: false });
  }

  test('is not asked for', async () => {
    const image = carrying(single, (await contentOf(single)).toString('base64'));
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest, blobsCopied: image.blobs.length });
    expect(registry.holds('app', image)).toBe(true);
    expect(upstream.count({ path: image.blobs[0].digest })).toBe(0);
  });

  test('is not even needed upstream', async () => {
    const image = carrying(single, (await contentOf(single)).toString('base64'));
    upstream.push('app', 'latest', image);
    upstream.repository('app').blobs.delete(image.blobs[0].digest);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
  });

  test('never gets into the mirror when it is not what its digest says: the registry is asked instead', async () => {
    const content = await contentOf(single);
    const image = carrying(single, Buffer.alloc(content.length, 'x').toString('base64'));
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(registry.holds('app', image)).toBe(true);
    expect(upstream.count({ method: 'GET', path: image.blobs[0].digest })).toBe(1);
  });

  test.each([
    ['shorter than its size', Buffer.alloc(3).toString('base64')],
    ['longer than its size', Buffer.alloc(5000).toString('base64')],
    ['no base64', '%%%%'],
  ])('is asked for all the same when it is %s', async (_, data) => {
    const image = carrying(single, data);
    upstream.push('app', 'latest', image);
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(upstream.count({ method: 'GET', path: image.blobs[0].digest })).toBe(1);
  });
});
