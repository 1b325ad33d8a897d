import { ASSUMPTIONS } from './assumptions';
import { Frequency } from './cost-model';
import { PRICES } from './prices';
import { METRIC_NAME, MetricName } from '../../src/image/contract/events-and-metrics';

/** How many metrics the alarms of `notify()` watch: one each, and two that of runs that were not started. */
export const NOTIFY_ALARM_METRICS = 6;

/** The metrics of one's own among them; CodeBuild's, Scheduler's and SQS's are free. */
export const NOTIFY_METRICS: readonly MetricName[] = [METRIC_NAME.SUCCEEDED, METRIC_NAME.TAG_MOVED, METRIC_NAME.RATE_LIMITED];

/** The metrics of one's own that a dashboard shows. */
export const DASHBOARD_METRICS: readonly MetricName[] = [
  METRIC_NAME.COPIED, METRIC_NAME.UNCHANGED, METRIC_NAME.HELD, METRIC_NAME.TAG_MOVED, METRIC_NAME.FAILED, METRIC_NAME.RATE_LIMITED,
  METRIC_NAME.BYTES_COPIED,
];

/** The queries that a dashboard runs over the mirror's log. */
export const DASHBOARD_QUERIES = 4;

/** Those that the alarms of a single image watch, one each. */
export const IMAGE_METRICS: readonly MetricName[] = [METRIC_NAME.FAILED, METRIC_NAME.SUCCEEDED];

/** How far back a dashboard looks unless somebody says otherwise. */
const DASHBOARD_DAYS = 14;

/** What `notify()` costs in a month at most, however many images there are. */
export function notifyCost(): number {
  return NOTIFY_ALARM_METRICS * PRICES.ALARM_METRIC.dollars + metricsCost(NOTIFY_METRICS.length);
}

/** What it costs when one image is checked so often and never changes. */
export function notifyCostOfOneImage(frequency: Frequency): number {
  return NOTIFY_ALARM_METRICS * PRICES.ALARM_METRIC.dollars + metricsCost(1, frequency);
}

/** What a dashboard costs in a month at most; what other things have metrics for is not billed again. */
export function dashboardCost(present: readonly MetricName[] = []): number {
  return PRICES.DASHBOARD.dollars + metricsCost(DASHBOARD_METRICS.filter((name) => !present.includes(name)).length);
}

/** What its queries read when somebody looks at it once, with so many images that are checked daily. */
export function lookCost(images: number): number {
  const gigabytes = images * DASHBOARD_DAYS * ASSUMPTIONS.LOG_KILOBYTES / 1e6;
  return DASHBOARD_QUERIES * gigabytes * PRICES.LOG_GIGABYTE_QUERIED.dollars;
}

/** What alarms of single images cost in a month at most, when they are checked so often, or else in every hour. */
export function imageAlarmsCost(images: number, frequency?: Frequency): number {
  return images * (IMAGE_METRICS.length * PRICES.ALARM_METRIC.dollars + metricsCost(IMAGE_METRICS.length, frequency));
}

/** What metrics cost in a month that have a value so often, or else in every hour: they are billed for the hours in which they have one. */
export function metricsCost(count: number, frequency?: Frequency): number {
  const hours = ASSUMPTIONS.DAYS_PER_MONTH * 24;
  return count * PRICES.METRIC.dollars * Math.min(hours, frequency?.runsPerMonth ?? hours) / hours;
}
