import * as fc from 'fast-check';
import { escapeControlCharacters } from '../../src/image/sanitize';

test.each([
  ['a newline', 'a\nb', 'a\\u000ab'],
  ['an escape sequence', '\u001b[2K', '\\u001b[2K'],
  ['a delete character', '\u007f', '\\u007f'],
  ['the first control character of the second range', '\u0080', '\\u0080'],
  ['the last control character of the second range', '\u009f', '\\u009f'],
  ['a soft hyphen', 'a\u00adb', 'a\\u00adb'],
  ['a line separator', '\u2028', '\\u2028'],
  ['a paragraph separator', '\u2029', '\\u2029'],
  ['a bidirectional override', '\u202e', '\\u202e'],
  ['a zero-width joiner', '\u200d', '\\u200d'],
  ['a tag character beyond the first plane', '\u{e0041}', '\\u{e0041}'],
  ['a musical format character beyond the first plane', '\u{1d173}', '\\u{1d173}'],
  ['half a pair', '\ud800', '\\ud800'],
])('shows %s', (_, text, shown) => {
  expect(escapeControlCharacters(text)).toBe(shown);
});

test.each(['', 'plain text', 'caf\u00e9 \u65e5\u672c \u{1f600}', '"quoted" \\ <tag>', '\u00a0'])('leaves %j as it is', (text) => {
  expect(escapeControlCharacters(text)).toBe(text);
});

test('leaves nothing invisible in any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
    expect(escapeControlCharacters(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  }));
});

test('changes nothing the second time', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
    expect(escapeControlCharacters(escapeControlCharacters(text))).toBe(escapeControlCharacters(text));
  }));
});
