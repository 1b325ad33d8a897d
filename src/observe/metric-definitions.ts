import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as logs from 'aws-cdk-lib/aws-logs';
import { METRIC_DIMENSION, METRIC_NAME, MetricName, resultField } from '../image/contract/events-and-metrics';
import type { FailureReason, MirrorResult, Outcome } from '../image/contract/mirror-result';

/** The dimensions of a metric: none for a mirror, the repository for an image with a tag filter, the repository and the tag for any other image. */
export interface ImageDimensions {
  readonly repository?: string;
  /** Only with a repository. */
  readonly tag?: string;
}

/** How a metric filter computes a metric from result lines. */
export interface MetricDefinition {
  /** The results to count; without a pattern, all results. */
  readonly pattern?: logs.JsonPattern;
  /** The field with the value, or '1' to count lines. */
  readonly value: string;
  readonly unit: cloudwatch.Unit;
  readonly statistic: string;
}

/**
 * The definition of each metric.
 *
 * A customized image that was built for some of its platforms only has the outcome `copied` and no digest. While a customized image is being built,
 * the result of its mirrored image has `customBuilds`. The customized image has a separate result when its build is done.
 */
export const METRIC_DEFINITIONS: Readonly<Record<MetricName, MetricDefinition>> = {
  [METRIC_NAME.COPIED]: count(logs.FilterPattern.all(hasOutcome('copied'), hasField('targetDigest'))),
  [METRIC_NAME.UNCHANGED]: count(hasOutcome('unchanged')),
  [METRIC_NAME.HELD]: count(hasOutcome('held')),
  [METRIC_NAME.HELD_HOURS]: {
    ...valueOf('heldHours', cloudwatch.Unit.COUNT, cloudwatch.Stats.MAXIMUM),
    pattern: logs.FilterPattern.numberValue(resultField('heldHours'), '>=', 0),
  },
  [METRIC_NAME.UPSTREAM_GONE]: count(hasOutcome('upstream-gone')),
  [METRIC_NAME.TAG_MOVED]: count(hasOutcome('tag-moved')),
  [METRIC_NAME.FAILED]: count(hasOutcome('failed')),
  [METRIC_NAME.RATE_LIMITED]: count(hasReason('rate-limited')),
  [METRIC_NAME.SUCCEEDED]: count(logs.FilterPattern.all(hasNoField('reason'), hasField('targetDigest'), hasNoField('customBuilds'))),
  [METRIC_NAME.BYTES_COPIED]: valueOf('bytesCopied', cloudwatch.Unit.BYTES, cloudwatch.Stats.SUM),
  [METRIC_NAME.SECONDS]: valueOf('seconds', cloudwatch.Unit.SECONDS, cloudwatch.Stats.AVERAGE),
};

/**
 * The filter pattern of a metric. It matches the results of single images: the last line of a run of several images, a summary, has no `bytesCopied`.
 *
 * @param dimensions the dimensions of the metric; only their presence matters
 * @param images the images to count; without them, all images that have the dimensions
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */
export function filterPattern({ pattern }: MetricDefinition, dimensions: ImageDimensions, images?: readonly ImageDimensions[]): logs.JsonPattern {
  const { repository, tag } = dimensions;
  const hasDimensions = [...repository === undefined ? [] : [hasField('repository')], ...tag === undefined ? [] : [hasField('tag')]];
  return logs.FilterPattern.all(
    logs.FilterPattern.numberValue(resultField('bytesCopied'), '>=', 0),
    ...pattern === undefined ? [] : [pattern],
    ...images === undefined ? hasDimensions : [logs.FilterPattern.any(...images.map(isImage))],
  );
}

function isImage({ repository, tag }: ImageDimensions): logs.JsonPattern {
  const isInRepository = logs.FilterPattern.stringValue(resultField('repository'), '=', repository!);
  return tag === undefined ? isInRepository : logs.FilterPattern.all(isInRepository, logs.FilterPattern.stringValue(resultField('tag'), '=', tag));
}

/** The dimensions of a metric filter: the result fields that they are read from. */
export function dimensionFields({ repository, tag }: ImageDimensions): Record<string, string> | undefined {
  if (repository === undefined) return undefined;
  return { [METRIC_DIMENSION.REPOSITORY]: resultField('repository'), ...tag === undefined ? {} : { [METRIC_DIMENSION.TAG]: resultField('tag') } };
}

/** The dimensions of a metric: their values. */
export function dimensionValues({ repository, tag }: ImageDimensions): Record<string, string> | undefined {
  if (repository === undefined) return undefined;
  return { [METRIC_DIMENSION.REPOSITORY]: repository, ...tag === undefined ? {} : { [METRIC_DIMENSION.TAG]: tag } };
}

function count(pattern: logs.JsonPattern): MetricDefinition {
  return { pattern, value: '1', unit: cloudwatch.Unit.COUNT, statistic: cloudwatch.Stats.SUM };
}

function valueOf(field: keyof MirrorResult, unit: cloudwatch.Unit, statistic: string): MetricDefinition {
  return { value: resultField(field), unit, statistic };
}

function hasOutcome(outcome: Outcome): logs.JsonPattern {
  return logs.FilterPattern.stringValue(resultField('outcome'), '=', outcome);
}

function hasReason(reason: FailureReason): logs.JsonPattern {
  return logs.FilterPattern.stringValue(resultField('reason'), '=', reason);
}

function hasField(name: keyof MirrorResult): logs.JsonPattern {
  return logs.FilterPattern.exists(resultField(name));
}

function hasNoField(name: keyof MirrorResult): logs.JsonPattern {
  return logs.FilterPattern.notExists(resultField(name));
}
