import { coversPattern, literalEnd, literalStart, patternsOverlap, suffixedTagPattern, versionPatterns } from '../../src/image/tag-patterns';
import { randomCases } from '../support/random-cases';

/** A random number from 0 to 1, the same in each run. */
function* randomNumbers(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    yield state / 4_294_967_296;
  }
}

const SHORT_TAGS = (function all(length: number): string[] {
  return length === 0 ? [''] : all(length - 1).flatMap((tag) => tag.length < length - 1 ? [tag] : [tag, ...['1', 'a', '-'].map((next) => tag + next)]);
})(5);

const expression = (pattern: string) => {
  const parts: Record<string, string> = { '*': '.*', '#': '[0-9]+', '%': '[0-9a-f]', '-': '\\-' };
  return new RegExp(`^${[...pattern].map((character) => parts[character] ?? character).join('')}$`);
};

test('two patterns overlap if and only if a tag matches both', () => {
  const random = randomNumbers(7);
  const pattern = () => Array.from({ length: 1 + Math.floor(random.next().value! * 4) }, () => '1a-*#%'[Math.floor(random.next().value! * 6)]).join('');
  for (let index = 0; index < randomCases(2_000); index++) {
    const [one, other] = [pattern(), pattern()];
    const found = SHORT_TAGS.some((tag) => expression(one).test(tag) && expression(other).test(tag));
    // Two patterns of four symbols can need a longer tag than those that are tried.
    if (found) expect([one, other, patternsOverlap(one, other)]).toEqual([one, other, true]);
    if (!patternsOverlap(one, other)) expect([one, other, found]).toEqual([one, other, false]);
  }
});

test.each<[string, string, boolean]>([
  ['3.1*-slim', '3.11.7', false],
  ['3.1*-slim', '3.11.7-slim', true],
  ['3.1*', versionPatterns('')[0], true],
  ['3.1*', versionPatterns('')[1], false],
  ['*-slim', versionPatterns('')[0], false],
  ['*-slim', versionPatterns('-slim')[0], true],
  ['3.1*-slim', suffixedTagPattern('3.11.7-slim'), false],
  ['3.1*', suffixedTagPattern('3.11.7'), true],
  ['*-cafe', suffixedTagPattern('1.0.0'), false],
  ['*cafe', suffixedTagPattern('1.0.0'), true],
  ['stable*', 'stable', true],
  ['a*a', 'a', false],
  ['d*', 'digest-0123456789ab', true],
  ['1.*.*', '1.2', false],
  ['%%', 'ff', true],
  ['%%', 'fg', false],
])('whether %s and %s overlap: %s', (one, other, expected) => {
  expect(patternsOverlap(one, other)).toBe(expected);
  expect(patternsOverlap(other, one)).toBe(expected);
});

test.each<[string, string, boolean]>([
  ['3.*', '3.11', true],
  ['3.*', '3.1*-slim', true],
  ['3.1*-slim', '3.*-slim', false],
  ['*-slim*', '3.11-slim-trixie', true],
  ['a*a', 'a', false],
  ['a*b*c', 'abbc', true],
  ['a*bb*c', 'abc', false],
  ['1.0.0*', suffixedTagPattern('1.0.0'), true],
  ['#.#', '1.2', false],
])('whether %s covers %s: %s', (wildcards, pattern, expected) => {
  expect(coversPattern(wildcards, pattern)).toBe(expected);
});

test('the literal parts of a pattern are outside of its symbols', () => {
  expect(['1.0-%%', '*', 'stable', 'v#.#.#-slim'].map((pattern) => [literalStart(pattern), literalEnd(pattern)])).toEqual([
    ['1.0-', ''], ['', ''], ['stable', 'stable'], ['v', '-slim'],
  ]);
});
