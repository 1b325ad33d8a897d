import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { ImageMirror, TagFilter } from '../../src';
import { evaluate, TimeSeries } from '../support/metric-math';
import { TemplateResolver } from '../support/template-resolver';

const _ = undefined;
const HOUR = 3_600;

let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
  mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
});

/** What the expression makes of the successes of each hour. */
function ages(successes: TimeSeries): TimeSeries {
  const { expression, usingMetrics } = mirror.image('nginx:stable').metricSecondsSinceSuccess({ period: Duration.hours(1) });
  const [[succeeded], [lastSuccess, last]] = Object.entries(usingMetrics);
  const grid = { start: 1_700_000_000, period: HOUR };
  const times = evaluate((last as cloudwatch.MathExpression).expression, { [succeeded]: successes }, grid);
  return evaluate(expression, { [succeeded]: successes, [lastSuccess]: times }, grid);
}

test('the seconds since the last success grow until the next', () => {
  expect(ages([1, _, _, 2, _])).toEqual([0, HOUR, 2 * HOUR, 0, HOUR]);
});

test('there are none before the first success that is looked at', () => {
  expect(ages([_, _, 1, _])).toEqual([_, _, 0, HOUR]);
  expect(ages([_, _])).toEqual([_, _]);
});

test('they are counted of the image\'s own successes, for which a filter is defined', () => {
  const [succeeded] = Object.values(mirror.image('nginx:stable').metricSecondsSinceSuccess().usingMetrics);
  expect((succeeded as cloudwatch.Metric).dimensions).toEqual({ Repository: 'mirror/nginx', Tag: 'stable' });
  Template.fromStack(stack).resourceCountIs('AWS::Logs::MetricFilter', 1);
});

/** What a dashboard with one graph of them has for each. */
function drawn(...metrics: cloudwatch.IMetric[]): { id?: string; expression?: string; label?: string }[] {
  new cloudwatch.Dashboard(stack, 'Dashboard', { widgets: [[new cloudwatch.GraphWidget({ left: metrics })]] });
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const { widgets: [{ properties }] } = JSON.parse(resolver.properties(resolver.ids('AWS::CloudWatch::Dashboard')[0]).DashboardBody);
  return properties.metrics.map((metric: object[]) => metric.at(-1));
}

/** The variables of an expression; functions and words of metric math are in capital letters. */
function variables(expression = ''): string[] {
  return expression.match(/\b[a-z]\w*/g) ?? [];
}

test('those of several images, also of a customized one, can be drawn in one graph beside their successes', () => {
  const vault = mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
  const shown = [mirror, mirror.image('nginx:stable'), vault, mirror.addImage('python', { tags: TagFilter.semver('3.x') })];
  const lines = drawn(...shown.map((of, index) => of.metricSecondsSinceSuccess({ label: `Age ${index}` })), vault.metricSucceeded(), vault.metricFailed());
  const ids = lines.flatMap(({ id }) => id ?? []);
  expect(lines.filter(({ label }) => label?.startsWith('Age'))).toHaveLength(shown.length);
  expect(ids.filter((id) => !/^[a-z][A-Za-z0-9_]*$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(lines.flatMap(({ expression }) => variables(expression)).filter((name) => !ids.includes(name))).toEqual([]);
});

test('those of a customized image are since it was last up to date', () => {
  const vault = mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
  const [successes] = Object.values(vault.metricSecondsSinceSuccess().usingMetrics);
  const { expression, usingMetrics } = successes as cloudwatch.MathExpression;
  const [original, custom] = Object.keys(usingMetrics);
  expect(Object.values(usingMetrics).map((metric) => (metric as cloudwatch.Metric).dimensions?.Repository)).toEqual(['mirror/hashicorp/vault', 'mirror/custom/hashicorp/vault']);
  expect(evaluate(expression, { [original]: [1, _, _], [custom]: [_, 1, _] }, { start: 0, period: HOUR })).toEqual([1, 1, _]);
});
