import { sortBySimilarity } from '../../src/image/did-you-mean';

test('what was mistyped comes first', () => {
  expect(sortBySimilarity(['redis:7', 'nginx:stable', 'nginx:1.27', 'grafana/grafana:11.1.0'], 'ngnix:stable')[0]).toBe('nginx:stable');
});

test.each([
  ['a letter that is missing', 'ngix'],
  ['one too many', 'nginxx'],
  ['another one', 'nginy'],
])('%s is one change', (_, wanted) => {
  expect(sortBySimilarity(['nginx', 'abcde', wanted.slice(0, 2)], wanted)[0]).toBe('nginx');
});

test('what is equally like is in the order of the alphabet', () => {
  expect(sortBySimilarity(['c', 'a', 'b'], 'x')).toEqual(['a', 'b', 'c']);
});

test('nothing is like anything where there are no names', () => {
  expect(sortBySimilarity([], 'nginx')).toEqual([]);
});
