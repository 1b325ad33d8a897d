/** The reason of a decision, which events and results repeat. */

/** The maximum length of a reason, in characters. */
export const MAX_REASON_LENGTH = 500;

/** Characters that are invisible or break a line: control characters, line separators, invisible formatting characters, and lone surrogates. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The problem with a reason, as text; undefined when it is valid. */
export function reasonProblem(reason: string): string | undefined {
  if (reason.trim() === '') return 'it is empty; say in one line why';
  if (reason.length > MAX_REASON_LENGTH) return `it has ${reason.length} characters, and ${MAX_REASON_LENGTH} is the maximum; shorten it`;
  if (NOT_PRINTABLE.test(reason)) return 'it has a line break, a control character, or an invisible character; write one line of plain text';
  return undefined;
}
