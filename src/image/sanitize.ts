/** A text from outside in one visible line, and cut where it is long. */
export function sanitizeLine(text: string, longest: number): string {
  const line = escapeControlCharacters(text.replace(/\s*[\r\n]+\s*/g, ' ').trim());
  // Not in the middle of a character.
  return line.length <= longest ? line : `${line.slice(0, longest - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** Cuts a text to so many bytes of UTF-8. */
export function truncateToBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  // A character that is cut in two becomes a replacement character, and goes.
  return `${Buffer.from(text).subarray(0, most - 3).toString().replace(/\uFFFD+$/, '')}...`;
}

const LONGEST = 500;

/** A text from outside as a log line may show it: nothing invisible in it, and cut where it is long. */
export function sanitizeForLog(text: string): string {
  return escapeControlCharacters(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
}

/**
 * A text with everything invisible in it made visible: control characters, line separators, invisible formatting and lone surrogates
 * become escapes, so that no name can forge a line of a log or drive a terminal.
 */
export function escapeControlCharacters(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
