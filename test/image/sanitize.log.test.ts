import * as fc from 'fast-check';
import { sanitizeForLog } from '../../src/image/sanitize';

test.each([
  ['a newline', 'a\nb', 'a\\u000ab'],
  ['a carriage return', 'a\rb', 'a\\u000db'],
  ['a tab', 'a\tb', 'a\\u0009b'],
  ['a null character', 'a\u0000b', 'a\\u0000b'],
  ['an escape sequence', '\u001b[2Kforged', '\\u001b[2Kforged'],
  ['a delete character', '\u007f', '\\u007f'],
  ['a control character of the second range', '\u009b31m', '\\u009b31m'],
  ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ['a paragraph separator', 'a\u2029b', 'a\\u2029b'],
  ['a bidirectional override', '\u202etxt.exe', '\\u202etxt.exe'],
  ['a bidirectional isolate', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
  ['a byte order mark', '\ufeffa', '\\ufeffa'],
  ['half a pair', 'a\ud800b', 'a\\ud800b'],
])('shows %s', (_, text, shown) => {
  expect(sanitizeForLog(text)).toBe(shown);
});

test.each(['', 'plain text', 'caf\u00e9 \u65e5\u672c \ud83d\ude00', '"quoted" \\ <tag> %s $(id)'])('leaves %j as it is', (text) => {
  expect(sanitizeForLog(text)).toBe(text);
});

test('leaves 500 characters whole', () => {
  expect(sanitizeForLog('x'.repeat(500))).toBe('x'.repeat(500));
});

test('cuts what is longer', () => {
  expect(sanitizeForLog('x'.repeat(501))).toBe(`${'x'.repeat(500)}...`);
});

test('leaves no character in any text that ends a line, drives a terminal or hides', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
    expect(sanitizeForLog(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  }));
});
