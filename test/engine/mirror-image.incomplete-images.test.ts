/** What is no image, or not a whole one: the message says what it is. */
import { Fault } from '../support/fault';
import { fixtureOf, indexOf, multiPlatformImage, singleImage } from '../support/fixture-images';
import { mirrorOne } from '../support/mirror-request';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();

const run = () => mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`);

test('a build cache of BuildKit is named, with the remedy', async () => {
  const [layer, config] = singleImage().blobs;
  const entries = [['application/vnd.oci.image.layer.v1.tar+gzip', layer], ['application/vnd.buildkit.cacheconfig.v0', config]] as const;
  const manifests = entries.map(([mediaType, { digest, size }]) => ({ mediaType, digest, size }));
  upstream.push('app', 'latest', fixtureOf({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }));
  const { message, ...result } = await run();
  expect(result).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
  expect(message).toMatch(/is a build cache of BuildKit and not an image: .*image-manifest=true/);
  expect(target.count({ method: /PUT|POST/ })).toBe(0);
});

test.each(['layer', 'configuration'])('a %s that upstream lists and does not have is named as missing upstream', async (kind) => {
  const image = singleImage();
  upstream.push('app', 'latest', image);
  const blob = kind === 'layer' ? image.blobs.at(-1)! : image.blobs[0];
  upstream.repository('app').blobs.delete(blob.digest);
  const { message, ...result } = await run();
  expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  expect(message).toContain(`${upstream.host}: cannot read blob app@${blob.digest}: a manifest lists the blob, and the registry doesn't have it`);
});

test.each([
  ['in an index', multiPlatformImage(), multiPlatformImage().manifests[0]],
  ['in a nested index', indexOf([multiPlatformImage()]), multiPlatformImage().manifests[0]],
  ['that is an index itself', indexOf([multiPlatformImage()]), multiPlatformImage()],
])('a manifest that upstream lists %s and does not have is named as missing upstream', async (_, image, { digest }) => {
  upstream.push('app', 'latest', image);
  upstream.repository('app').manifests.delete(digest);
  const { message, ...result } = await run();
  expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  expect(message).toContain(`the image lists the manifest ${digest}, and app does not have it; the image is incomplete upstream`);
});

describe('an empty layer', () => {
  const image = singleImage({ emptyLayer: true });
  const empty = image.blobs.find(({ size }) => size === 0)!;

  beforeEach(() => upstream.push('app', 'latest', image));

  test('is copied to a registry that takes it', async () => {
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
  });

  test.each([400, 405, 415])('that the target refuses with HTTP %d is named as the cause', async (status) => {
    target.fail({ match: ({ method, query }) => method === 'PUT' && query.includes(encodeURIComponent(empty.digest)), action: Fault.status(status), times: 1000 });
    const { message, ...result } = await run();
    expect(result).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
    expect(message).toContain(`the layer ${empty.digest} has 0 bytes, and registries such as Amazon ECR do not store empty blobs`);
  });

  test.each([403, 503])('is not the cause of HTTP %d', async (status) => {
    target.fail({ match: ({ method, query }) => method === 'PUT' && query.includes(encodeURIComponent(empty.digest)), action: Fault.status(status), times: 1000 });
    expect((await run()).message).not.toContain('0 bytes');
  });
});
