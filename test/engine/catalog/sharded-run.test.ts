/** The part of a catalog that one build mirrors: the engine's bundle, in an account where pushes create repositories. */
import { isInShard } from '../../../src/image/catalog/catalog-shard';
import { mirrorParameter, nameOf, openCatalogAccount, PARAMETER, publish } from '../../support/catalog-account';
import { LocalAccount } from '../../support/local-account';

let account: LocalAccount;

beforeEach(async () => {
  account = await openCatalogAccount();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

describe('a shard', () => {
  test('has the images that are its own, and every image is in one', async () => {
    const apps = Array.from({ length: 6 }, (_, index) => `team/app${index}`);
    for (const app of apps) publish(account, app, '1.0.0', '1.1.0');
    const text = apps.flatMap((app) => ['1.0.0', '1.1.0'].map((tag) => nameOf(app, tag))).concat('Bad').join(',');
    const sources: string[][] = [];
    for (const number of [1, 2]) {
      const { lines } = await mirrorParameter(account, text, { SHARD: `${number}/2` });
      sources.push(lines.at(-1)!.results.map(({ source }) => source));
      expect(lines.at(-1)!.results.filter(({ source }) => source !== 'Bad').every(({ outcome }) => outcome === 'copied')).toBe(true);
    }
    expect(sources.flat().sort()).toEqual(text.split(',').sort());
    for (const app of apps) {
      const own = isInShard(nameOf(app), { number: 1, of: 2 }) ? sources[0] : sources[1];
      expect(own).toEqual(expect.arrayContaining([nameOf(app, '1.0.0'), nameOf(app, '1.1.0')]));
    }
  });

  test('without images of its own is a green no-op', async () => {
    publish(account, 'team/app', '1.0.0');
    const runs = await Promise.all([1, 2].map((number) => mirrorParameter(account, nameOf('team/app', '1.0.0'), { SHARD: `${number}/2` })));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ lines }) => lines.at(-1)!.results.length).sort()).toEqual([0, 1]);
  });

  test('with more entries than a build takes has the first mirrored, and the others fail by their names and say how many shards are enough', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0');
    const bad = Array.from({ length: 499 }, (_, index) => `BAD${index}`);
    const { code, lines } = await mirrorParameter(account, [...bad, nameOf('team/app', '1.0.0'), nameOf('team/app', '1.1.0')].join(','));
    expect([code, lines.at(-1)!.images]).toEqual([1, { 'copied': 1, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 500 }]);
    expect(lines.find(({ source }) => source === nameOf('team/app', '1.0.0'))).toMatchObject({ outcome: 'copied' });
    expect(lines.find(({ source }) => source === nameOf('team/app', '1.1.0'))).toMatchObject({
      outcome: 'failed', reason: 'invalid-configuration', message: `ssm:${PARAMETER}, entry 501: a build mirrors at most 500 entries, and this is number 501; set shards: 2`,
    });
  });
});
