/**
 * Text from outside, made safe to show: in log lines, errors, terminals and responses.
 */

const MAX_LOGGED_LENGTH = 500;

/** The maximum length of a value in an error, in characters. */
export const MAX_QUOTED_LENGTH = 200;

/**
 * Escapes what is invisible in a text: control characters, line separators, invisible formatting characters and lone surrogates.
 * So a text cannot forge a log line or control a terminal.
 */
export function escapeControlCharacters(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** A text as part of a log line: at most `maxLength` characters of it, followed by `...` when it is longer, then escaped. */
export function sanitizeForLog(text: string, maxLength: number = MAX_LOGGED_LENGTH): string {
  return escapeControlCharacters(text.length > maxLength ? `${text.slice(0, maxLength)}...` : text);
}

/** A text as one line of at most `maxLength` characters: each line break becomes a space, and everything else is escaped. */
export function sanitizeLine(text: string, maxLength: number): string {
  const line = escapeControlCharacters(text.replace(/\s*[\r\n]+\s*/g, ' ').trim());
  // Do not leave half of a surrogate pair.
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** A text of at most `maxBytes` bytes of UTF-8. */
export function truncateToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  // A character that is cut in half becomes a replacement character; remove it.
  return `${Buffer.from(text).subarray(0, maxBytes - 3).toString().replace(/\uFFFD+$/, '')}...`;
}

/** A value as an error shows it: in quotes, escaped, and cut to `MAX_QUOTED_LENGTH`. */
export function quote(value: string): string {
  return escapeControlCharacters(JSON.stringify(value.length > MAX_QUOTED_LENGTH ? `${value.slice(0, MAX_QUOTED_LENGTH)}...` : value));
}

/** A text with `***` in place of a user name and password before an "@", so that errors and logs do not show them. */
export function redactCredentials(value: string): string {
  const reference = value.replace(/@(?:sha[0-9]+|md5):[^@/]*$/, '');
  const at = reference.lastIndexOf('@');
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(reference)?.[0] ?? '';
  return at === -1 || !reference.slice(scheme.length, at).includes(':') ? value : `${scheme}***${value.slice(at)}`;
}
