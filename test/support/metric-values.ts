import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { countedBy, MetricFilterProperties } from './metric-filter';
import { TemplateResolver } from './template-resolver';

/** The metric filters of a deployed stack. */
export function metricFilters(resolver: TemplateResolver): MetricFilterProperties[] {
  return resolver.ids('AWS::Logs::MetricFilter').map((id) => resolver.properties(id) as MetricFilterProperties);
}

/** The metrics that a metric adds up: itself, unless it is a sum. */
export function summands(metric: cloudwatch.IMetric): cloudwatch.Metric[] {
  if (metric instanceof cloudwatch.Metric) return [metric];
  const { expression, usingMetrics } = metric as cloudwatch.MathExpression;
  if (expression !== Object.keys(usingMetrics).join(' + ')) throw new Error(`the expression ${expression} is no sum`);
  return Object.values(usingMetrics).flatMap(summands);
}

/** What the filters of a stack count of a metric in the lines of a log, added up; undefined where they count nothing. */
export function valueOf(metric: cloudwatch.IMetric, lines: readonly string[], stack: Stack, resolver: TemplateResolver): number | undefined {
  const points = metricFilters(resolver).flatMap((filter) => countedBy(filter, lines));
  const own = summands(metric).flatMap((one) => {
    const { dimensions: wantedDimensions = {}, metricName, namespace: wantedNamespace } = one;
    const wanted = JSON.stringify(resolver.resolve(stack.resolve({ name: metricName, namespace: wantedNamespace, dimensions: wantedDimensions })));
    return points.filter(({ name, namespace, dimensions }) => JSON.stringify({ name, namespace, dimensions }) === wanted);
  });
  return own.length === 0 ? undefined : own.reduce((sum, { value }) => sum + value, 0);
}
