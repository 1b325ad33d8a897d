import * as fc from 'fast-check';
import { parseTagSelection, TagSelection, tagSelectionProblem } from '../../src/image/tag-selection';

describe('read', () => {
  test.each<[string, TagSelection]>([
    ['{"semver":">=1.25 <2","latest":5}', { semver: '>=1.25 <2', latest: 5 }],
    ['{"semver":"*","variant":"alpine","exclude":["*-perl"]}', { semver: '*', variant: 'alpine', exclude: ['*-perl'] }],
    ['{"semver":"1.x","prereleases":true}', { semver: '1.x', prereleases: true }],
    ['{"patterns":["stable*","edge"]}', { patterns: ['stable*', 'edge'] }],
    ['{"patterns":["RELEASE.*"],"latest":5,"order":"VERSION"}', { patterns: ['RELEASE.*'], latest: 5, order: 'VERSION' }],
  ])('%s is a selection', (text, selection) => {
    expect(parseTagSelection(text)).toEqual(selection);
  });

  test.each([
    '', 'semver', '{', '{"semver":1}', '{"semver":null}', '{"variant":[]}', '{"prereleases":"yes"}', '{"latest":"5"}', '{"patterns":"*"}',
    '{"patterns":[1]}', '{"patterns":{"0":"*"}}', '{"exclude":"x"}', '{"exclude":[null]}', '{"patterns":["*"],"order":1}',
  ])('%j is none', (text) => {
    expect(parseTagSelection(text)).toBeUndefined();
  });

  test.each(['null', '1', '"*"', '[]', 'true', '{}'])('%s selects by nothing, which is a problem', (text) => {
    const selection = parseTagSelection(text);
    expect(selection === undefined || tagSelectionProblem(selection) !== undefined).toBe(true);
  });

  test('any text is read without an error', () => {
    const fields = fc.record({
      ...Object.fromEntries(['semver', 'variant', 'prereleases', 'latest', 'patterns', 'order', 'exclude'].map((field) => [field, fc.jsonValue()])),
    }, { requiredKeys: [] }).map((value) => JSON.stringify(value));
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{"__proto__":{"semver":"*"}}'), fields), (text) => {
      const selection = parseTagSelection(text);
      expect(selection === undefined || typeof (tagSelectionProblem(selection) ?? '') === 'string').toBe(true);
    }), { numRuns: 1000 });
  });
});

describe('without a problem', () => {
  test.each<[TagSelection]>([
    [{ semver: '>=1' }],
    [{ semver: '>=1', latest: 1 }],
    [{ semver: '>=1', variant: 'slim-bookworm' }],
    [{ semver: '>=1', prereleases: true, latest: 3 }],
    [{ semver: '>=1', variant: 'alpine', prereleases: false }],
    [{ semver: '>=1', exclude: ['*-windows*'] }],
    [{ patterns: ['*'] }],
    [{ patterns: ['v1.*', 'latest'], exclude: ['*-rc*'] }],
    [{ semver: '>=1', exclude: [] }],
    [{ patterns: ['b-*'], latest: 5 }],
    [{ patterns: ['b-*'], order: 'LAST_NUMBER' }],
  ])('%j', (selection) => {
    expect(tagSelectionProblem(selection)).toBeUndefined();
  });
});

describe('a problem, in words', () => {
  test.each<[TagSelection, string]>([
    [{}, 'either semver or patterns'],
    [{ exclude: ['x'] }, 'either semver or patterns'],
    [{ semver: '*', patterns: ['*'] }, 'either semver or patterns'],
    [{ patterns: ['*'], latest: 0 }, 'latest 0 must be a whole number'],
    [{ semver: '*', order: 'VERSION' }, 'order needs patterns'],
    [{ patterns: ['*'], order: 'NEWEST' as 'VERSION' }, 'order "NEWEST" must be one of VERSION, LAST_NUMBER'],
    [{ patterns: ['*'], variant: 'alpine' }, 'need semver'],
    [{ patterns: ['*'], prereleases: false }, 'need semver'],
    [{ semver: '*', variant: '-alpine' }, '"-alpine"'],
    [{ semver: '*', variant: '' }, '""'],
    [{ semver: '*', variant: 'al pine' }, '"al pine"'],
    [{ semver: '*', variant: 'x'.repeat(101) }, 'the variant'],
    [{ semver: '*', variant: 'alpine', prereleases: true }, 'remove variant or prereleases'],
    [{ semver: '*', latest: 0 }, 'latest 0'],
    [{ semver: '*', latest: -1 }, 'latest -1'],
    [{ semver: '*', latest: 1.5 }, 'latest 1.5'],
    [{ semver: '*', latest: 1e300 }, 'at least 1'],
    [{ patterns: [] }, 'is empty'],
    [{ patterns: [''] }, 'the pattern ""'],
    [{ patterns: ['ok', 'a/b'] }, 'the pattern "a/b"'],
    [{ patterns: ['[a-z]'] }, '"[a-z]"'],
    [{ patterns: ['{a,b}'] }, '"{a,b}"'],
    [{ patterns: ['a?'] }, '"a?"'],
    [{ patterns: ['!a'] }, '"!a"'],
    [{ patterns: ['+(a)'] }, '"+(a)"'],
    [{ patterns: ['x'.repeat(129)] }, 'the pattern'],
    [{ semver: '*', exclude: ['a\n'] }, '"a\\n"'],
  ])('%j', (selection, words) => {
    expect(tagSelectionProblem(selection)).toContain(words);
  });
});
