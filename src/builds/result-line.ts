import type { MirrorResult, RunSummary } from '../image/mirror-result';

/** What a line of a build's log holds; from outside, so of any type. */
export type LineFields = { readonly [Name in keyof MirrorResult | keyof RunSummary]?: unknown };

/** The fields of a line that may be a result or a summary; undefined for any other line. */
export function lineFields(line: string): LineFields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return Object(JSON.parse(line)) as LineFields;
  } catch {
    return undefined;
  }
}

/** Where a result belongs: a summary repeats the results that came before it, without their messages. */
export function placeOf({ source, target }: LineFields): string {
  return JSON.stringify([source, target]);
}
