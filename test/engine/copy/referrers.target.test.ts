/** How those who read the target find what refers to an image, and what does not keep it from them. */
import { Fault } from '../../support/fault';
import { artifact, cosignTag, singleImage } from '../../support/fixture-images';
import { LocalRegistry } from '../../support/local-registry';
import { mirrorOne } from '../../support/mirror-request';

const IMAGE = singleImage();
const SIGNATURE = artifact({ seed: 'signature', subject: IMAGE });
const SBOM = artifact({ seed: 'sbom', subject: IMAGE });
const FALLBACK_TAG = IMAGE.digest.replace(':', '-');

let upstream: LocalRegistry;
let target: LocalRegistry;

async function start(targetHasApi: boolean): Promise<void> {
  [upstream, target] = await Promise.all([new LocalRegistry().start(), new LocalRegistry({ referrers: targetHasApi }).start()]);
  upstream.push('app', 'latest', IMAGE);
  for (const referrer of [SIGNATURE, SBOM]) upstream.push('app', undefined, referrer);
}

afterEach(async () => {
  expect([...upstream.errors, ...target.errors]).toEqual([]);
  await Promise.all([upstream.close(), target.close()]);
});

const run = () => mirrorOne(`${upstream.host}/app:latest`, `${target.host}/app:latest`);

test('a target without the referrers API is given a list under the fall-back tag', async () => {
  await start(false);
  expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
  const digest = target.tagDigest('app', FALLBACK_TAG);
  const answer = await fetch(`${target.url}/v2/app/manifests/${digest}`);
  const { manifests } = await answer.json() as { manifests: { digest: string }[] };
  expect(manifests.map((entry) => entry.digest).sort()).toEqual([SIGNATURE.digest, SBOM.digest].sort());
});

test('that list leaves out what could not come', async () => {
  await start(false);
  target.fail({ match: { method: 'PUT', path: SBOM.digest }, action: Fault.status(403), times: 1000 });
  expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 1, warnings: [expect.stringContaining(SBOM.digest)] });
  const answer = await fetch(`${target.url}/v2/app/manifests/${target.tagDigest('app', FALLBACK_TAG)}`);
  const { manifests } = await answer.json() as { manifests: { digest: string }[] };
  expect(manifests.map((entry) => entry.digest)).toEqual([SIGNATURE.digest]);
});

test('that list is there before the tag of the image', async () => {
  await start(false);
  await run();
  const puts = target.requestsTo({ method: 'PUT', path: '/manifests/' }).map(({ path }) => path.split('/').at(-1));
  expect(puts.slice(-2)).toEqual([FALLBACK_TAG, 'latest']);
});

test('a target with the referrers API is given no list', async () => {
  await start(true);
  expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
  expect(target.tagDigest('app', FALLBACK_TAG)).toBeUndefined();
});

test('a tag of cosign that cannot be looked up does not lose what the registry lists', async () => {
  await start(true);
  upstream.fail({ match: { method: 'HEAD', path: cosignTag(IMAGE.digest) }, action: Fault.status(403), times: 1000 });
  const result = await run();
  expect(result).toMatchObject({ outcome: 'copied', referrersCopied: 2, warnings: [expect.stringContaining('.sig')] });
});

test('a referrer that is listed and tagged counts once', async () => {
  await start(true);
  upstream.push('app', cosignTag(IMAGE.digest), SIGNATURE);
  expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 2 });
  expect(target.tagDigest('app', cosignTag(IMAGE.digest))).toBe(SIGNATURE.digest);
});

test('a registry that wants to be asked for referrers in twenty minutes does not hold the image up', async () => {
  await start(true);
  upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(503, { 'retry-after': '1200' }), times: 1000 });
  expect(await run()).toMatchObject({ outcome: 'copied', referrersCopied: 0, warnings: [expect.stringContaining('HTTP 503')] });
});
