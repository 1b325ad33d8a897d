import { visibleText } from '../image/visible-text';

/** A text from outside in one visible line, and cut where it is long. */
export function outsideText(text: string, longest: number): string {
  const line = visibleText(text.replace(/\s*[\r\n]+\s*/g, ' ').trim());
  // Not in the middle of a character.
  return line.length <= longest ? line : `${line.slice(0, longest - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** Cuts a text to so many bytes of UTF-8. */
export function cutToBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  // A character that is cut in two becomes a replacement character, and goes.
  return `${Buffer.from(text).subarray(0, most - 3).toString().replace(/\uFFFD+$/, '')}...`;
}
