import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { isTag } from '../../src/image/image-reference';
import {
  expiredTag, EXPIRED_TAG_PATTERN, isRetentionTag, keptTag, KEPT_TAG_PATTERN, MAX_LIST_LENGTH, parsePreviousTag, parseReleasedTag, previousList,
  previousTag, releasedTag,
} from '../../src/image/retention';
import { matchesTagPattern } from '../support/lifecycle-policy';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const LONGEST = 999_999_999;
const tags = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);

test('a previous image is named by its tag and its number', () => {
  expect(previousTag({ list: 'stable', number: 7 })).toBe('mirror.previous.stable.7');
  expect(parsePreviousTag('mirror.previous.1.27.7')).toEqual({ list: '1.27', number: 7 });
});

test.each(['mirror.previous.stable.0', 'mirror.previous.stable.07', 'mirror.previous.stable', 'mirror.previous..1', 'mirror.previous.stable.1234567890', 'stable.1',
  'mirror.released.stable.1', 'mirror.expired.0123456789ab'])('%s is not a previous image', (name) => {
  expect(parsePreviousTag(name)).toBeUndefined();
});

test('each tag has a list of its own, and names with any number are valid tags that can be read back', () => {
  fc.assert(fc.property(tags, fc.integer({ min: 1, max: LONGEST }), (tag, number) => {
    const list = previousList(tag, digestOf);
    for (const [name, parse] of [[previousTag({ list, number }), parsePreviousTag], [releasedTag({ list, number }), parseReleasedTag]] as const) {
      expect([isTag(name), isRetentionTag(name), parse(name)]).toEqual([true, true, { list, number }]);
    }
  }));
});

test('two long tags never share a list, not even with a tag that has the name of the list', () => {
  const long = ['a', 'b'].map((end) => `${'t'.repeat(127)}${end}`);
  const lists = long.map((tag) => previousList(tag, digestOf));
  expect(new Set([...lists, ...lists.map((list) => previousList(list, digestOf))]).size).toBe(4);
  expect(lists.map(({ length }) => length)).toEqual([MAX_LIST_LENGTH, MAX_LIST_LENGTH]);
});

test('lifecycle rules select only the images that they are for', () => {
  const others = [previousTag({ list: 'stable', number: 1 }), releasedTag({ list: 'stable', number: 1 }), 'stable', 'expired.1'];
  expect([expiredTag(DIGEST), keptTag(DIGEST), ...others].filter((tag) => matchesTagPattern(tag, EXPIRED_TAG_PATTERN))).toEqual(['mirror.expired.0123456789ab']);
  expect([expiredTag(DIGEST), keptTag(DIGEST), ...others].filter((tag) => matchesTagPattern(tag, KEPT_TAG_PATTERN))).toEqual(['mirror.kept.0123456789ab']);
});
