import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { BuildLog } from './build-state';
import { formatAwsError } from './aws-errors';
import type { MirrorResult, RunSummary } from '../image/contract/mirror-result';
import { sanitizeLine } from '../image/sanitize';

/** What a run told of one image. */
export interface ImageResult {
  readonly source: string;
  /** Why the mirror does not hold what it should, in a word; undefined when it does. */
  readonly reason?: string;
  /** Why, in a sentence. */
  readonly message?: string;
  /** The builds that were started to customize it. */
  readonly customBuilds?: readonly string[];
}

/** What a run told of its images. */
export interface BuildResults {
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
export function readBuildResults(lines: readonly string[]): BuildResults {
  const objects = lines.flatMap((line) => parseResultLine(line) ?? []);
  const told = objects.filter(isResult);
  const summary = objects.filter(isSummary).at(-1);
  if (summary === undefined) return { results: told.map(resultOf), isWhole: false };
  // The summary has every image, and no messages.
  const messages = new Map(told.map((fields) => [resultKey(fields), fields.message]));
  const whole = summary.results.filter(isResult).map((fields) => ({ ...fields, message: messages.get(resultKey(fields)) }));
  return { results: whole.map(resultOf), isWhole: true };
}

function isSummary(fields: ResultLineFields): fields is { readonly results: readonly ResultLineFields[] } {
  return Array.isArray(fields.results) && typeof fields.images === 'object' && typeof fields.outcome === 'string';
}

function isResult(fields: ResultLineFields): boolean {
  const { source, target, outcome } = Object(fields) as ResultLineFields;
  return [source, target, outcome].every((field) => typeof field === 'string');
}

function resultOf({ source, reason, message, customBuilds }: ResultLineFields): ImageResult {
  return {
    source: sanitizeLine(String(source), LONGEST_SOURCE),
    ...(typeof reason === 'string' ? { reason: sanitizeLine(reason, LONGEST_REASON) } : {}),
    ...(typeof message === 'string' ? { message: sanitizeLine(message, LONGEST_MESSAGE) } : {}),
    ...(Array.isArray(customBuilds) ? { customBuilds: customBuilds.filter((id): id is string => typeof id === 'string' && BUILD_ID.test(id)) } : {}),
  };
}

/** A page is at most 1 MB: more than the log of a run that goes well. */
const MOST_PAGES = 5;

/**
 * The last lines of a build's log, in their order.
 *
 * A log that cannot be read has none: what a build did does not depend on it.
 *
 * @param isEnough whether lines need no earlier ones before them
 */
export async function readLogTail(
  client: CloudWatchLogsClient, { groupName, streamName }: BuildLog, isEnough: (lines: readonly string[]) => boolean, log: (line: string) => void,
): Promise<string[]> {
  if (!groupName || !streamName) return [];
  let lines: string[] = [];
  let nextToken: string | undefined;
  try {
    for (let page = 0; page < MOST_PAGES && !isEnough(lines); page++) {
      const request = { logGroupName: groupName, logStreamName: streamName, startFromHead: false, nextToken };
      const { events = [], nextBackwardToken } = await client.send(new GetLogEventsCommand(request));
      lines = [...events.flatMap(({ message = '' }) => message.split('\n')), ...lines];
      // The token of the page before the first is that of the first itself.
      if (!nextBackwardToken || nextBackwardToken === nextToken) break;
      nextToken = nextBackwardToken;
    }
  } catch (error) {
    log(`the log ${groupName} ${streamName} could not be read: ${formatAwsError(error)}`);
  }
  return lines;
}

/** What a line of a build's log holds; from outside, so of any type. */
export type ResultLineFields = { readonly [Name in keyof MirrorResult | keyof RunSummary]?: unknown };

/** The fields of a line that may be a result or a summary; undefined for any other line. */
export function parseResultLine(line: string): ResultLineFields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return Object(JSON.parse(line)) as ResultLineFields;
  } catch {
    return undefined;
  }
}

/** Where a result belongs: a summary repeats the results that came before it, without their messages. */
export function resultKey({ source, target }: ResultLineFields): string {
  return JSON.stringify([source, target]);
}
