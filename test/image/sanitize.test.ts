import * as fc from 'fast-check';
import { escapeControlCharacters, quote, sanitizeForLog, sanitizeLine, truncateToBytes } from '../../src/image/sanitize';

describe('escapeControlCharacters', () => {
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
});

describe('sanitizeForLog', () => {
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
});

describe('sanitizeLine', () => {
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
});

describe('truncateToBytes', () => {
  test('whatever the text, it is cut to so many bytes, and no character of it is cut in two', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.integer({ min: 4, max: 60 }), (text, most) => {
      const cut = truncateToBytes(text, most);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
      if (cut !== text) expect(text.startsWith(cut.replace(/\.\.\.$/, ''))).toBe(true);
    }));
  });
});

describe('quote', () => {
  test('cuts a long text', () => {
    expect(quote('x'.repeat(201))).toBe(`"${'x'.repeat(200)}..."`);
  });

  test('leaves a text of 200 characters whole', () => {
    expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(200)}"`);
  });

  test('escapes quotation marks and control characters', () => {
    expect(quote('"\n\u0000')).toBe('"\\"\\n\\u0000"');
  });

  test('escapes what JSON leaves invisible', () => {
    expect(quote('\u0080\u009f\u2028\u202e\u{e0041}')).toBe('"\\u0080\\u009f\\u2028\\u202e\\u{e0041}"');
  });
});
