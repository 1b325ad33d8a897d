import { readConfiguration } from '../../src/engine/configuration';
import { MAX_KEPT_IMAGES } from '../../src/image/retention';

function read(variables: NodeJS.ProcessEnv) {
  return readConfiguration({ IMAGE: 'nginx:stable', MIRROR_REGISTRY: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', ...variables });
}

const keepPrevious = (variables: NodeJS.ProcessEnv) => {
  const { image, requestFor } = read(variables);
  return requestFor(image).keepPrevious;
};

test.each<[NodeJS.ProcessEnv, number | undefined]>([
  [{}, undefined],
  [{ MIRROR_KEEP_PREVIOUS: '150' }, 150],
  [{ KEEP_PREVIOUS: '3', MIRROR_KEEP_PREVIOUS: '150' }, 3],
  [{ KEEP_PREVIOUS: '0', MIRROR_KEEP_PREVIOUS: '150' }, 0],
  [{ KEEP_PREVIOUS: '', MIRROR_KEEP_PREVIOUS: String(MAX_KEPT_IMAGES) }, MAX_KEPT_IMAGES],
])('%j keeps %p previous images', (variables, expected) => {
  expect(keepPrevious(variables)).toBe(expected);
});

test.each(['-1', '1.5', '01', '1e3', '10001', '99999999999999999999', 'ten', ' 1'])('%j is not a number of previous images', (text) => {
  for (const name of ['KEEP_PREVIOUS', 'MIRROR_KEEP_PREVIOUS']) {
    expect(() => keepPrevious({ [name]: text })).toThrow(new RegExp(`the variable ${name} .*: it must be a whole number of images, 0 to ${MAX_KEPT_IMAGES}`));
  }
});

test('a value that can be a secret is not shown', () => {
  expect(() => keepPrevious({ KEEP_PREVIOUS: 'p@ssw0rd' })).toThrow(/^(?!.*p@ssw0rd)/);
});

const FILTER = { IMAGE: 'nginx', TAGS: '{"semver":">=1.25","latest":5}' };

test('versions are kept by a filter, which selects no more of them', () => {
  expect(read({ ...FILTER, KEEP_VERSIONS: '20' })).toMatchObject({ keepVersions: 20, tags: { latest: 5 } });
  expect(read({ ...FILTER, TAGS: '{"semver":">=1.25"}', KEEP_VERSIONS: '20' })).toMatchObject({ keepVersions: 20, tags: { latest: 20 } });
  expect(read({ ...FILTER, TAGS: '{"semver":">=1.25"}', KEEP_VERSIONS: '10000' })).toMatchObject({ keepVersions: 10_000, tags: { latest: 500 } });
  expect(read(FILTER).keepVersions).toBeUndefined();
});

test.each<[NodeJS.ProcessEnv, string]>([
  [{ KEEP_VERSIONS: '5' }, 'only a tag filter has versions; set TAGS too, or remove KEEP_VERSIONS'],
  [{ ...FILTER, KEEP_VERSIONS: '4' }, 'the tag filter selects the latest 5 versions, so it must be at least 5'],
  [{ ...FILTER, KEEP_VERSIONS: '0' }, 'it must be a whole number of images, 1 to'],
])('%j is not valid', (variables, problem) => {
  expect(() => read(variables)).toThrow(problem);
});
