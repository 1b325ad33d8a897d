import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as logs from 'aws-cdk-lib/aws-logs';
import { METRIC_DIMENSION, METRIC_NAME, MetricName, resultField } from '../image/contract/events-and-metrics';
import type { FailureReason, MirrorResult, Outcome } from '../image/contract/mirror-result';

/** Whose results are counted: a whole mirror's, a repository's, or those of a single tag in it. */
export interface MetricSubject {
  readonly repository?: string;
  /** Only with a repository. */
  readonly tag?: string;
}

/** How a metric is counted. */
export interface ResultMetric {
  /** The results that count; all where there is none. */
  readonly filter?: logs.JsonPattern;
  /** The field whose value is counted, or 1. */
  readonly value: string;
  readonly unit: cloudwatch.Unit;
  readonly statistic: string;
}

/**
 * What to count of the lines of a log, and how.
 *
 * A customized image that was built for some of its platforms only is `copied` and has no digest. One that is being built has the builds in the
 * result of the image that it is built from, and tells of itself when it is done.
 */
export const RESULT_METRICS: Readonly<Record<MetricName, ResultMetric>> = {
  [METRIC_NAME.COPIED]: count(logs.FilterPattern.all(outcome('copied'), hasField('targetDigest'))),
  [METRIC_NAME.UNCHANGED]: count(outcome('unchanged')),
  [METRIC_NAME.TAG_MOVED]: count(outcome('tag-moved')),
  [METRIC_NAME.FAILED]: count(outcome('failed')),
  [METRIC_NAME.RATE_LIMITED]: count(reason('rate-limited')),
  [METRIC_NAME.SUCCEEDED]: count(logs.FilterPattern.all(hasNot('reason'), hasField('targetDigest'), hasNot('customBuilds'))),
  [METRIC_NAME.BYTES_COPIED]: sum('bytesCopied', cloudwatch.Unit.BYTES, cloudwatch.Stats.SUM),
  [METRIC_NAME.SECONDS]: sum('seconds', cloudwatch.Unit.SECONDS, cloudwatch.Stats.AVERAGE),
};

/**
 * The lines that count for the subjects of one kind: results of images alone. The last line of a run of several images, which sums the others up,
 * has no bytes.
 *
 * @param named the subjects whose lines count; those of all where it is left out
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */
export function filterFor({ filter }: ResultMetric, { repository, tag }: MetricSubject, named?: readonly MetricSubject[]): logs.JsonPattern {
  const ofAll = [...repository === undefined ? [] : [hasField('repository')], ...tag === undefined ? [] : [hasField('tag')]];
  return logs.FilterPattern.all(
    logs.FilterPattern.numberValue(resultField('bytesCopied'), '>=', 0),
    ...filter === undefined ? [] : [filter],
    ...named === undefined ? ofAll : [logs.FilterPattern.any(...named.map(resultsOf))],
  );
}

function resultsOf({ repository, tag }: MetricSubject): logs.JsonPattern {
  const ofRepository = logs.FilterPattern.stringValue(resultField('repository'), '=', repository!);
  return tag === undefined ? ofRepository : logs.FilterPattern.all(ofRepository, logs.FilterPattern.stringValue(resultField('tag'), '=', tag));
}

/** The fields whose values tell such subjects apart. */
export function dimensionFields({ repository, tag }: MetricSubject): Record<string, string> | undefined {
  if (repository === undefined) return undefined;
  return { [METRIC_DIMENSION.REPOSITORY]: resultField('repository'), ...tag === undefined ? {} : { [METRIC_DIMENSION.TAG]: resultField('tag') } };
}

/** The values that a subject has for them. */
export function dimensionValues({ repository, tag }: MetricSubject): Record<string, string> | undefined {
  if (repository === undefined) return undefined;
  return { [METRIC_DIMENSION.REPOSITORY]: repository, ...tag === undefined ? {} : { [METRIC_DIMENSION.TAG]: tag } };
}

function count(filter: logs.JsonPattern): ResultMetric {
  return { filter, value: '1', unit: cloudwatch.Unit.COUNT, statistic: cloudwatch.Stats.SUM };
}

function sum(field: keyof MirrorResult, unit: cloudwatch.Unit, statistic: string): ResultMetric {
  return { value: resultField(field), unit, statistic };
}

function outcome(value: Outcome): logs.JsonPattern {
  return logs.FilterPattern.stringValue(resultField('outcome'), '=', value);
}

function reason(value: FailureReason): logs.JsonPattern {
  return logs.FilterPattern.stringValue(resultField('reason'), '=', value);
}

function hasField(name: keyof MirrorResult): logs.JsonPattern {
  return logs.FilterPattern.exists(resultField(name));
}

function hasNot(name: keyof MirrorResult): logs.JsonPattern {
  return logs.FilterPattern.notExists(resultField(name));
}
