import type { MirrorResult, Outcome } from '../image/contract/mirror-result';

/**
 * Queries of Amazon CloudWatch Logs Insights over the log of builds.
 *
 * A result is a line that is an object of JSON from its start. CloudWatch finds fields in the midst of other lines too, and those may quote what
 * a registry said.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
const IS_RESULT = `filter @message like /^\\{/ and ispresent(${field('bytesCopied')})`;

/**
 * When each image last succeeded, the longest ago first, and first of all those that did not in the time that is looked at.
 *
 * The query language knows no condition. So a number is taken from lines of successes alone, and arithmetic with it has a value there alone:
 * the time of the line. Quotes in what others said are escaped in such a line, so that it tells of no success that was none.
 */
export const FRESHNESS_QUERY: readonly string[] = [
  IS_RESULT,
  // A customized image that was built for some of its platforms only has no digest yet.
  `filter ${field('outcome')} != ${quoted('copied')} or ispresent(${field('targetDigest')})`,
  `parse @message /"${field('outcome')}":"(?<success>copied|unchanged)".*"${field('seconds')}":(?<successSeconds>[0-9.]+)/`,
  'fields toMillis(@timestamp) + 0 * successSeconds as successTime',
  `stats fromMillis(max(successTime)) as lastSuccess, latest(@timestamp) as lastRun, latest(${field('outcome')}) as lastOutcome by ${field('repository')}, ${field('tag')}`,
  'sort lastSuccess asc',
  'limit 1000',
];

/** What went wrong with which image, the last first. */
export const PROBLEMS_QUERY: readonly string[] = [
  IS_RESULT,
  `filter ${field('outcome')} in [${quoted('failed')}, ${quoted('tag-moved')}]`,
  `stats latest(@timestamp) as lastTime, count(*) as times, latest(${field('reason')}) as lastReason, latest(${field('message')}) as lastMessage by ${field('source')}`,
  'sort lastTime desc',
  'limit 100',
];

/** The last results. */
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
