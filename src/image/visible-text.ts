/**
 * A text with everything invisible in it made visible: control characters, line separators, invisible formatting and lone surrogates
 * become escapes, so that no name can forge a line of a log or drive a terminal.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
