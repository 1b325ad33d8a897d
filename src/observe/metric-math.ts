import { Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/**
 * The sum of metrics, for graphs. A single metric is returned as it is. Metric math treats a missing value as 0 if another metric has a value.
 *
 * @param id the prefix of the metrics' ids in the expression; must be unique in a graph
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function sumForGraph(id: string, metrics: readonly cloudwatch.Metric[]): cloudwatch.IMetric {
  const [{ label, metricName, color, period }, ...others] = metrics;
  if (others.length === 0) return metrics[0];
  const usingMetrics = numbered(`${id}_`, metrics);
  const expression = Object.keys(usingMetrics).join(' + ');
  return new cloudwatch.MathExpression({ expression, usingMetrics, label: label ?? metricName, color, period });
}

/**
 * The sum of metrics, for alarms. After its first value, the sum is 0 where values are missing.
 *
 * An alarm evaluates more periods than it needs, and replaces missing values by older ones. Without the zeros, a metric with rare values would keep
 * the alarm in its state for hours. The alarm would then send no notification for the next failure.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export function sumForAlarm(metrics: readonly cloudwatch.Metric[]): cloudwatch.MathExpression {
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

/**
 * Replaces the metric of an alarm by one that is computed when the template is rendered.
 *
 * @param produce returns metric math over metrics of the alarm's own account and Region
 */
export function setLazyMetric(alarm: cloudwatch.Alarm, produce: () => cloudwatch.MathExpression): void {
  const resource = alarm.node.defaultChild as cloudwatch.CfnAlarm;
  resource.metrics = Lazy.any({ produce: () => renderQueries(produce()) });
}

function renderQueries({ expression, usingMetrics }: cloudwatch.MathExpression): cloudwatch.CfnAlarm.MetricDataQueryProperty[] {
  const metricQueries = Object.entries(usingMetrics).map(([id, metric]) => {
    const { period, statistic, namespace, metricName, dimensions } = metric.toMetricConfig().metricStat!;
    return { id, metricStat: { metric: { namespace, metricName, dimensions }, period: period.toSeconds(), stat: statistic }, returnData: false };
  });
  return [{ id: 'expr_1', expression, returnData: true }, ...metricQueries];
}
