import { outsideText } from './outside-text';
import { LineFields, lineFields, placeOf } from './result-line';

/** What a run told of one image. */
export interface ImageResult {
  readonly source: string;
  /** Why the mirror does not hold what it should, in a word; undefined when it does. */
  readonly reason?: string;
  /** Why, in a sentence. */
  readonly message?: string;
  /** The builds that were started to customise it. */
  readonly customBuilds?: readonly string[];
}

/** What a run told of its images. */
export interface RunResults {
  readonly results: readonly ImageResult[];
  /** Whether the run came to its end, and told of every image. */
  readonly isWhole: boolean;
}

const LONGEST_SOURCE = 200;
const LONGEST_REASON = 40;
const LONGEST_MESSAGE = 400;

/** The id of a build: its project, and what CodeBuild makes up. */
const BUILD_ID = /^[A-Za-z0-9_-]{1,255}:[A-Za-z0-9-]{1,64}$/;

/** Reads the results among the lines of a log, which may hold anything. */
export function readResults(lines: readonly string[]): RunResults {
  const objects = lines.flatMap((line) => lineFields(line) ?? []);
  const told = objects.filter(isResult);
  const summary = objects.filter(isSummary).at(-1);
  if (summary === undefined) return { results: told.map(resultOf), isWhole: false };
  // The summary has every image, and no messages.
  const messages = new Map(told.map((fields) => [placeOf(fields), fields.message]));
  const whole = summary.results.filter(isResult).map((fields) => ({ ...fields, message: messages.get(placeOf(fields)) }));
  return { results: whole.map(resultOf), isWhole: true };
}

function isSummary(fields: LineFields): fields is { readonly results: readonly LineFields[] } {
  return Array.isArray(fields.results) && typeof fields.images === 'object' && typeof fields.outcome === 'string';
}

function isResult(fields: LineFields): boolean {
  const { source, target, outcome } = Object(fields) as LineFields;
  return [source, target, outcome].every((field) => typeof field === 'string');
}

function resultOf({ source, reason, message, customBuilds }: LineFields): ImageResult {
  return {
    source: outsideText(String(source), LONGEST_SOURCE),
    ...(typeof reason === 'string' ? { reason: outsideText(reason, LONGEST_REASON) } : {}),
    ...(typeof message === 'string' ? { message: outsideText(message, LONGEST_MESSAGE) } : {}),
    ...(Array.isArray(customBuilds) ? { customBuilds: customBuilds.filter((id): id is string => typeof id === 'string' && BUILD_ID.test(id)) } : {}),
  };
}
