const LONGEST = 500;

/**
 * A text from outside as a log line may show it.
 *
 * Control characters, line separators and invisible formatting become visible escapes, so that no registry can forge a log line
 * or drive a terminal; long texts are cut.
 */
export function printable(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
