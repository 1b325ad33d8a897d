import * as fc from 'fast-check';
import { truncateToBytes, sanitizeLine } from '../../src/image/sanitize';

test('a text of several lines is one', () => {
  expect(sanitizeLine('  one \r\n\n two\n', 100)).toBe('one two');
});

test('what is invisible is shown', () => {
  expect(sanitizeLine('\u001b[31mred\u202e', 100)).toBe('\\u001b[31mred\\u202e');
});

test('whatever the text, it is at most so long, and no character of it is cut in two', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.integer({ min: 4, max: 40 }), (text, longest) => {
    const line = sanitizeLine(text, longest);
    expect(line.length).toBeLessThanOrEqual(longest);
    expect(line).not.toMatch(/\p{Cs}/u);
  }));
});

test('whatever the text, it is cut to so many bytes, and no character of it is cut in two', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.integer({ min: 4, max: 60 }), (text, most) => {
    const cut = truncateToBytes(text, most);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
    if (cut !== text) expect(text.startsWith(cut.replace(/\.\.\.$/, ''))).toBe(true);
  }));
});
