/** Patterns of identities and Git references. */
import * as fc from 'fast-check';
import { matchesPattern } from '../../../src/image/admission/signature-rule';
import { randomCases } from '../../support/random-cases';

test('a pattern is anchored, its characters stand for themselves, and a wildcard does not match a slash', () => {
  const matches = (text: string) => matchesPattern('https://a.b/c/*@refs/tags/v*', text);
  expect(matches('https://a.b/c/d.yml@refs/tags/v1.0')).toBe(true);
  for (const other of ['https://axb/c/d@refs/tags/v1', 'xhttps://a.b/c/d@refs/tags/v1', 'https://a.b/c/d/e@refs/tags/v1', 'https://a.b/c/d@refs/tags/v1/x']) {
    expect(matches(other)).toBe(false);
  }
});

test.each([
  ['a*a', 'aa', true], ['a*a', 'a', false], ['*', '', true], ['', '', true], ['', 'a', false], ['a', '', false], ['a*b*', 'ab', true], ['*ab*ab', 'ab', false],
  ['*ab*ab', 'xabab', true], ['*ab', 'abab', true], ['a**b', 'ab', true], ['*/*', 'a/b', true], ['*/*', 'a', false], ['v1.*', 'v1x2', false], ['*@b.c', 'a@b.c', true],
  ['*@b.c', 'a@x.b.c', false], ['*@b.c', 'a@b.c\n', false],
])('the pattern %j and the text %j: %j', (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});

test('a pattern matches the same texts as its regular expression', () => {
  const matched = new Set<boolean>();
  const part = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 7 });
  fc.assert(fc.property(part('ab*/'), part('ab/'), (pattern, text) => {
    const isMatch = new RegExp(`^${pattern.replaceAll('*', '[^/]*')}$`).test(text);
    expect(matchesPattern(pattern, text)).toBe(isMatch);
    matched.add(isMatch);
  }), { numRuns: randomCases(3_000) });
  // Or nothing would be shown.
  expect(matched.size).toBe(2);
});

// With a regular expression, this test would not end.
test('a pattern with many wildcards is compared at once', () => {
  const text = 'a'.repeat(1_000);
  expect([matchesPattern('*a'.repeat(500), text), matchesPattern(`${'*a'.repeat(500)}*b`, text)]).toEqual([true, false]);
});
