/** The versions of a tag filter, against the local Amazon ECR and its API. */
import { readConfiguration } from '../../../src/engine/configuration';
import { judgeVersions } from '../../../src/engine/retention/filter-versions';
import { parsePlatform } from '../../../src/image/platform';
import type { TagSelection } from '../../../src/image/tag-selection';
import { AwsApiError } from '../../support/aws-json-api';
import { FixtureImage, singleImage } from '../../support/fixture-images';
import { MIRROR, UpstreamAndImages } from '../../support/upstream-and-images';

const versionImage = (version: string) => singleImage({ seed: version, layers: 1 });

describe('the versions of a filter', () => {
  let mirror: UpstreamAndImages;
  beforeEach(async () => {
    mirror = await new UpstreamAndImages().start();
  });
  afterEach(async () => {
    await mirror.close();
    expect(mirror.errors).toEqual([]);
  });

  function release(...versions: string[]): void {
    for (const version of versions) mirror.upstream.push('app', version, versionImage(version));
  }

  /** Runs the filter as its schedule does. Returns the results and the digests that the run marked. */
  async function run(more: NodeJS.ProcessEnv = {}, selection: TagSelection = { semver: '>=1', latest: 2 }) {
    const target = { REPOSITORY: MIRROR, MIRROR_REGISTRY: mirror.ecr.host };
    const variables = { IMAGE: `${mirror.upstream.host}/app`, TAGS: JSON.stringify(selection), KEEP_VERSIONS: '3', REFERRERS: 'false', ...target, ...more };
    const results = await mirror.runAll([{ configuration: readConfiguration(variables) }]);
    const copied = results.filter(({ outcome }) => outcome === 'copied').map(({ tag }) => tag);
    return { results, copied, expired: results.flatMap(({ expired = [] }) => expired) };
  }

  const digests = (...versions: string[]) => versions.map((version) => versionImage(version).digest);
  const isMarked = ({ digest }: Pick<FixtureImage, 'digest'>) => mirror.tagsOf({ digest }).some((tag) => tag.startsWith('mirror.expired.'));

  test('beyond the number that the mirror keeps are marked, by version and not by the time of the push', async () => {
    release('1.1.0', '1.2.0');
    expect(await run()).toMatchObject({ copied: ['1.2.0', '1.1.0'], expired: [] });
    release('1.3.0');
    expect(await run()).toMatchObject({ copied: ['1.3.0'], expired: [] });
    release('1.4.0');
    expect(await run()).toMatchObject({ copied: ['1.4.0'], expired: digests('1.1.0') });
    expect(await run()).toMatchObject({ copied: [], expired: [] });
  });

  test('include a late backport in its place', async () => {
    release('1.1.0', '1.2.0', '1.3.0');
    await run({}, { semver: '>=1', latest: 3 });
    release('1.2.1');
    expect(await run({}, { semver: '>=1', latest: 3 })).toMatchObject({ copied: ['1.2.1'], expired: digests('1.1.0') });
    release('1.1.1');
    expect(await run({}, { semver: '>=1', latest: 3 })).toMatchObject({ copied: [], expired: [] });
  });

  test('that the filter selects stay, also when upstream removed a newer one', async () => {
    release('1.1.0', '1.2.0', '1.3.0');
    await run({}, { semver: '>=1', latest: 3 });
    release('1.4.0');
    mirror.upstream.repository('app').tags.delete('1.3.0');
    expect(await run({}, { semver: '>=1', latest: 3 })).toMatchObject({ copied: ['1.4.0'], expired: [] });
  });

  test('stay while another tag names their image, and are marked after it has moved on', async () => {
    release('1.1.0', '1.2.0', '1.3.0');
    await mirror.move('stable', versionImage('1.1.0'), { keepPrevious: 1 });
    expect(await run({}, { semver: '>=1', latest: 3 })).toMatchObject({ expired: [] });
    release('1.4.0');
    expect(await run()).toMatchObject({ expired: [] });
    await mirror.move('stable', versionImage('1.3.0'), { keepPrevious: 1 });
    expect(await run()).toMatchObject({ expired: [] });
    await mirror.move('stable', versionImage('1.4.0'), { keepPrevious: 1 });
    expect(await run()).toMatchObject({ expired: digests('1.1.0') });
  });

  test('that come back are protected', async () => {
    release('1.1.0', '1.2.0', '1.3.0', '1.4.0');
    await run({}, { semver: '>=1', latest: 3 });
    await run({ KEEP_VERSIONS: '1' }, { semver: '>=1', latest: 1 });
    expect(['1.2.0', '1.3.0', '1.4.0'].map((version) => isMarked(versionImage(version)))).toEqual([true, true, false]);
    await run();
    const shields = digests('1.2.0', '1.3.0').map((digest) => `mirror.kept.${digest.slice(7, 19)}`);
    expect(mirror.retentionTags.filter((tag) => tag.startsWith('mirror.kept.'))).toEqual(shields.sort());
  });

  test('that other images of the repository need stay, and those that no image needs do not', async () => {
    release('1.1.0', '1.2.0', '2.1.0', '2.2.0', '2.3.0');
    const OTHER_TAGS = JSON.stringify([{ patterns: ['1.1.0'] }, { semver: '2.x', latest: 2 }]);
    await run({ KEEP_VERSIONS: '5' }, { semver: '>=1', latest: 5 });
    expect(await run({ KEEP_VERSIONS: '1', OTHER_TAGS }, { semver: '>=1', latest: 1 })).toMatchObject({ expired: digests('1.2.0', '2.1.0').sort() });
  });

  test.each(['{"patterns":["1.1.0"]}', '[1]', '[{"semver":"x.y"}]', 'no'])('need valid tags of other images: %s', (OTHER_TAGS) => {
    expect(() => readConfiguration({ IMAGE: 'docker.io/library/app', TAGS: '{"semver":"1.x"}', MIRROR_REGISTRY: 'localhost:5000', OTHER_TAGS }))
      .toThrow('the variable OTHER_TAGS is not valid: it must be a JSON list of tag filters, for example [{"patterns":["1.20.0"]}]');
  });

  test('limit the selection of a filter without latest', async () => {
    release('1.1.0', '1.2.0', '1.3.0', '1.4.0');
    expect((await run({}, { semver: '>=1' })).copied).toEqual(['1.4.0', '1.3.0', '1.2.0']);
  });

  test('take their tags of single platforms with them', async () => {
    release('1.1.0', '1.2.0');
    await run({ PLATFORM_TAGS: 'linux/amd64', KEEP_VERSIONS: '2' });
    release('1.3.0');
    expect(await run({ PLATFORM_TAGS: 'linux/amd64', KEEP_VERSIONS: '2' })).toMatchObject({ expired: digests('1.1.0') });
  });

  test('are not marked in a dry run, nor without KEEP_VERSIONS', async () => {
    release('1.1.0', '1.2.0', '1.3.0', '1.4.0');
    await run({ KEEP_VERSIONS: '' }, { semver: '>=1' });
    expect(await run({ KEEP_VERSIONS: '' })).toMatchObject({ expired: [] });
    expect(mirror.listings).toBe(0);
    const configuration = readConfiguration({
      IMAGE: `${mirror.upstream.host}/app`, TAGS: '{"semver":">=1","latest":1}', KEEP_VERSIONS: '1', REPOSITORY: MIRROR, MIRROR_REGISTRY: mirror.ecr.host,
    });
    await mirror.runAll([{ configuration: { ...configuration, requestFor: (source) => ({ ...configuration.requestFor(source), dryRun: true }) } }]);
    expect([mirror.listings, mirror.retentionTags]).toEqual([0, []]);
  });

  test.each(['AccessDeniedException', 'ThrottlingException'])('stay with a warning after %s', async (code) => {
    release('1.1.0', '1.2.0', '1.3.0', '1.4.0');
    mirror.ecr.describeRefusal = new AwsApiError(400, code, 'no');
    const { results } = await run();
    expect(results.map(({ outcome }) => outcome)).toEqual(['copied', 'copied']);
    expect(results.flatMap(({ warnings = [] }) => warnings)).toEqual([expect.stringContaining('old versions are not cleaned up')]);
  });
});

const NONE = { selected: [], platforms: [] };

test.each<[string, readonly string[], TagSelection, number, Parameters<typeof judgeVersions>[3], readonly string[]]>([
  ['of versions with and without v, both count as one', ['1.0.0', 'v1.0.0', '1.1.0', 'v1.1.0'], { semver: '1.x' }, 1, NONE, ['1.0.0', 'v1.0.0']],
  ['of another variant, or out of the range, stay', ['1.0.0', '1.0.0-alpine', '1.1.0-alpine', '0.1.0'], { semver: '1.x', variant: 'alpine' }, 1, NONE, ['1.0.0-alpine']],
  ['that the filter excludes stay', ['1.0.0', '1.1.0', '1.2.0'], { semver: '1.x', exclude: ['1.0.*'] }, 1, NONE, ['1.1.0']],
  ['that the run selected stay', ['1.0.0', '1.1.0', '1.2.0'], { semver: '1.x' }, 1, { ...NONE, selected: ['1.0.0'] }, ['1.1.0']],
  ['with a suffix follow their version', ['1.0.0', '1.0.0-0123456789ab', '1.1.0', '1.1.0-0123456789ab'], { semver: '1.x', prereleases: true }, 1, NONE,
    ['1.0.0', '1.0.0-0123456789ab']],
  ['of single platforms follow their version, and don\'t count', ['1.0.0', '1.0.0-linux-arm64', '1.1.0', '1.1.0-linux-arm64'], { semver: '1.x', prereleases: true }, 1,
    { ...NONE, platforms: [parsePlatform('linux/arm64')!] }, ['1.0.0', '1.0.0-linux-arm64']],
  ['for retention are no versions', ['1.0.0', 'mirror.previous.1.0.0.1', '1.1.0'], { semver: '1.x' }, 1, NONE, ['1.0.0']],
])('tags %s', (_title, tags, selection, keepVersions, others, dead) => {
  expect([...judgeVersions(tags, selection, keepVersions, others).dead].sort()).toEqual([...dead].sort());
});
