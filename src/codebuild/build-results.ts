import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { formatAwsError } from './aws-errors';
import type { BuildLog } from './build-state';
import type { MirrorResult, RunSummary } from '../image/contract/mirror-result';
import { parseJson } from '../image/parse-json';
import { sanitizeLine } from '../image/sanitize';

/** The result of one image, as the log of a build has it. */
export interface ImageResult {
  readonly source: string;
  /** Why the image was not mirrored, as a keyword, for example `not-found`; undefined after a success. */
  readonly reason?: string;
  /** The reason in a sentence. */
  readonly message?: string;
  /** The checks that hold the image. Only with the reason `held`. */
  readonly held?: HeldImage;
  /** The ids of the builds that customize the image. */
  readonly customBuilds?: readonly string[];
}

/** An image that a check holds. */
export interface HeldImage {
  /** The checks, as keywords, for example `minimum-age`. */
  readonly by: readonly string[];
  /** The digest of the image. */
  readonly digest?: string;
  /** The time since when images of the tag are held. */
  readonly since?: string;
  /** The time from which the image is old enough. */
  readonly eligibleAt?: string;
}

/** The results in the log of a build. */
export interface BuildResults {
  readonly results: readonly ImageResult[];
  /** Whether the run was not interrupted: its log ends with a summary of all images. */
  readonly isComplete: boolean;
}

const MAX_SOURCE_LENGTH = 200;
const MAX_REASON_LENGTH = 40;
const MAX_MESSAGE_LENGTH = 400;
const MAX_CHECKS = 12;

const CHECK = /^[a-z-]{1,40}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A build id: the name of the project, and a part that CodeBuild generates. */
const BUILD_ID = /^[A-Za-z0-9_-]{1,255}:[A-Za-z0-9-]{1,64}$/;

/** Finds the results among the lines of a log. All other lines are skipped. */
export function parseBuildResults(lines: readonly string[]): BuildResults {
  const objects = lines.flatMap((line) => parseResultLine(line) ?? []);
  const resultLines = objects.filter(isResult);
  const summary = objects.filter(isSummary).at(-1);
  if (summary === undefined) return { results: resultLines.map(resultOf), isComplete: false };
  // The summary has all images, but without messages and checks.
  const lineOf = new Map(resultLines.map((fields) => [resultKey(fields), fields]));
  const summarized = summary.results.filter(isResult).map((fields) => ({ ...detailsOf(lineOf.get(resultKey(fields))), ...fields }));
  return { results: summarized.map(resultOf), isComplete: true };
}

/**
 * Whether the lines of a log hold everything that a report shows: the summary at the end of the log, and the line of each failed image.
 *
 * A failed image can be far above the summary, because the images that took longer logged their progress in between.
 */
export function isFullyRead({ results, isComplete }: BuildResults): boolean {
  return isComplete && results.every(({ reason, message }) => reason === undefined || message !== undefined);
}

function isSummary(fields: ResultLineFields): fields is { readonly results: readonly ResultLineFields[] } {
  return Array.isArray(fields.results) && typeof fields.images === 'object' && typeof fields.outcome === 'string';
}

function isResult(fields: ResultLineFields): boolean {
  const { source, target, outcome } = Object(fields) as ResultLineFields;
  return [source, target, outcome].every((field) => typeof field === 'string');
}

/** The fields of a result line that the summary does not repeat. */
function detailsOf({ eligibleAt, heldBy, heldSince, message, sourceDigest }: ResultLineFields = {}): ResultLineFields {
  return { eligibleAt, heldBy, heldSince, message, sourceDigest };
}

function resultOf(fields: ResultLineFields): ImageResult {
  const { source, reason, message, customBuilds } = fields;
  return {
    source: sanitizeLine(String(source), MAX_SOURCE_LENGTH),
    ...(typeof reason === 'string' ? { reason: sanitizeLine(reason, MAX_REASON_LENGTH) } : {}),
    ...(typeof message === 'string' ? { message: sanitizeLine(message, MAX_MESSAGE_LENGTH) } : {}),
    ...(reason === 'held' ? { held: heldImageOf(fields) } : {}),
    ...(Array.isArray(customBuilds) ? { customBuilds: customBuilds.filter((id): id is string => typeof id === 'string' && BUILD_ID.test(id)) } : {}),
  };
}

function heldImageOf({ eligibleAt, heldBy, heldSince, sourceDigest }: ResultLineFields): HeldImage {
  return {
    by: (Array.isArray(heldBy) ? heldBy : []).filter((check): check is string => matches(check, CHECK)).slice(0, MAX_CHECKS),
    ...(matches(sourceDigest, DIGEST) ? { digest: sourceDigest } : {}),
    ...(matches(heldSince, TIME) ? { since: heldSince } : {}),
    ...(matches(eligibleAt, TIME) ? { eligibleAt } : {}),
  };
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** A page has at most 1 MB, which is more than the log of a successful run. */
const MAX_PAGES = 5;

/**
 * Reads the last lines of the log of a build, in their order.
 *
 * When CloudWatch Logs returns an error, the function logs it and returns the lines that it already has.
 *
 * @param isEnough whether the lines read so far suffice, so that no earlier page is read
 */
export async function readLogTail(
  client: CloudWatchLogsClient, { groupName, streamName }: BuildLog, isEnough: (lines: readonly string[]) => boolean, log: (line: string) => void,
): Promise<string[]> {
  if (!groupName || !streamName) return [];
  let lines: string[] = [];
  let nextToken: string | undefined;
  try {
    for (let page = 0; page < MAX_PAGES && !isEnough(lines); page++) {
      const request = { logGroupName: groupName, logStreamName: streamName, startFromHead: false, nextToken };
      const { events = [], nextBackwardToken } = await client.send(new GetLogEventsCommand(request));
      lines = [...events.flatMap(({ message = '' }) => message.split('\n')), ...lines];
      // At the first page, CloudWatch Logs returns the same token again.
      if (!nextBackwardToken || nextBackwardToken === nextToken) break;
      nextToken = nextBackwardToken;
    }
  } catch (error) {
    log(`cannot read the log stream ${streamName} of the log group ${groupName}: ${formatAwsError(error)}`);
  }
  return lines;
}

/** The fields of a line in the log of a build. The line is untrusted, so a field can have any type. */
export type ResultLineFields = { readonly [Name in keyof MirrorResult | keyof RunSummary]?: unknown };

/** Parses a line that may be a result or a summary; undefined for any other line. */
export function parseResultLine(line: string): ResultLineFields | undefined {
  return line.startsWith('{') ? parseJson(line) as ResultLineFields | undefined : undefined;
}

/** Identifies a result. The summary repeats each result line without its message, under the same key. */
export function resultKey({ source, target }: ResultLineFields): string {
  return JSON.stringify([source, target]);
}
