import { decide } from '../../src/engine/decision';

const ONE = `sha256:${'1'.repeat(64)}`;
const TWO = `sha256:${'2'.repeat(64)}`;

describe.each(['FAIL', 'KEEP', 'SUFFIX'] as const)('with the policy %s', (onTagMoved) => {
  test.each(['fixed', 'floating'] as const)('a %s tag that the mirror has not is copied', (kind) => {
    expect(decide({ sourceDigest: ONE, targetDigest: undefined, kind, onTagMoved })).toBe('copy');
  });

  test.each(['fixed', 'floating'] as const)('a %s tag with the same digest is unchanged', (kind) => {
    expect(decide({ sourceDigest: ONE, targetDigest: ONE, kind, onTagMoved })).toBe('unchanged');
  });

  test('a floating tag with another digest is copied', () => {
    expect(decide({ sourceDigest: ONE, targetDigest: TWO, kind: 'floating', onTagMoved })).toBe('copy');
  });
});

test.each([
  ['FAIL', 'fail-moved'],
  ['KEEP', 'keep-moved'],
  ['SUFFIX', 'suffix-moved'],
] as const)('a fixed tag with another digest and the policy %s is %s', (onTagMoved, decision) => {
  expect(decide({ sourceDigest: ONE, targetDigest: TWO, kind: 'fixed', onTagMoved })).toBe(decision);
});
