/** Amazon ECR's own rules about images. Over plain http nothing is known of a registry beforehand, so its challenge comes first here. */
import { Fault } from '../support/fault';
import { artifact, multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalEcr, LocalEcrOptions } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions } from '../support/mirroring';
import { IMAGE, OTHER, UpstreamAndEcr } from '../support/upstream-and-ecr';

let both: UpstreamAndEcr;
let upstream: LocalRegistry;
let ecr: LocalEcr;

beforeEach(() => start());

afterEach(async () => {
  expect(both.errors).toEqual([]);
  await both.close();
});

async function start(options: LocalEcrOptions = {}): Promise<void> {
  both = await new UpstreamAndEcr(options).start();
  ({ upstream, ecr } = both);
}

const run = (repository: string, options: MirroringOptions = {}) => both.run(repository, options);

/** Does something between the first look at both sides and the copy. */
function meanwhile(action: () => void): MirroringOptions {
  return { onLine: (line) => { if (line.endsWith(': copying')) action(); } };
}

function tagPuts(): number {
  return ecr.count({ method: 'PUT', path: '/manifests/1.0.0' });
}

test('takes an image of every kind, children before their index', async () => {
  expect(await run('mirror/app')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(ecr.holds('mirror/app', IMAGE)).toBe(true);
  expect(ecr.requestsTo({ method: 'PUT', path: '/manifests/' }).map(({ status }) => status)).toEqual(IMAGE.manifests.map(() => 201));
  expect(ecr.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/mirror/app/manifests/1.0.0' });
});

test('takes an artifact', async () => {
  upstream.push('app', '1.0.0', artifact());
  expect(await run('mirror/app')).toMatchObject({ outcome: 'copied', targetDigest: artifact().digest });
});

describe('an immutable tag', () => {
  test('is put once', async () => {
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(tagPuts()).toBe(1);
  });

  test('with the identical digest is unchanged and never put', async () => {
    ecr.push('mirror/fixed', '1.0.0', IMAGE);
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'unchanged', countedPulls: 0 });
    expect(ecr.count({ method: /PUT|POST|PATCH|DELETE/ })).toBe(0);
  });

  test('that the same image has taken meanwhile is a success', async () => {
    expect(await run('mirror/fixed', meanwhile(() => ecr.push('mirror/fixed', '1.0.0', IMAGE)))).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(ecr.requestsTo({ method: 'PUT', path: '/manifests/1.0.0' }).map(({ status }) => status)).toEqual([400]);
  });

  test('that another image has taken meanwhile fails as immutable-tag', async () => {
    const result = await run('mirror/fixed', meanwhile(() => ecr.push('mirror/fixed', '1.0.0', OTHER)));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', message: expect.stringContaining('mirror/fixed:1.0.0') });
    expect(ecr.tagDigest('mirror/fixed', '1.0.0')).toBe(OTHER.digest);
  });

  test('whose answer was lost is a success', async () => {
    const hits = ecr.fail({ match: { method: 'PUT', path: '/manifests/1.0.0' }, action: Fault.loseResponse() });
    expect(await run('mirror/fixed')).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([hits(), tagPuts()]).toEqual([1, 2]);
  });

  test('that upstream moved is kept beside the first under SUFFIX, and a second time is a green no-op', async () => {
    ecr.push('mirror/fixed', '1.0.0', OTHER);
    const first = await run('mirror/fixed', { onTagMoved: 'SUFFIX' });
    expect(first).toMatchObject({ outcome: 'tag-moved', targetDigest: OTHER.digest });
    expect(ecr.tagDigest('mirror/fixed', first.suffixedTag!)).toBe(IMAGE.digest);
    ecr.resetRequests();
    expect((await run('mirror/fixed', { onTagMoved: 'SUFFIX' })).reason).toBeUndefined();
    expect(ecr.count({ method: /PUT|POST/ })).toBe(0);
  });

  test('taken for a floating one fails as immutable-tag and stays', async () => {
    ecr.push('mirror/fixed', '1.0.0', OTHER);
    expect(await run('mirror/fixed', { kind: 'floating' })).toMatchObject({ outcome: 'failed', reason: 'immutable-tag', targetDigest: OTHER.digest });
    expect(ecr.tagDigest('mirror/fixed', '1.0.0')).toBe(OTHER.digest);
  });
});

test('lets a tag move that its exclusion filters name', async () => {
  upstream.push('app', 'stable', IMAGE);
  ecr.push('mirror/mixed', 'stable', OTHER);
  expect(await mirror(`${upstream.host}/app:stable`, `${ecr.host}/mirror/mixed:stable`, { credentials: both.credentials })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(ecr.tagDigest('mirror/mixed', 'stable')).toBe(IMAGE.digest);
});

describe('as a source', () => {
  const image = multiPlatformImage({ layerBytes: 300_000 });

  const pull = () => both.pull(image);

  test('redirects blobs to another origin, which is given no credentials', async () => {
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(upstream.holds('copy', image)).toBe(true);
    expect(ecr.blobStorage.count()).toBe(image.blobs.length);
    expect(ecr.blobStorage.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  });

  test.each([
    ['a reset', Fault.reset()],
    ['a reset in mid-body', Fault.resetBody(100_000)],
    ['a flipped byte', Fault.flipByte(100)],
    ['HTTP 503', Fault.status(503)],
    ['HTTP 403', Fault.status(403)],
  ])('gets over %s at the place that blobs are redirected to', async (_, action) => {
    const hits = ecr.blobStorage.fail({ action });
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(hits()).toBe(1);
  });

  test('asks for a new address when the place that blobs are redirected to says that the old one has expired', async () => {
    const [{ digest }] = image.blobs;
    ecr.blobStorage.fail({ action: Fault.pass(), onHit: () => ecr.blobStorage.expire() });
    expect(await pull()).toMatchObject({ outcome: 'copied', targetDigest: image.digest });
    expect(ecr.blobStorage.requests.some(({ status }) => status === 403)).toBe(true);
    expect(upstream.repository('copy').blobs.has(digest)).toBe(true);
  });

  test('names the place that blobs are redirected to when it goes on refusing, and does not blame the credentials', async () => {
    ecr.blobStorage.fail({ action: Fault.status(403), times: 1000 });
    expect(await pull()).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining(`${ecr.blobStorage.host}, to which it redirects, returned HTTP 403`) });
    expect(ecr.issuedTokens).toBe(1);
  });
});

describe('a mount', () => {
  const image = singleImage({ layers: 3 });

  function copyWithin() {
    ecr.push('mirror/app', '1.0.0', image);
    return mirror(`${ecr.host}/mirror/app:1.0.0`, `${ecr.host}/mirror/fixed:1.0.0`, { credentials: both.credentials });
  }

  const mounts = () => ecr.requestsTo({ method: 'POST' }).map(({ query, status }) => [query.startsWith('mount='), status]);

  test('is answered with an upload, which is then done', async () => {
    expect(await copyWithin()).toMatchObject({ outcome: 'copied', targetDigest: image.digest, blobsCopied: image.blobs.length });
    expect(mounts()).toEqual(image.blobs.map(() => [true, 202]));
    expect(ecr.openUploads).toBe(0);
  });

  test('sends no bytes where the account has switched mounting on', async () => {
    await both.close();
    await start({ mounting: true });
    expect(await copyWithin()).toMatchObject({ outcome: 'copied', targetDigest: image.digest, blobsCopied: 0, blobsSkipped: image.blobs.length, bytesCopied: 0 });
    expect(mounts()).toEqual(image.blobs.map(() => [true, 201]));
    expect(ecr.holds('mirror/fixed', image)).toBe(true);
  });
});

test('sends uploads to another origin without credentials', async () => {
  const elsewhere = await new LocalRegistry().start();
  const address = { location: `${elsewhere.url}/v2/app/blobs/uploads/upload-1?_state=0` };
  ecr.fail({ match: { method: 'POST' }, action: Fault.headers(address), times: 100 });
  expect(await run('mirror/app')).toMatchObject({ outcome: 'failed' });
  expect(elsewhere.count({ method: 'PUT' })).toBeGreaterThan(0);
  expect(elsewhere.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  await elsewhere.close();
});

test('has no repository that was not defined, and the failure names it', async () => {
  expect(await run('mirror/missing')).toMatchObject({
    outcome: 'failed', reason: 'not-found', message: expect.stringContaining("'mirror/missing' does not exist"),
  });
});
