import * as fc from 'fast-check';
import { rangeProblem, selectTags } from '../../src/engine/tags';
import type { TagSelection } from '../../src/image/tag-selection';

const TAGS = [
  'latest', 'stable', 'alpine', '1', '1.27', '1.25.0', '1.26.0', '1.27.0', '1.27.1', '1.9.0', '2.0.0', '2.1.0-rc.1', '2.0.0-rc.2', '2.0.0-rc.10',
  '1.27.0-alpine', '1.26.0-alpine', '1.27.0-alpine-slim', '1.27.0-perl', 'nightly-20240131', '0.9.9', '1.27.0.1', '01.2.3',
];

describe('a range of versions', () => {
  test.each<[string, TagSelection, string[]]>([
    ['newest first, by number and not by letter', { semver: '1.x' }, ['1.27.1', '1.27.0', '1.26.0', '1.25.0', '1.9.0']],
    ['within its bounds', { semver: '>=1.26 <1.27.1' }, ['1.27.0', '1.26.0']],
    ['with alternatives', { semver: '1.9.0 || 2.0.0' }, ['2.0.0', '1.9.0']],
    ['only the latest', { semver: '*', latest: 2 }, ['2.0.0', '1.27.1']],
    ['the latest of a range', { semver: '<2', latest: 1 }, ['1.27.1']],
    ['no more than there are', { semver: '<1', latest: 50 }, ['0.9.9']],
    ['nothing', { semver: '>=3' }, []],
    ['of a variant', { semver: '*', variant: 'alpine' }, ['1.27.0-alpine', '1.26.0-alpine']],
    ['the latest of a variant', { semver: '*', variant: 'alpine', latest: 1 }, ['1.27.0-alpine']],
    ['of a variant with dashes', { semver: '*', variant: 'alpine-slim' }, ['1.27.0-alpine-slim']],
    ['of no variant that there is', { semver: '*', variant: 'pine' }, []],
    ['without what is excluded', { semver: '1.x', exclude: ['1.27.*', '1.9.0'] }, ['1.26.0', '1.25.0']],
    ['the latest of what is not excluded', { semver: '1.x', exclude: ['1.27.*'], latest: 1 }, ['1.26.0']],
  ])('selects %s', (_, selection, tags) => {
    expect(selectTags(TAGS, selection)).toEqual(tags);
  });

  test('leaves pre-releases out', () => {
    expect(selectTags(TAGS, { semver: '>=2' })).toEqual(['2.0.0']);
  });

  test('has pre-releases where they are wanted, in their own order, and after them their release', () => {
    expect(selectTags(TAGS, { semver: '2.0.x', prereleases: true })).toEqual(['2.0.0', '2.0.0-rc.10', '2.0.0-rc.2']);
  });

  test('has pre-releases of what it begins with, and none of what it ends before', () => {
    expect(selectTags(TAGS, { semver: '>=2.1', prereleases: true })).toEqual(['2.1.0-rc.1']);
    expect(selectTags(TAGS, { semver: '>=1.27.1 <2', prereleases: true })).toEqual(['1.27.1']);
  });

  test('counts pre-releases among the latest', () => {
    expect(selectTags(TAGS, { semver: '*', prereleases: true, latest: 2 })).toEqual(['2.1.0-rc.1', '2.0.0']);
  });

  test('knows versions with a v', () => {
    expect(selectTags(['v1.2.3', 'v1.10.0', 'v2.0.0', 'version-1.2.3', 'V1.2.4'], { semver: '1.x' })).toEqual(['v1.10.0', 'v1.2.3']);
  });

  test('selects a version in both spellings, and counts it once', () => {
    expect(selectTags(['1.2.3', 'v1.2.3', '1.2.2', 'v1.2.1'], { semver: '1.x', latest: 2 })).toEqual(['1.2.3', 'v1.2.3', '1.2.2']);
  });

  test('knows versions of a variant with a v', () => {
    expect(selectTags(['v1.2.3-debian', '1.2.2-debian', 'v1.2.3'], { semver: '1.x', variant: 'debian' })).toEqual(['v1.2.3-debian', '1.2.2-debian']);
  });
});

describe('patterns', () => {
  test.each<[string, TagSelection, string[]]>([
    ['a tag itself', { patterns: ['stable'] }, ['stable']],
    ['all', { patterns: ['*'], exclude: [] }, TAGS],
    ['what begins so', { patterns: ['nightly-*'] }, ['nightly-20240131']],
    ['what ends so', { patterns: ['*-perl'] }, ['1.27.0-perl']],
    ['what holds it', { patterns: ['*lp*'] }, ['alpine', '1.27.0-alpine', '1.26.0-alpine', '1.27.0-alpine-slim']],
    ['one of several, in the registry\'s order', { patterns: ['stable', 'latest'] }, ['latest', 'stable']],
    ['without what is excluded', { patterns: ['1.27*'], exclude: ['*-*'] }, ['1.27', '1.27.0', '1.27.1', '1.27.0.1']],
    ['a dot as a dot', { patterns: ['1.9.0', '1x9x0'] }, ['1.9.0']],
    ['nothing', { patterns: ['windows*'] }, []],
  ])('select %s', (_, selection, tags) => {
    expect(selectTags(TAGS, selection)).toEqual(tags);
  });

  test('select a tag once that the registry lists twice', () => {
    expect(selectTags(['a', 'b', 'a'], { patterns: ['*'] })).toEqual(['a', 'b']);
  });

  test('mean "*" as any characters, and nothing else', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,12}$/);
    const pattern = fc.array(fc.constantFrom('.', '-', '_', 'a', '1', '..', 'b*', '-*', '_*'), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(fc.property(pattern, fc.oneof(word, pattern.map((like) => `a${like.replace(/\*/g, 'x')}`)), (text, tag) => {
      const expected = new RegExp(`^${text.split('*').map((part) => part.replace(/\./g, '\\.')).join('.*')}$`).test(tag);
      expect(selectTags([tag], { patterns: [text] })).toEqual(expected ? [tag] : []);
    }), { numRuns: 2000 });
  });
});

test('whatever is selected was listed, and nothing twice', () => {
  const tag = fc.oneof(fc.stringMatching(/^v?[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}(-[a-z0-9.]{1,6})?$/), fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/));
  const selection = fc.record({
    semver: fc.constantFrom('*', '>=1', '1.x || 3.x', '~1.2'), latest: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }), prereleases: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(tag, { maxLength: 40 }), selection, (tags, chosen) => {
    const selected = selectTags(tags, chosen);
    expect(selected.every((one) => tags.includes(one))).toBe(true);
    expect(new Set(selected).size).toBe(selected.length);
    expect(selectTags([...tags].reverse(), chosen)).toEqual(selected);
  }), { numRuns: 300 });
});

describe('of a range', () => {
  test.each(['>=1.25 <2', '1.x', '^1.2', '~1.2.3', '*', '1.0.0 - 2.0.0', '1 || 3', ''])('%j has no problem', (semver) => {
    expect(rangeProblem({ semver })).toBeUndefined();
  });

  test.each(['newest', '>=1.25 and <2', '1.2.3.4', '>>1', 'x'.repeat(201), `${'1 || '.repeat(100)}1`])('%j has a problem, in words', (semver) => {
    expect(rangeProblem({ semver })).toContain('valid for npm');
  });

  test('the other problems of a selection are told too', () => {
    expect(rangeProblem({ semver: '*', latest: 0 })).toContain('latest 0');
    expect(rangeProblem({ patterns: ['a/b'] })).toContain('"a/b"');
    expect(rangeProblem({ patterns: ['*'] })).toBeUndefined();
  });
});

describe('a pattern', () => {
  test.each([
    ['*.*', '_.', true],
    ['***.x', 'a_x', false],
    ['***.x', 'a.x', true],
    ['a*a', 'a', false],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['*-rc*', '1.0.0-rc.1', true],
    ['1.*', '1.', true],
  ])('%s and the tag %s: %s', (pattern, tag, selected) => {
    expect(selectTags([tag], { patterns: [pattern] })).toEqual(selected ? [tag] : []);
  });

  test('that is made to be slow is not', () => {
    const tags = Array.from({ length: 20_000 }, (_, index) => `${'a'.repeat(120)}${index}`);
    expect(selectTags(tags, { patterns: ['*a*a*a*a*a*a*a*a*b'] })).toEqual([]);
  });
});

test('"vv1.2.3" names no version', () => {
  expect(selectTags(['vv1.2.3', 'v1.2.3'], { semver: '1.x' })).toEqual(['v1.2.3']);
});
