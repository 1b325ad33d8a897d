import { markerAnnotations, MarkerContent, markerManifest, putMarker } from '../../../src/engine/admission/marker-manifest';
import { digestOf } from '../../../src/engine/digest';
import { markerTag } from '../../../src/image/admission/quarantine';
import { Fault } from '../../support/fault';
import { LocalEcr } from '../../support/local-ecr';
import { withRepository } from '../../support/quarantine';
import { withServers } from '../../support/with-servers';

const [ecr] = withServers(new LocalEcr([{ repositoryName: 'mirror-held', imageTagMutability: 'IMMUTABLE' }], { strict: true }));

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SEEN: MarkerContent = {
  marker: { kind: 'seen', key: '0123456789abcdef.fedcba9876543210', seconds: 1_800_000_000, digest: DIGEST },
  image: { source: 'docker.io/library/nginx', repository: 'mirror/nginx' },
  tag: 'stable',
};
const TAG = markerTag(SEEN.marker);

const put = (content: MarkerContent) => withRepository(ecr, 'mirror-held', (context) => putMarker(context, content));

test('a marker is an image with the values of its tag as annotations', async () => {
  await put(SEEN);
  const stored = ecr.repository('mirror-held').manifests.get(ecr.tagDigest('mirror-held', TAG)!)!;
  expect(markerAnnotations(stored)).toEqual({
    kind: 'seen', image: 'docker.io/library/nginx', repository: 'mirror/nginx', tag: 'stable', digest: DIGEST, time: '2027-01-15T08:00:00.000Z',
  });
});

test('markers with different times, tags and digests have different digests', () => {
  const others = [
    { ...SEEN, marker: { ...SEEN.marker, seconds: SEEN.marker.seconds + 1 } },
    { ...SEEN, marker: { ...SEEN.marker, digest: `sha256:${'b'.repeat(64)}` } },
    { ...SEEN, tag: 'latest' },
  ];
  expect(new Set([SEEN, ...others].map((content) => digestOf(markerManifest(content).bytes))).size).toBe(4);
});

test('the same marker can be put twice, although the repository is immutable', async () => {
  await put(SEEN);
  await expect(put(SEEN)).resolves.toBeUndefined();
});

test('a marker with other facts does not replace the one under the same tag', async () => {
  await put(SEEN);
  const before = ecr.tagDigest('mirror-held', TAG);
  await expect(put({ ...SEEN, facts: { by: 'someone' } })).rejects.toMatchObject({ reason: 'immutable-tag' });
  expect(ecr.tagDigest('mirror-held', TAG)).toBe(before);
});

test('facts cannot replace the values of the marker', () => {
  expect(markerAnnotations(markerManifest({ ...SEEN, facts: { digest: 'other', by: 'someone' } }))).toMatchObject({ digest: DIGEST, by: 'someone' });
});

test('the second marker of a repository uploads nothing', async () => {
  await put(SEEN);
  ecr.requests.length = 0;
  await put({ ...SEEN, tag: 'latest', marker: { ...SEEN.marker, seconds: 1_800_000_001 } });
  expect(ecr.requests.filter(({ method }) => method === 'POST' || method === 'PATCH')).toEqual([]);
});

test('a marker is put although a response is lost', async () => {
  ecr.fail({ match: { method: 'PUT', path: '/manifests/' }, action: Fault.loseResponse() });
  await put(SEEN);
  expect(ecr.tagDigest('mirror-held', TAG)).toBe(digestOf(markerManifest(SEEN).bytes));
});

test('annotations of a manifest that is not a JSON object are empty', () => {
  expect(markerAnnotations({ bytes: Buffer.from('[1'), mediaType: '' })).toEqual({});
  expect(markerAnnotations({ bytes: Buffer.from('{"annotations":3}'), mediaType: '' })).toEqual({});
});
