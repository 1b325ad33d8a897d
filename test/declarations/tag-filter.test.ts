import { Lazy } from 'aws-cdk-lib';
import { TagFilter, TagKind, TagOrder } from '../../src';
import { rangeProblem, selectTags } from '../../src/engine/tags';
import { parseTagSelection } from '../../src/image/tag-selection';

/** What the engine reads. */
function selection(filter: TagFilter) {
  return parseTagSelection(filter._render());
}

/** What the engine selects. */
function select(filter: TagFilter, ...tags: string[]) {
  return selectTags(tags, selection(filter)!);
}

describe('a filter is written as compact JSON, undefined fields left out', () => {
  test.each<[() => TagFilter, string]>([
    [() => TagFilter.semver('>=1.25 <2'), '{"semver":">=1.25 <2"}'],
    [() => TagFilter.semver('>=1.25 <2', { latest: 5 }), '{"semver":">=1.25 <2","latest":5}'],
    [() => TagFilter.semver('*', { variant: 'alpine' }), '{"semver":"*","variant":"alpine"}'],
    [() => TagFilter.semver('*', { prereleases: true, exclude: ['2.*', '1.*', '2.*'] }), '{"semver":"*","prereleases":true,"exclude":["1.*","2.*"]}'],
    [() => TagFilter.semver('  1.x   ||  2.x ', { prereleases: false, exclude: [] }), '{"semver":"1.x || 2.x"}'],
    [() => TagFilter.pattern('8.*-alpine'), '{"patterns":["8.*-alpine"]}'],
    [() => TagFilter.pattern('8.*', { exclude: ['*-rc*'] }), '{"patterns":["8.*"],"exclude":["*-rc*"]}'],
    [() => TagFilter.pattern('RELEASE.*', { latest: 5 }), '{"patterns":["RELEASE.*"],"latest":5}'],
    [() => TagFilter.pattern('RELEASE.*', { latest: 5, order: TagOrder.VERSION }), '{"patterns":["RELEASE.*"],"latest":5}'],
    [() => TagFilter.pattern('main-*', { latest: 5, order: TagOrder.LAST_NUMBER, exclude: ['*-arm64'] }), '{"patterns":["main-*"],"latest":5,"order":"LAST_NUMBER","exclude":["*-arm64"]}'],
    [() => TagFilter.patterns('stable', '1.2*', 'stable'), '{"patterns":["1.2*","stable"]}'],
  ])('%#', (define, text) => {
    expect(define()._render()).toBe(text);
    expect(rangeProblem(selection(define())!)).toBeUndefined();
  });
});

test('the engine selects what a filter means', () => {
  const tags = ['1.24.0', '1.25.0', 'v1.26.0', '1.27.0', '1.27.0-alpine', '2.0.0', '1.27', 'stable', 'latest'];
  expect(select(TagFilter.semver('>=1.25 <2', { latest: 2 }), ...tags)).toEqual(['1.27.0', 'v1.26.0']);
  expect(select(TagFilter.semver('>=1.25 <2', { variant: 'alpine' }), ...tags)).toEqual(['1.27.0-alpine']);
  expect(select(TagFilter.pattern('1.2*', { exclude: ['*-alpine', '1.27'] }), ...tags)).toEqual(['1.24.0', '1.25.0', '1.27.0']);
  expect(select(TagFilter.pattern('1.2*', { latest: 2 }), ...tags)).toEqual(['1.27.0-alpine', '1.27.0']);
  expect(select(TagFilter.patterns('stable', 'v*'), ...tags)).toEqual(['v1.26.0', 'stable']);
});

describe('the tags that may move', () => {
  test.each<[string, TagFilter, TagKind | undefined, string[]]>([
    ['are none of the versions', TagFilter.semver('*'), undefined, []],
    ['are none of the versions that are called fixed', TagFilter.semver('*'), TagKind.FIXED, []],
    ['are all versions that are said to float', TagFilter.semver('*'), TagKind.FLOATING, ['*.*']],
    ['are the versions of a variant that are said to float', TagFilter.semver('*', { variant: 'alpine' }), TagKind.FLOATING, ['*.*-alpine']],
    ['are those of a pattern', TagFilter.pattern('1.2*'), undefined, ['1.2*']],
    ['are none of a pattern whose tags are called fixed', TagFilter.pattern('1.2*'), TagKind.FIXED, []],
    ['are single tags that float, and none that is fixed', TagFilter.patterns('stable', '1.27.0', '1.27', '1.*'), undefined, ['1.*', '1.27', 'stable']],
    ['are all patterns that are said to float', TagFilter.patterns('stable', '1.27.0'), TagKind.FLOATING, ['1.27.0', 'stable']],
  ])('%s', (_, filter, kind, patterns) => {
    expect(filter._mutablePatterns(kind)).toEqual(patterns);
  });

  test.each([undefined, 'alpine'])('are matched by the exception for versions that float, every one of them: variant %s', (variant) => {
    const suffix = variant === undefined ? '' : `-${variant}`;
    const filter = TagFilter.semver('*', { variant });
    const selected = select(filter, `1.27.0${suffix}`, `v2.0.1${suffix}`, `0.0.0${suffix}`);
    const [exception] = filter._mutablePatterns(TagKind.FLOATING);
    const matches = new RegExp(`^${exception.replace(/\./g, '\\.').replace(/\*/g, '.*')}$`);
    expect(selected).toHaveLength(3);
    for (const tag of selected) expect(tag).toMatch(matches);
  });
});

describe('fails', () => {
  const token = () => Lazy.string({ produce: () => '1.x' });
  const listToken = () => Lazy.list({ produce: () => ['1.x'] });
  const noRange = (range: string) => `"${range}" is not a valid range of semantic versions with at most 200 characters; use for example ">=1.25 <2", or "*" for all versions`;

  test.each<[string, () => unknown, string]>([
    ['when a range is empty', () => TagFilter.semver(''), noRange('')],
    ['when a range is blank', () => TagFilter.semver('  '), noRange('  ')],
    ['when a range is a word', () => TagFilter.semver('latest'), noRange('latest')],
    ['when a range holds what no range does', () => TagFilter.semver('1.0; rm'), noRange('1.0; rm')],
    ['when a range holds two lines', () => TagFilter.semver('1\n2'), noRange('1\\n2')],
    ['when a range is too long', () => TagFilter.semver('1'.repeat(201)), 'is not a valid range of semantic versions with at most 200 characters'],
    ['when none is wanted', () => TagFilter.semver('*', { latest: 0 }), 'the tag filter {"semver":"*","latest":0} is not valid: latest 0 must be a whole number of at least 1'],
    ['when half a version is wanted', () => TagFilter.semver('*', { latest: 1.5 }), 'latest 1.5 must be a whole number of at least 1'],
    ['when no tag of a pattern is wanted', () => TagFilter.pattern('1.*', { latest: 0 }), 'the tag filter {"patterns":["1.*"],"latest":0} is not valid: latest 0 must be a whole number of at least 1'],
    ['when latest of a pattern is a token', () => TagFilter.pattern('1.*', { latest: Lazy.number({ produce: () => 3 }) }), 'latest must be known at synthesis, but it is a token'],
    ['when an order is not known', () => TagFilter.pattern('1.*', { order: 'NEWEST' as TagOrder }), 'use TagOrder.VERSION or TagOrder.LAST_NUMBER'],
    ['when a variant has its dash', () => TagFilter.semver('*', { variant: '-alpine' }), 'the variant "-alpine" must be the text after the version in a tag, without its dash'],
    ['when a variant may be a pre-release', () => TagFilter.semver('*', { variant: 'alpine', prereleases: true }), 'variants and pre-releases have the same form in a tag'],
    ['when a pattern is a glob', () => TagFilter.pattern('1.{2,3}'), 'the pattern "1.{2,3}" must be letters, digits, "_", ".", "-" and "*"'],
    ['when a pattern is empty', () => TagFilter.pattern(''), 'the pattern "" must be letters'],
    ['when what is excluded is a glob', () => TagFilter.pattern('1.*', { exclude: ['[a-z]'] }), 'the pattern "[a-z]" must be letters'],
    ['when there is no pattern', () => TagFilter.patterns(), 'the tag filter {"patterns":[]} is not valid: patterns is empty; add at least one pattern'],
    ['when a range is a token', () => TagFilter.semver(token()), 'a tag filter must be known at synthesis, but it is a token'],
    ['when latest is a token', () => TagFilter.semver('*', { latest: Lazy.number({ produce: () => 3 }) }), 'latest must be known at synthesis, but it is a token'],
    ['when a pattern is a token', () => TagFilter.patterns('a', token()), 'a tag filter must be known at synthesis, but it is a token'],
    ['when the patterns are a token', () => TagFilter.patterns(...listToken()), 'the patterns of a tag filter must be known at synthesis, but they are a list token'],
    ['when what is excluded is a token', () => TagFilter.pattern('1.*', { exclude: listToken() }), 'the patterns of a tag filter must be known at synthesis'],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });
});
