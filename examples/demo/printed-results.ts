import { MirrorResult } from '../../src/engine/result';

/** What the lines of a build tell of single images; the sum of a run of several is not among it. */
export function printedResults(lines: readonly string[]): MirrorResult[] {
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter(({ target, outcome }) => target !== undefined && outcome !== undefined);
}
