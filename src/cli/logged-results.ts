import { LineFields, lineFields, placeOf } from '../builds/result-line';
import { MirrorResult, NOTHING_DONE, Outcome } from '../engine/result';
import { visibleText } from '../image/visible-text';

const OUTCOMES: readonly Outcome[] = ['copied', 'unchanged', 'tag-moved', 'failed'];
const TEXTS = ['repository', 'tag', 'owner', 'message', 'reason', 'sourceDigest', 'targetDigest', 'suffixedTag', 'builtFrom'] as const;
const COUNTS = ['bytesCopied', 'blobsCopied', 'blobsSkipped', 'referrersCopied', 'countedPulls', 'seconds'] as const;
const LISTS = ['platformTags', 'customBuilds', 'warnings'] as const;

/** The results that a run tells in its log, line by line; of what such a line holds, only what belongs there is believed. */
export class LoggedResults {
  private readonly told: MirrorResult[] = [];
  private summary: readonly MirrorResult[] | undefined;

  /** Takes a line of the log; tells whether it holds results. */
  add(line: string): boolean {
    const fields = lineFields(line);
    if (fields === undefined) return false;
    const summary = summaryOf(fields);
    const result = resultOf(fields);
    if (summary !== undefined) this.summary = summary;
    else if (result !== undefined) this.told.push(result);
    return summary !== undefined || result !== undefined;
  }

  /** Whether the run came to its end, and told of every image. */
  get isWhole(): boolean {
    return this.summary !== undefined;
  }

  /** The results in the order of the images, or as they came from a run that did not come to its end. */
  get results(): readonly MirrorResult[] {
    const told = new Map(this.told.map((result) => [placeOf(result), result]));
    return this.summary?.map((result) => told.get(placeOf(result)) ?? result) ?? this.told;
  }
}

function summaryOf({ outcome, images, results }: LineFields): MirrorResult[] | undefined {
  if (!isOutcome(outcome) || typeof images !== 'object' || !Array.isArray(results)) return undefined;
  const read = results.map((result) => resultOf(Object(result) as LineFields));
  return read.every((result) => result !== undefined) ? read : undefined;
}

function resultOf(fields: LineFields): MirrorResult | undefined {
  const { source, target, outcome, requests } = fields;
  if (typeof source !== 'string' || typeof target !== 'string' || !isOutcome(outcome)) return undefined;
  const { source: sourceRequests, target: targetRequests } = Object(requests) as Readonly<Record<string, unknown>>;
  return {
    ...NOTHING_DONE,
    source: visibleText(source),
    target: visibleText(target),
    outcome,
    ...chosen(fields, COUNTS, (value) => Number.isFinite(value) ? value : undefined),
    ...chosen(fields, TEXTS, (value) => typeof value === 'string' ? visibleText(value) : undefined),
    ...chosen(fields, LISTS, (value) => Array.isArray(value) ? value.map((item) => visibleText(String(item))) : undefined),
    requests: { source: Number(sourceRequests) || 0, target: Number(targetRequests) || 0 },
  };
}

/** LineFields as they are read; what cannot be read is left out. */
function chosen(fields: LineFields, names: readonly (keyof MirrorResult)[], read: (value: unknown) => unknown): Partial<MirrorResult> {
  return Object.fromEntries(names.map((name) => [name, read(fields[name])]).filter(([, value]) => value !== undefined));
}

function isOutcome(outcome: unknown): outcome is Outcome {
  return OUTCOMES.some((one) => one === outcome);
}
