import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/**
 * The sum of metrics for graphs; a single one is that itself. Metric math counts what has no value as 0 beside what has one.
 *
 * @param id what the metrics are called in the expression, with a number behind it: a graph wants it to be no other's
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function sumOf(id: string, metrics: readonly cloudwatch.Metric[]): cloudwatch.IMetric {
  const [{ label, metricName, color, period }, ...others] = metrics;
  if (others.length === 0) return metrics[0];
  const usingMetrics = numbered(`${id}_`, metrics);
  return new cloudwatch.MathExpression({ expression: Object.keys(usingMetrics).join(' + '), usingMetrics, label: label ?? metricName, color, period });
}

/**
 * The sum of metrics for alarms: 0 where there is no value, once there was one.
 *
 * An alarm looks further back than the periods that it judges, and takes older values in the place of missing ones. So what has values only now and
 * then would keep it in its state for hours, and what comes meanwhile would be told to nobody.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export function filledSumOf(metrics: readonly cloudwatch.Metric[]): cloudwatch.MathExpression {
  const usingMetrics = numbered('m', metrics);
  return new cloudwatch.MathExpression({
    expression: Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`).join(' + '),
    usingMetrics,
    period: metrics[0].period,
  });
}

function numbered(id: string, metrics: readonly cloudwatch.Metric[]): Record<string, cloudwatch.Metric> {
  return Object.fromEntries(metrics.map((metric, index) => [`${id}${index + 1}`, metric]));
}
