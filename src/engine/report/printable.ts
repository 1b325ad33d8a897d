import { visibleText } from '../../image/visible-text';

const LONGEST = 500;

/** A text from outside as a log line may show it: nothing invisible in it, and cut where it is long. */
export function printable(text: string): string {
  return visibleText(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
}
