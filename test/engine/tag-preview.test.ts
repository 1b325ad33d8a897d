/** What people see of a tag filter before a run uses it. */
import { previewTags } from '../../src/engine/tag-preview';

const TAGS = ['RELEASE.2024-11-07T00-52-20Z', 'RELEASE.2024-10-29T16-01-48Z', 'RELEASE.2023-12-23T07-19-11Z', 'latest', '1.2.0', '1.3.0', '1.3.0-alpine', '2.0.0-rc.1'];

const preview = (filter: Parameters<typeof previewTags>[2], tags: readonly string[] = TAGS) => previewTags('quay.io/minio/minio', tags, filter);

test('a preview has the selected tags, the tags that latest drops, and the number of all tags', () => {
  expect(preview({ patterns: ['RELEASE.*'], latest: 1 })).toEqual({
    source: 'quay.io/minio/minio',
    filter: { patterns: ['RELEASE.*'], latest: 1 },
    upstreamTags: 8,
    order: 'VERSION',
    selected: ['RELEASE.2024-11-07T00-52-20Z'],
    droppedTags: 2,
    dropped: ['RELEASE.2024-10-29T16-01-48Z', 'RELEASE.2023-12-23T07-19-11Z'],
  });
});

test.each([
  [{ semver: '*' }, 'SEMVER'], [{ patterns: ['1.*'] }, 'REGISTRY'], [{ patterns: ['1.*'], latest: 9 }, 'VERSION'], [{ patterns: ['1.*'], order: 'LAST_NUMBER' as const }, 'LAST_NUMBER'],
])('the order of %j is %s, and without dropped tags', (filter, order) => {
  expect(preview(filter)).toMatchObject({ order, droppedTags: 0, dropped: [] });
});

test('a filter that selects tags has no near misses', () => {
  expect(preview({ semver: '1.x' })).not.toHaveProperty('nearMisses');
});

test.each([
  ['versions outside of a range', { semver: '>=3' }, ['2.0.0-rc.1', '1.3.0', '1.3.0-alpine', '1.2.0']],
  ['versions of the variant', { semver: '>=3', variant: 'alpine' }, ['1.3.0-alpine']],
  ['tags with a part of a pattern in another case', { patterns: ['release.*-fips'] }, TAGS.slice(0, 3)],
  ['the newest tags, if none is similar', { patterns: ['nothing-like-it'] }, ['2.0.0-rc.1', '1.3.0-alpine', '1.3.0', '1.2.0', 'latest']],
])('near misses are %s', (_, filter, nearMisses) => {
  expect(preview(filter)).toMatchObject({ selected: [], nearMisses });
});

test('a repository without tags has no near misses', () => {
  expect(preview({ semver: '*' }, [])).toMatchObject({ upstreamTags: 0, nearMisses: [] });
});

test('the list of dropped tags is limited, and their number is not', () => {
  const { dropped, droppedTags } = preview({ patterns: ['*'], latest: 1 }, Array.from({ length: 2_000 }, (_, index) => `b-${index}`));
  expect([dropped.length, droppedTags, dropped[0]]).toEqual([500, 1_999, 'b-1998']);
});
