/** What an upstream or the starter of a build can make ambiguous, and what the engine makes of it. */
import { blobOf, digestOf } from '../support/fixture-blob';
import { multiPlatformImage, FixtureImage, singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import { mirrorOne } from '../support/mirror-request';
import { mirror } from '../support/mirroring';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();

const run = () => mirror(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`);

/** An image with other text as its root manifest. */
function withText(image: FixtureImage, change: (text: string) => string): FixtureImage {
  const bytes = Buffer.from(change(image.bytes.toString()));
  const root = { digest: digestOf(bytes), mediaType: image.mediaType, bytes };
  return { ...image, ...root, manifests: [...image.manifests.slice(0, -1), root] };
}

describe('a multi-platform image with two lists of manifests', () => {
  const image = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64'] });
  const list = JSON.stringify(JSON.parse(image.bytes.toString()).manifests);

  test.each(['manifests', 'Manifests', 'manife\u017ft\u017f', 'MANIFEST\\u0053'])('the second as %s: is refused, and nothing is written', async (name) => {
    upstream.push('app', 'latest', withText(image, (text) => text.replace(/}\s*$/, `, "${name}": ${list}}`)));
    for (const platforms of [undefined, ['linux/amd64']]) {
      const result = await mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, { platforms });
      expect(result).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', message: expect.stringMatching(/ has the field .*; use another image$/) });
    }
    expect(target.count({ method: 'PUT' })).toBe(0);
  });

  test('is refused too when an entry is ambiguous', async () => {
    upstream.push('app', 'latest', withText(image, (text) => text.replace('"architecture"', '"Architecture": "s390x", "architecture"')));
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest' });
  });
});

test('an image with a configuration that has its platform twice has no platform to select', async () => {
  const config = blobOf('{"os":"linux","architecture":"amd64","Architecture":"arm64"}');
  const image = withText(singleImage(), (text) => {
    const manifest = JSON.parse(text);
    return JSON.stringify({ ...manifest, config: { ...manifest.config, digest: config.digest, size: config.size } });
  });
  upstream.push('app', 'latest', { ...image, blobs: [...image.blobs, config] });
  const result = await mirrorOne(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, { platforms: ['linux/amd64'], platformTags: [{ os: 'linux', architecture: 'amd64' }] });
  expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('has the field "Architecture", which only some programs read as "architecture"') });
});

test.each([
  ['null', (text: string) => text.replace(/"layers": \[[^]*?\n {3}\]/, '"layers": null')],
  ['absent', (text: string) => text.replace(/"layers": \[[^]*?\n {3}\]/, '"annotations": {}')],
])('an image with layers that are %s is copied byte for byte', async (_, change) => {
  const image = withText(singleImage({ layers: 1 }), change);
  upstream.push('app', 'latest', image);
  expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest, blobsCopied: 1 });
});

test('an index with manifests that are null is copied byte for byte', async () => {
  const image = withText(multiPlatformImage(), () => '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null}');
  upstream.push('app', 'latest', { ...image, manifests: image.manifests.slice(-1), blobs: [] });
  expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
});

test('a non-distributable layer without URLs is copied like any layer', async () => {
  const image = withText(singleImage({ layers: 2 }), (text) => text.replace('layer.v1.tar+gzip', 'layer.nondistributable.v1.tar+gzip'));
  upstream.push('app', 'latest', image);
  expect(await run()).toMatchObject({ outcome: 'copied', blobsCopied: 3 });
  expect(target.holds('mirror/app', image)).toBe(true);
});

describe('a variable of a run that is a secret', () => {
  const PASSWORD = 'Dckr-Pat-0123456789';
  let account: LocalAccount;

  beforeEach(async () => { account = await LocalAccount.open(); });
  afterEach(async () => {
    expect(account.errors()).toEqual([]);
    await account.close();
  });

  test.each<[string, Record<string, string>]>([
    ['IMAGE', { IMAGE: PASSWORD }],
    ['IMAGE with a tag filter', { IMAGE: PASSWORD.toLowerCase(), TAGS: '{"patterns":["*"]}' }],
    ['IMAGES', { IMAGES: JSON.stringify([{ IMAGE: `${UPSTREAM}/team/${PASSWORD.toLowerCase()}:1` }]) }],
    ['TAGS', { IMAGE: `${UPSTREAM}/team/app`, TAGS: PASSWORD }],
    ['REPOSITORY', { IMAGE: `${UPSTREAM}/team/app:1`, REPOSITORY: PASSWORD }],
    ['CATALOG', { CATALOG: `ssm:/${PASSWORD}` }],
    ['SHARD', { CATALOG: 'ssm:/images', SHARD: PASSWORD }],
  ])('%s: is in no log, result, or event, and nothing is requested', async (_, variables) => {
    const { code, lines, log } = await account.run({
      MIRROR_EVENT_BUS: 'default',
      MIRROR_CREDENTIALS: JSON.stringify([{ registry: 'docker.io', username: 'MIRROR_CREDENTIAL_0_USERNAME', password: 'MIRROR_CREDENTIAL_0_PASSWORD' }]),
      MIRROR_CREDENTIAL_0_USERNAME: 'acme',
      MIRROR_CREDENTIAL_0_PASSWORD: PASSWORD,
      ...variables,
    });
    expect([code, lines[0]]).toMatchObject([1, { outcome: 'failed', message: expect.stringContaining('contains a password or token of MIRROR_CREDENTIALS') }]);
    const shown = [log, JSON.stringify(lines), ...account.events.events.map((request) => JSON.stringify(request))].join('\n').toLowerCase();
    expect(shown).not.toContain(PASSWORD.toLowerCase());
    expect(account.upstream.count()).toBe(0);
  });
});
