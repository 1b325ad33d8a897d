/** Which tags are the newest, for tags as their registries list them. */
import * as fc from 'fast-check';
import { orderedVersions, selectTags } from '../../src/engine/tags';
import type { TagSelection } from '../../src/image/tag-selection';

/** The tags, newest first. A test gives them in other orders. */
const REAL_TAGS: readonly (readonly [string, TagSelection, readonly string[]])[] = [
  ['MinIO', { patterns: ['RELEASE.*Z'] }, ['RELEASE.2024-11-07T00-52-20Z', 'RELEASE.2024-10-29T16-01-48Z', 'RELEASE.2024-10-02T17-50-41Z', 'RELEASE.2023-12-23T07-19-11Z']],
  ['MinIO with its variants', { patterns: ['RELEASE.*'] }, ['RELEASE.2024-11-07T00-52-20Z-cpuv1', 'RELEASE.2024-11-07T00-52-20Z', 'RELEASE.2024-10-29T16-01-48Z.fips', 'RELEASE.2024-10-29T16-01-48Z']],
  ['Grafana', { patterns: ['11.*'] }, ['11.10.0', '11.3.1-ubuntu', '11.3.1', '11.3.0', '11.3.0-beta1', '11.3', '11.2.3-security-01', '11.2.3']],
  ['Ubuntu', { patterns: ['noble-*'] }, ['noble-20241118.1', 'noble-20241015', 'noble-20240904.1', 'noble-20240904']],
  ['Keycloak', { patterns: ['*'] }, ['26.0.5-0', '26.0.5', '26.0', '25.0.6', '9.0.3', '4.0.0.Final', '4.0.0.CR1', '4.0.0.Beta2', 'latest', 'nightly']],
  ['GitLab', { patterns: ['*-ce.0', '*-rc*.ce.0'] }, ['17.10.0-ce.0', '17.5.1-ce.0', '17.5.0-ce.0', '17.5.0-rc43.ce.0', '17.5.0-rc9.ce.0', '9.5.10-ce.0']],
  ['Jenkins', { patterns: ['*-lts-jdk17'] }, ['2.479.1-lts-jdk17', '2.462.3-lts-jdk17', '2.462.2-lts-jdk17', '2.99.1-lts-jdk17']],
  ['a variant of each version', { patterns: ['v1.2.*-alpine*'] }, ['v1.2.10-alpine3.20', 'v1.2.9-alpine3.20', 'v1.2.9-alpine3.9', 'v1.2.9-alpine', 'v1.2.9-rc.1-alpine']],
  ['calendar versions', { patterns: ['20*'] }, ['2024.10.1', '2024.10', '2024.9.3', '2024.9.0b4', '2023.12.4']],
  ['Elastic', { patterns: ['8.*'] }, ['8.16.0', '8.16.0-SNAPSHOT', '8.9.2', '8.0.0', '8.0.0-rc2', '8.0.0-rc1', '8.0.0-beta1', '8.0.0-alpha2']],
  ['build numbers', { patterns: ['build-*'] }, ['build-1000', 'build-999', 'build-99', 'build-0042', 'build-7']],
  ['Flux, with a hash before the time stamp', { patterns: ['main-*'], order: 'LAST_NUMBER' }, ['main-0a1b2c3-1730937140', 'main-9f8e7d6-1730850740', 'main-5555555-1699999999']],
  ['all names of Ubuntu by date', { patterns: ['*-20*'], order: 'LAST_NUMBER' }, ['noble-20241118', 'jammy-20241111', 'noble-20241015', 'focal-20241011']],
];

describe.each(REAL_TAGS)('the tags of %s', (_, selection, tags) => {
  test('are in the order of their releases, in whichever order the registry lists them', () => {
    for (const listed of [tags, [...tags].reverse(), [...tags].sort()]) {
      expect(orderedVersions(listed, selection)).toEqual(tags.map((tag) => [tag]));
    }
  });
});

test('the newest tags are selected, newest first', () => {
  const tags = ['RELEASE.2024-11-07T00-52-20Z', 'RELEASE.2023-12-23T07-19-11Z', 'latest', 'RELEASE.2024-10-29T16-01-48Z'];
  expect(selectTags(tags, { patterns: ['RELEASE.*'], latest: 2 })).toEqual(['RELEASE.2024-11-07T00-52-20Z', 'RELEASE.2024-10-29T16-01-48Z']);
});

test('without a number of tags and without an order, the tags of patterns stay in the order of the registry', () => {
  expect(selectTags(['b-2', 'b-10', 'b-1'], { patterns: ['b-*'] })).toEqual(['b-2', 'b-10', 'b-1']);
  expect(selectTags(['b-2', 'b-10', 'b-1'], { patterns: ['b-*'], order: 'VERSION' })).toEqual(['b-10', 'b-2', 'b-1']);
});

test('the number of tags counts the tags of all patterns together', () => {
  expect(selectTags(['a-1', 'a-2', 'b-1', 'b-2'], { patterns: ['a-*', 'b-*'], latest: 3 })).toEqual(['b-2', 'b-1', 'a-2']);
});

test('excluded tags do not count', () => {
  expect(selectTags(['1.3-rc1', '1.2', '1.1'], { patterns: ['1.*'], exclude: ['*-rc*'], latest: 1 })).toEqual(['1.2']);
});

test('a version with and without a v counts once, and both tags are selected', () => {
  expect(selectTags(['1.2', 'v1.2', 'v1.1', '1.0'], { patterns: ['*'], latest: 2 })).toEqual(['1.2', 'v1.2', 'v1.1']);
});

test('all versions of a range are listed, also those that its latest drops', () => {
  expect(orderedVersions(['1.0.0', 'v2.0.0', '2.0.0', '1.1.0', 'x'], { semver: '*', latest: 1 })).toEqual([['2.0.0', 'v2.0.0'], ['1.1.0'], ['1.0.0']]);
});

describe('hostile tags', () => {
  test('a number of 128 digits is compared exactly', () => {
    const [lower, higher] = [`${'9'.repeat(127)}8`, `${'9'.repeat(128)}`];
    expect(orderedVersions([lower, '1', higher, `0${'9'.repeat(127)}`], { patterns: ['*'] }).flat()).toEqual([higher, lower, `0${'9'.repeat(127)}`, '1']);
  });

  test('numbers with the same value have a fixed order', () => {
    const tags = ['b-01', 'b-1', 'b_1', 'B-1', 'b-001'];
    const ordered = orderedVersions(tags, { patterns: ['*'] });
    expect(orderedVersions([...tags].reverse(), { patterns: ['*'] })).toEqual(ordered);
    expect(ordered.flat().sort()).toEqual([...tags].sort());
  });

  test.each(['VERSION', 'LAST_NUMBER'] as const)('tags without a number are the oldest in the order %s, and none is lost', (order) => {
    const tags = ['_', '__proto__', 'constructor', 'v', '1'];
    const ordered = orderedVersions(tags, { patterns: ['*'], order }).flat();
    expect(ordered[0]).toBe('1');
    expect([...ordered].sort()).toEqual([...tags].sort());
  });

  const anyTag = fc.stringMatching(/^[0-9vVrcA-B_.-]{1,12}$/);

  test.each(['VERSION', 'LAST_NUMBER'] as const)('the order %s does not depend on the order of the list, for any tags', (order) => {
    fc.assert(fc.property(fc.uniqueArray(anyTag, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (tags, random) => {
      const shuffled = tags.map((tag) => ({ tag, at: random.next().value as number })).sort((a, b) => a.at - b.at).map(({ tag }) => tag);
      expect(orderedVersions(shuffled, { patterns: ['*'], order })).toEqual(orderedVersions(tags, { patterns: ['*'], order }));
    }), { numRuns: 300 });
  });

  test('a hundred thousand long tags are ordered', () => {
    const tags = Array.from({ length: 100_000 }, (_, index) => `${'1.'.repeat(60)}${index}`);
    expect(selectTags(tags, { patterns: ['*'], latest: 1 })).toEqual([`${'1.'.repeat(60)}99999`]);
  });
});
