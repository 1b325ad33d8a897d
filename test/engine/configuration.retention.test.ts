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
