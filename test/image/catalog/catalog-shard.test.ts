import * as fc from 'fast-check';
import { requiredShards, formatShard, isInShard, largestShard, MAX_SHARDS, parseShard, shardAdvice } from '../../../src/image/catalog/catalog-shard';

const shards = (of: number) => Array.from({ length: of }, (_, index) => ({ number: index + 1, of }));

test('every name is in one shard, whatever their number', () => {
  fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: MAX_SHARDS }), (name, of) => {
    expect(shards(of).filter((shard) => isInShard(name, shard))).toHaveLength(1);
  }));
});

test('a name is in the same shard for ever', () => {
  const names = ['docker.io/library/nginx', 'docker.io/library/redis', 'quay.io/prometheus/prometheus', 'registry.k8s.io/pause', ''];
  expect(names.map((name) => shards(7).find((shard) => isInShard(name, shard))!.number)).toEqual([5, 5, 6, 7, 2]);
});

test.each([2, 3, 4, 7, 10, 16, 30])('names that differ little are spread over %i shards about evenly', (of) => {
  const names = Array.from({ length: 3_000 }, (_, index) => `docker.io/team/app-${index}`);
  for (const shard of shards(of)) {
    const size = names.filter((name) => isInShard(name, shard)).length;
    expect(size).toBeGreaterThan(names.length / of * 0.6);
    expect(size).toBeLessThan(names.length / of * 1.4);
  }
});

describe('how many shards are enough', () => {
  const repositories = (count: number) => Array.from({ length: count }, (_, index) => `docker.io/team/app-${index}`);

  test('is the smallest number of which none has more', () => {
    const lists = fc.array(fc.constantFrom(...repositories(40)), { minLength: 1, maxLength: 200 });
    fc.assert(fc.property(lists, fc.integer({ min: 1, max: 60 }), (names, most) => {
      const sizes = (of: number) => shards(of).map((shard) => names.filter((name) => isInShard(name, shard)).length);
      const expected = shards(MAX_SHARDS).map(({ number }) => number).find((of) => Math.max(...sizes(of)) <= most);
      expect(requiredShards(names, most)).toBe(expected);
      expect(largestShard(names, 7)).toBe(Math.max(...sizes(7)));
    }), { numRuns: 50 });
  });

  test('is told, and never more than there may be', () => {
    expect(shardAdvice(repositories(501))).toBe('set shards: 2');
    expect(shardAdvice(repositories(16_000))).toBe('divide it into several catalogs, because a catalog can have at most 30 shards');
  });

  test('is none for the tags of one repository, which are better selected', () => {
    const tags = new Array<string>(501).fill('docker.io/library/nginx');
    expect(shardAdvice([...repositories(100), ...tags])).toBe('501 are tags of docker.io/library/nginx, and one build mirrors all tags of a repository; select them with "tags" instead');
  });
});

test('a shard is written as it is read', () => {
  for (const of of [1, 4, MAX_SHARDS]) for (const shard of shards(of)) expect(parseShard(formatShard(shard))).toEqual(shard);
});

test.each(['', '1', '0/1', '2/1', '1/0', '1/31', '01/2', '1/2/3', ' 1/2', '1/2\n', '-1/2', '1.5/2', '1e1/20', '100/100'])('%j is no shard', (text) => {
  expect(parseShard(text)).toBeUndefined();
});
