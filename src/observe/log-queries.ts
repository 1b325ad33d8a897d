/**
 * The queries of Amazon CloudWatch Logs Insights over the log of builds.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */

import type { MirrorResult, Outcome } from '../image/contract/mirror-result';

/**
 * Selects result lines: a line that starts with a JSON object. CloudWatch also discovers fields inside other lines, and those lines may quote a
 * registry's response.
 */
const IS_RESULT = `filter @message like /^\\{/ and ispresent(${field('bytesCopied')})`;

/**
 * The last success of each image in the time range of the query, oldest first. Images without a success in that time come first.
 *
 * The query language has no conditional expression. So the query parses a number from lines of successes only. Arithmetic with that number gives a
 * value for these lines only: the time of the line. Text from a registry cannot forge a success, because quotes in it are escaped in a result line.
 */
export const FRESHNESS_QUERY: readonly string[] = [
  IS_RESULT,
  // A customized image has no digest until all its platforms are built.
  `filter ${field('outcome')} != ${quoted('copied')} or ispresent(${field('targetDigest')})`,
  `parse @message /"${field('outcome')}":"(?<success>copied|unchanged)".*"${field('seconds')}":(?<successSeconds>[0-9.]+)/`,
  'fields toMillis(@timestamp) + 0 * successSeconds as successTime',
  `stats fromMillis(max(successTime)) as lastSuccess, latest(@timestamp) as lastRun, latest(${field('outcome')}) as lastOutcome `
    + `by ${field('repository')}, ${field('tag')}`,
  'sort lastSuccess asc',
  'limit 1000',
];

/** The last failure or moved tag of each image, newest first. */
export const PROBLEMS_QUERY: readonly string[] = [
  IS_RESULT,
  `filter ${field('outcome')} in [${quoted('failed')}, ${quoted('tag-moved')}]`,
  `stats latest(@timestamp) as lastTime, count(*) as times, latest(${field('reason')}) as lastReason, latest(${field('message')}) as lastMessage `
    + `by ${field('source')}`,
  'sort lastTime desc',
  'limit 100',
];

/**
 * The images that the last run held, or that upstream no longer had in the last run; held images first, those that are held the longest on top.
 *
 * CloudWatch discovers each element of a list as a field of its own, so the query parses the list as a text.
 */
export const HELD_QUERY: readonly string[] = [
  IS_RESULT,
  `parse @message /"${field('heldBy')}":\\[(?<heldByChecks>[^\\]]*)\\]/`,
  `stats latest(@timestamp) as lastRun, latest(${field('outcome')}) as lastOutcome, latest(heldByChecks) as lastHeldBy, `
    + `latest(${field('heldSince')}) as since, latest(${field('eligibleAt')}) as oldEnoughAt, latest(${field('message')}) as lastMessage `
    + `by ${field('repository')}, ${field('tag')}`,
  `filter lastOutcome in [${quoted('held')}, ${quoted('upstream-gone')}]`,
  'sort lastOutcome asc, since asc',
  'limit 1000',
];

/** The latest results, newest first. */
export const LAST_RESULTS_QUERY: readonly string[] = [
  `fields @timestamp, ${(['outcome', 'source', 'target', 'reason', 'bytesCopied', 'seconds'] as const).map(field).join(', ')}`,
  IS_RESULT,
  'sort @timestamp desc',
  'limit 50',
];

function field(name: keyof MirrorResult): string {
  return name;
}

function quoted(outcome: Outcome): string {
  return JSON.stringify(outcome);
}
