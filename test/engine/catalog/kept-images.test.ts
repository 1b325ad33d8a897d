/** The images that the entries of a catalog keep in the mirror. */
import { planCatalogImages } from '../../../src/engine/catalog/catalog-plan';

describe('the images that stay', () => {
  /** The entries of a list, as the engine reads them. */
  function plan(text: string, environment: Record<string, string>) {
    return planCatalogImages({ name: 'list', text, shard: { number: 1, of: 1 }, today: '2030-01-01' }, { MIRROR_REGISTRY: 'registry.example.com', ...environment });
  }

  function selections(text: string, environment: Record<string, string>) {
    return plan(text, environment).map((planned) => 'result' in planned ? planned.result.message : planned.configuration.tags?.latest);
  }

  test('are as many versions as an entry selects, without a number of its own', () => {
    const text = 'images: [{ image: nginx, tags: { semver: 1.x }, keepVersions: 7 }, { image: redis, tags: { semver: 7.x, latest: 3 }, keepVersions: 7 }, { image: vault, tags: { semver: 1.x } }]';
    expect(selections(text, {})).toEqual([7, 3, undefined]);
  });

  test('are as many as the catalog says, where an entry has an order, and never fewer than the entry selects', () => {
    const text = 'images: [{ image: nginx, tags: { semver: 1.x } }, { image: redis, tags: { semver: 7.x, latest: 9 } }, { image: vault, tags: { patterns: ["1*"] } }, "a:1.0.0"]';
    expect(selections(text, { KEEP_VERSIONS: '4' })).toEqual([4, 9, undefined, undefined]);
  });

  test('are at most as many as a run selects', () => {
    expect(selections('images: [{ image: nginx, tags: { semver: 1.x }, keepVersions: 900 }]', {})).toEqual([500]);
  });

  test('include the versions that another entry for the same repository keeps', () => {
    const text = 'images: [{ image: nginx, tags: { semver: 1.x }, keepVersions: 3 }, { image: nginx, tags: { semver: ">=1.20", latest: 2 } }, '
      + '{ image: redis, tags: { semver: 7.x }, keepVersions: 4 }]';
    const others = (environment: Record<string, string>) => plan(text, environment).map((planned) => {
      return 'result' in planned ? planned.result.message : planned.configuration.otherTags?.map(({ semver, latest }) => [semver, latest]);
    });
    expect(others({})).toEqual([[['>=1.20', undefined]], [], []]);
    expect(others({ KEEP_VERSIONS: '9' })).toEqual([[['>=1.20', 9]], [['1.x', 3]], []]);
  });

  test('are not known when the number of the catalog is none', () => {
    expect(selections('images: [{ image: nginx, tags: { semver: 1.x } }]', { KEEP_VERSIONS: 'many' })).toEqual([expect.stringContaining('KEEP_VERSIONS')]);
  });
});
