import { DecisionReader, lockState } from '../../../src/engine/admission/decisions';
import { putMarker } from '../../../src/engine/admission/marker-manifest';
import { digestOf } from '../../../src/engine/digest';
import { LockPolicy } from '../../../src/image/admission/admission-policy';
import { imageKey, Marker, markerTag } from '../../../src/image/admission/quarantine';
import { parseImageReference } from '../../../src/image/image-reference';
import { Fault } from '../../support/fault';
import { LocalEcr } from '../../support/local-ecr';
import { withRepository } from '../../support/quarantine';
import { withServers } from '../../support/with-servers';

const [ecr] = withServers(new LocalEcr([{ repositoryName: 'mirror-decisions', imageTagMutability: 'IMMUTABLE' }]));

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const IMAGE = { source: 'docker.io/library/nginx', repository: 'mirror/nginx' };
const NOW = Math.floor(Date.now() / 1000);
const hash = (text: string) => digestOf(Buffer.from(text));

interface Decided extends Partial<Omit<Marker, 'key'>> {
  readonly tag?: string;
  readonly image?: typeof IMAGE;
  readonly facts?: Record<string, string>;
  /** The key in the tag, if it is not the image's. */
  readonly key?: string;
}

/** Puts a decision as the decision program does. */
async function decide({ digest = DIGEST, facts, image = IMAGE, key, kind = 'released', seconds = NOW, tag = 'stable' }: Decided = {}): Promise<string> {
  const marker = { kind, digest, seconds, key: key ?? imageKey({ ...image, tag }, hash) };
  const all = { by: 'user/ann', reason: 'checked by hand', lock: '', ...facts };
  await withRepository(ecr, 'mirror-decisions', (context) => putMarker(context, { marker, image, tag, facts: all }));
  return markerTag(marker);
}

/** What the reader of `nginx:<tag>` finds. */
function find(digest: string = DIGEST, { lock, tag = 'stable' }: { readonly lock?: LockPolicy; readonly tag?: string } = {}) {
  const target = { registry: ecr.host, repository: 'mirror/nginx', tag };
  const image = { source: parseImageReference(`nginx:${tag}`), target };
  return withRepository(ecr, 'mirror-decisions', (context) => new DecisionReader(context, image, context.target).find(digest, lock));
}

test('a release has the principal, the reason and the time', async () => {
  const marker = await decide({ seconds: 1_700_000_000 });
  expect(await find()).toEqual({
    decision: 'released', by: 'user/ann', reason: 'checked by hand', at: '2023-11-14T22:13:20Z', seconds: 1_700_000_000, marker,
  });
});

test('without decisions, there is none', async () => {
  expect(await find()).toBeUndefined();
});

test('a release is about one digest and one tag only', async () => {
  await decide();
  expect(await find(OTHER)).toBeUndefined();
  expect(await find(DIGEST, { tag: 'latest' })).toBeUndefined();
});

test('a decision about another image or another repository has no effect', async () => {
  await decide({ kind: 'refused', image: { ...IMAGE, source: 'quay.io/library/nginx' } });
  await decide({ kind: 'refused', image: { ...IMAGE, repository: 'mirror/other' } });
  expect(await find()).toBeUndefined();
});

test('a refusal is about its digest under each tag of the image, and about no other digest', async () => {
  await decide({ kind: 'refused', tag: 'stable' });
  expect(await find(DIGEST, { tag: 'latest' })).toMatchObject({ decision: 'refused', reason: 'checked by hand' });
  expect(await find(OTHER, { tag: 'latest' })).toBeUndefined();
});

test('the last decision wins', async () => {
  await decide({ kind: 'refused', seconds: NOW - 20 });
  await decide({ kind: 'released', seconds: NOW - 10 });
  expect(await find()).toMatchObject({ decision: 'released' });
  await decide({ kind: 'refused', seconds: NOW, tag: 'latest' });
  expect(await find()).toMatchObject({ decision: 'refused' });
});

test('of two decisions in the same second, the refusal wins', async () => {
  await decide({ kind: 'refused' });
  await decide({ kind: 'released' });
  expect(await find()).toMatchObject({ decision: 'refused' });
});

describe('a release and the lock', () => {
  const locked = (digests: Record<string, string>): { readonly lock: LockPolicy } => ({ lock: { digests } });

  test('a release outranks the lock that it was made under', async () => {
    await decide({ facts: { lock: OTHER } });
    expect(await find(DIGEST, locked({ stable: OTHER }))).toMatchObject({ decision: 'released' });
  });

  test.each([
    ['another digest', { stable: `sha256:${'c'.repeat(64)}` }],
    ['the tag removed', { latest: OTHER }],
  ])('a release ends when the lock changes: %s', async (_, digests) => {
    await decide({ facts: { lock: OTHER } });
    expect(await find(DIGEST, locked(digests))).toBeUndefined();
  });

  test('a release without a lock ends when the image gets one, also one without its tag', async () => {
    await decide();
    expect(await find(DIGEST, locked({ stable: OTHER }))).toBeUndefined();
    expect(await find(DIGEST, locked({}))).toBeUndefined();
  });

  test('a release stays in force when the lock changes to its digest', async () => {
    await decide({ facts: { lock: OTHER } });
    expect(await find(DIGEST, locked({ stable: DIGEST }))).toMatchObject({ decision: 'released' });
  });

  test('a refusal is in force again when the lock of a later release has changed', async () => {
    await decide({ kind: 'refused', seconds: NOW - 10 });
    await decide({ facts: { lock: OTHER } });
    expect(await find(DIGEST, locked({ stable: OTHER }))).toMatchObject({ decision: 'released' });
    expect(await find(DIGEST, locked({}))).toMatchObject({ decision: 'refused' });
  });

  test('a lock without the tag is not the same as no lock', () => {
    const states = [lockState(undefined, 'stable'), lockState({ digests: {} }, 'stable'), lockState({ digests: {} }, 'constructor')];
    expect(states).toEqual(['', 'unlisted', 'unlisted']);
  });
});

describe('markers that are not what they seem', () => {
  const key = imageKey({ ...IMAGE, tag: 'stable' }, hash);

  test('a release of another image with the same hashes in its tag has no effect', async () => {
    await decide({ key, image: { ...IMAGE, source: 'docker.io/library/evil' } });
    expect(await find()).toBeUndefined();
  });

  test('a release of another tag with the same hashes has no effect', async () => {
    await decide({ key, tag: 'latest' });
    expect(await find()).toBeUndefined();
  });

  test('a refusal without annotations is in force all the same', async () => {
    const marker = await decide({ kind: 'refused' });
    const { bytes, mediaType, ...rest } = ecr.repository('mirror-decisions').manifests.get(ecr.tagDigest('mirror-decisions', marker)!)!;
    const plain = Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()) as object, annotations: { by: 3 } }));
    ecr.repository('mirror-decisions').manifests.set(rest.digest, { ...rest, mediaType, bytes: plain, digest: rest.digest });
    ecr.fail({ match: { method: 'GET', path: '/manifests/' }, action: Fault.headers({ 'docker-content-digest': undefined }), times: Infinity });
    expect(await find()).toMatchObject({ decision: 'refused', by: 'unknown principal', reason: 'no reason' });
  });

  test('texts of an annotation cannot forge a log line', async () => {
    await decide({ kind: 'refused', facts: { by: 'ann\nbob', reason: `a\u001b[31m${'x'.repeat(900)}` } });
    const { by, reason } = (await find())!;
    expect([by, reason.length, reason.slice(0, 12)]).toEqual(['ann bob', 500, 'a\\u001b[31mx']);
  });

  test('a decision in the future is an error that names it', async () => {
    const marker = await decide({ kind: 'released', seconds: NOW + 3_600 });
    await expect(find()).rejects.toThrow(`mirror-decisions:${marker} is of `);
    await expect(find(OTHER)).rejects.toThrow('which is in the future');
  });

  test('other tags in the repository have no effect', async () => {
    ecr.repository('mirror-decisions').tags.set('released.latest', DIGEST);
    expect(await find()).toBeUndefined();
  });
});

test('decisions that can\'t be listed are an error, and not the same as no decision', async () => {
  await decide({ kind: 'refused' });
  ecr.fail({ match: { path: '/tags/list' }, action: Fault.status(500), times: Infinity });
  await expect(find()).rejects.toMatchObject({ reason: 'registry-error' });
});

test('a decision that can\'t be read is an error', async () => {
  await decide();
  ecr.fail({ match: { method: 'GET', path: '/manifests/' }, action: Fault.status(503), times: Infinity });
  await expect(find()).rejects.toMatchObject({ reason: 'registry-error' });
});

test('in Amazon ECR, archived decisions count, because its API lists them', async () => {
  const marker = await decide({ kind: 'refused' });
  ecr.setStatus('mirror-decisions', marker, 'ARCHIVED');
  const list = async () => [{ digest: ecr.tagDigest('mirror-decisions', marker)!, tags: [marker] }];
  const image = { source: parseImageReference('nginx:stable'), target: { registry: ecr.host, repository: 'mirror/nginx', tag: 'stable' } };
  const found = await withRepository(ecr, 'mirror-decisions', (context) => new DecisionReader(context, image, context.target, list).find(DIGEST));
  expect(found).toMatchObject({ decision: 'refused' });
});

test('a reader lists decisions once, until it is refreshed', async () => {
  const image = { source: parseImageReference('nginx:stable'), target: { registry: ecr.host, repository: 'mirror/nginx', tag: 'stable' } };
  await withRepository(ecr, 'mirror-decisions', async (context) => {
    const reader = new DecisionReader(context, image, context.target);
    expect(await reader.find(DIGEST)).toBeUndefined();
    await decide();
    expect(await reader.find(DIGEST)).toBeUndefined();
    reader.refresh();
    expect(await reader.find(DIGEST)).toMatchObject({ decision: 'released' });
  });
});
