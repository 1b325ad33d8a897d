import { Stack } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import { FREQUENCIES } from '../../bench/cost/cost-model';
import { PRICES } from '../../bench/cost/prices';
import {
  DASHBOARD_METRICS, DASHBOARD_QUERIES, dashboardCost, IMAGE_METRICS, imageAlarmsCost, lookCost, metricsCost,
  NOTIFY_ALARM_METRICS, NOTIFY_METRICS, notifyCost, notifyCostOfOneImage,
} from '../../bench/cost/watching-cost';
import { ImageMirror, MirrorDashboard } from '../../src';
import { resourcesOf, synthesize, SynthesizedStack } from '../support/fleet-app';

const IMAGE = 'nginx:stable';

/** A stack whose mirror is watched. */
function watched(watch: (mirror: ImageMirror, stack: Stack) => void): SynthesizedStack {
  return synthesize((app) => {
    const stack = new Stack(app, 'Platform');
    watch(new ImageMirror(stack, 'Mirror', { images: [IMAGE, 'redis:7'] }), stack);
  })[0];
}

/** The metrics of one's own that its log is counted for, those of single images or the others. */
function ownMetrics(stack: SynthesizedStack, ofImages: boolean): string[] {
  return Object.values(resourcesOf(stack, 'AWS::Logs::MetricFilter'))
    .flatMap(({ MetricTransformations }) => MetricTransformations)
    .filter(({ Dimensions = [] }) => (Dimensions.length > 0) === ofImages)
    .map(({ MetricName }) => MetricName)
    .sort();
}

/** How many metrics its alarms watch. */
function alarmMetrics(stack: SynthesizedStack): number {
  return Object.values(resourcesOf(stack, 'AWS::CloudWatch::Alarm'))
    .map(({ Metrics }) => Metrics === undefined ? 1 : Metrics.filter(({ MetricStat }: any) => MetricStat !== undefined).length)
    .reduce((sum, count) => sum + count, 0);
}

const notify = (mirror: ImageMirror, stack: Stack) => mirror.notify(new sns.Topic(stack, 'Trouble'));

test('notify() has the alarms and the metrics that its costs are computed from', () => {
  const stack = watched(notify);
  expect([alarmMetrics(stack), ownMetrics(stack, false), ownMetrics(stack, true)]).toEqual([NOTIFY_ALARM_METRICS, [...NOTIFY_METRICS].sort(), []]);
});

test('a dashboard has the metrics and the queries that its costs are computed from', () => {
  const stack = watched((mirror, scope) => { new MirrorDashboard(scope, 'Dashboard', { mirror }); });
  const [{ DashboardBody }] = Object.values(resourcesOf(stack, 'AWS::CloudWatch::Dashboard'));
  const queries = JSON.stringify(DashboardBody).match(/\\"type\\":\\"log\\"/g)!.length;
  expect([ownMetrics(stack, false), ownMetrics(stack, true), queries]).toEqual([[...DASHBOARD_METRICS].sort(), [], DASHBOARD_QUERIES]);
});

test('an image with alarms of its own has the alarms and the metrics that its costs are computed from', () => {
  const stack = watched((mirror, scope) => { mirror.notify(new sns.Topic(scope, 'Trouble'), { images: [mirror.image(IMAGE)] }); });
  expect([alarmMetrics(stack) - NOTIFY_ALARM_METRICS, ownMetrics(stack, true)]).toEqual([IMAGE_METRICS.length, [...IMAGE_METRICS].sort()]);
});

test('a customized image counts as two, and the mirror has one metric of alarms more', () => {
  const stack = watched((mirror, scope) => {
    const image = mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
    mirror.notify(new sns.Topic(scope, 'Trouble'), { images: [image] });
  });
  expect(alarmMetrics(stack)).toBe(NOTIFY_ALARM_METRICS + 1 + 2 * IMAGE_METRICS.length);
});

test('a mirror that nobody watches has neither', () => {
  const stack = watched(() => {});
  expect([alarmMetrics(stack), ownMetrics(stack, false), ownMetrics(stack, true)]).toEqual([0, [], []]);
});

test('metrics are billed besides the alarms and the dashboard, and once for both', () => {
  expect(notifyCost()).toBeCloseTo(1.5, 10);
  expect(dashboardCost()).toBeCloseTo(5.1, 10);
  expect(dashboardCost(NOTIFY_METRICS)).toBeCloseTo(4.5, 10);
});

test('metrics are billed for the hours in which they have a value', () => {
  expect(metricsCost(1)).toBe(PRICES.METRIC.dollars);
  expect(metricsCost(1, FREQUENCIES.HOURLY)).toBe(PRICES.METRIC.dollars);
  expect(metricsCost(1, { name: 'every minute', runsPerMonth: 43_200 })).toBe(PRICES.METRIC.dollars);
  expect(metricsCost(1, FREQUENCIES.DAILY)).toBeCloseTo(PRICES.METRIC.dollars / 24, 10);
  expect(notifyCostOfOneImage(FREQUENCIES.DAILY)).toBeLessThan(notifyCost());
});

test('twice the images with alarms of their own cost twice as much', () => {
  expect(imageAlarmsCost(20)).toBeCloseTo(2 * imageAlarmsCost(10), 10);
  expect(imageAlarmsCost(20, FREQUENCIES.DAILY)).toBeLessThan(imageAlarmsCost(20));
});

test('a look at the dashboard costs what its queries read', () => {
  expect(lookCost(1_000)).toBeCloseTo(4 * 14 * 1_000 * 8e-6 * 0.005, 10);
});
