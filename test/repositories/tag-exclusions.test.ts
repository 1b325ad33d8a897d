import { patternsOverlap, suffixedTagPattern, versionPatterns } from '../../src/image/tag-patterns';
import { findExclusions } from '../../src/repositories/tag-exclusions';
import { randomCases } from '../support/random-cases';

const PYTHON = ['3.11', '3.12', '3.13', '3.11-slim', '3.12-slim', '3.13-slim', 'slim'];
const NGINX = ['1', '1.2', '1.25', '1.26', '1.27', '1.28'];

const exceptions = (matched: string[], ...unmatched: string[]) => findExclusions({ matched, unmatched, trustsPatterns: true });
const protections = (matched: string[], ...unmatched: string[]) => findExclusions({ matched, unmatched, trustsPatterns: false });

test.each<[string, string[] | undefined, string[] | undefined]>([
  ['five tags are themselves', exceptions(['e', 'd', 'c', 'b', 'a'], 'x'), ['a', 'b', 'c', 'd', 'e']],
  ['a pattern of the app may match a fixed tag', exceptions(['1.2*', 'stable'], '1.27.0'), ['1.2*', 'stable']],
  ['seven tags share a pattern', exceptions(PYTHON), ['3.1*-slim', '3.11', '3.12', '3.13', 'slim']],
  ['a fixed tag of another variant does not matter', exceptions(PYTHON, '3.11.7', '3.11.7-alpine'), ['3.1*-slim', '3.11', '3.12', '3.13', 'slim']],
  ['a fixed tag that a pattern would match leads to other patterns', exceptions(PYTHON, '3.11.7-slim'), ['3.11', '3.11-slim', '3.12*', '3.13*', 'slim']],
  ['versions that a filter selects do not match', exceptions(PYTHON, ...versionPatterns('')), ['3.1*-slim', '3.11', '3.12', '3.13', 'slim']],
  ['versions of the variant that a filter selects leave none', exceptions(PYTHON, ...versionPatterns('-slim')), undefined],
  ['a tag made of a digest does not match', exceptions(['da', 'db', 'dc', 'dd', 'de', 'df'], 'digest-0123456789ab'), undefined],
  ['a tag with a suffix does not match', exceptions(['a-f0', 'b-f0', 'c-f0', 'd-f0', 'e-f0', 'f-f0'], suffixedTagPattern('1.0.0')), ['*-f0']],
  ['platform tags share a pattern with their tag', exceptions(['20', '21', '22', '22-linux-amd64', '23', '24']), ['20', '21', '22*', '23', '24']],
  ['a fixed platform tag does not match', exceptions(['3.12', '3.13', '3.14', '3.15', '3.16', '3.17'], '3.12.1-linux-arm64'), undefined],
  ['customized tags share their recipe', exceptions(['0', '1', '2', '3', '4', '5'].map((tag) => `${tag}-4f1c0e2a9b7d*`)), ['*-4f1c0e2a9b7d*']],
  ['a word in the middle is a pattern', exceptions(['1-jre-a', '2-jre-b', '3-jre-c', '4-jre-d', '5-jre-e', '6-jre-f'], '1.0.0-jdk-a'), ['*-jre*']],
  ['a pattern with three wildcards becomes a wider one', exceptions(['1.*-*-*']), ['1.*']],
  ['tags with nothing in common have none', exceptions(['a', 'b', 'c', 'd', 'e', 'f']), undefined],
  ['a fixed tag is protected', protections(['1.27.3'], ...NGINX), ['1.27.3']],
  ['fixed tags and their suffixed tags are protected', protections(['1.27.3', suffixedTagPattern('1.27.3')], ...NGINX), ['1.27.3', '1.27.3-*']],
  ['versions that a filter selects cannot be told from floating tags', protections(versionPatterns(''), ...NGINX), undefined],
  ['versions that a filter selects are protected where no floating tag has a dot', protections(versionPatterns(''), 'a', 'b', 'c', 'd', 'e', 'f'), ['*.*']],
  ['a pattern of fixed tags that matches a floating tag is not protected', protections(['1.2*'], ...NGINX), undefined],
])('%s', (_, actual, expected) => {
  expect(actual).toEqual(expected);
});

/** The tags of random sets are close to real ones: versions of two or three parts with a variant. */
function randomTags(seed: number): { floating: string[]; fixed: string[] } {
  let state = seed;
  const below = (limit: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor(state / 65_536) % limit;
  };
  const one = <T>(values: readonly T[]) => values[below(values.length)];
  const variant = () => one(['', '', '-slim', '-alpine', '-slim-bookworm', '-alpine3.20', '-jre']);
  const floating = Array.from({ length: 1 + below(24) }, () => `${one(['', '', 'v'])}${1 + below(3)}.${below(14)}${variant()}`);
  const named = Array.from({ length: below(3) }, () => one(['latest', 'stable', 'slim', 'alpine', 'edge', '1.2*', '*-rc*', '22-linux-amd64']));
  const fixed = Array.from({ length: below(8) }, () => `${1 + below(3)}.${below(14)}.${below(9)}${variant()}`);
  const others = Array.from({ length: below(3) }, () => one(['digest-0123456789ab', '2.1.0-linux-arm64', '20240131', ...versionPatterns('-jre')]));
  const all = [...fixed, ...others];
  return { floating: [...floating, ...named], fixed: [...all, ...below(3) === 0 ? all.map(suffixedTagPattern) : []] };
}

const expression = (filter: string) => new RegExp(`^${filter.split('*').map((part) => part.replace(/\./g, '\\.')).join('.*')}$`);

test('random sets have filters that Amazon ECR allows, that match all tags and none of the others, in any order', () => {
  let found = 0;
  for (let seed = 1; seed <= randomCases(200); seed++) {
    const { floating, fixed } = randomTags(seed);
    for (const [matched, unmatched, trustsPatterns] of [[floating, fixed, true], [fixed, floating, false]] as const) {
      const filters = findExclusions({ matched, unmatched, trustsPatterns });
      const reversed = { matched: [...matched].reverse(), unmatched: [...unmatched].reverse(), trustsPatterns };
      expect(findExclusions(reversed)).toEqual(filters);
      if (filters === undefined) continue;
      found++;
      expect(filters.length).toBeLessThanOrEqual(5);
      for (const filter of filters) expect(filter).toMatch(/^(?=[^*]*(?:\*[^*]*){0,2}$)[0-9A-Za-z._*-]{1,128}$/);
      const unmet = matched.filter((tag) => !filters.some((filter) => expression(filter).test(tag)));
      const wrong = filters.filter((filter) => !matched.includes(filter)).filter((filter) => unmatched.some((tag) => patternsOverlap(filter, tag)));
      expect({ seed, unmet, wrong }).toEqual({ seed, unmet: [], wrong: [] });
    }
  }
  expect(found).toBeGreaterThan(randomCases(80));
});

test('the search ends for very many tags', () => {
  const many = Array.from({ length: 150 }, (_, index) => `${(index * 7919) % 97}.${index % 12}${['', '-slim', '-alpine', '-x'][index % 4]}`);
  exceptions(many, '1.2.3');
  expect(exceptions([...many, ...many.map((tag) => `${tag}-y`)], '1.2.3')).toBeUndefined();
});
