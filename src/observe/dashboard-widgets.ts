import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { buildCostOf } from './build-cost';
import { FRESHNESS_QUERY, LAST_RESULTS_QUERY, PROBLEMS_QUERY } from './log-queries';
import { sumOf } from './metric-sum';
import { RUNBOOK_URL } from './mirror-alarms';
import { MirrorDashboardProps } from './mirror-dashboard-props';
import { MirrorMonitoring } from './mirror-monitoring';
import { METRIC_NAME } from '../image/contract/events-and-metrics';

const FULL_WIDTH = 24;
const PERIOD = Duration.hours(1);
const { GREEN, GREY, ORANGE, PURPLE, RED } = cloudwatch.Color;

/**
 * How many alarms a widget shows.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
const MOST_ALARMS = 100;

/** How many of them are beside one another in a widget as wide as the dashboard. */
const ALARMS_IN_A_ROW = 6;

/** The widgets of a dashboard, row by row. */
export function dashboardRows({ mirror, alarms = [], buildMinutePrice }: MirrorDashboardProps): cloudwatch.IWidget[][] {
  const monitoring = MirrorMonitoring.of(mirror);
  return [
    [new cloudwatch.TextWidget({ markdown: `# ${mirror.node.path}\n[What to do when something is wrong](${RUNBOOK_URL})`, width: FULL_WIDTH, height: 2 })],
    ...alarmStates(alarms).map((widget) => [widget]),
    // The project for customized images is defined with the first of them.
    [new LazyWidget(() => totals(monitoring))],
    [query(monitoring, 'The last success of each image in this time, the longest ago first', FRESHNESS_QUERY), results(monitoring)],
    [new LazyWidget(() => trouble(monitoring)), bytes(monitoring), new LazyWidget(() => cost(monitoring, buildMinutePrice))],
    [query(monitoring, 'What went wrong, the last first', PROBLEMS_QUERY), query(monitoring, 'The last results', LAST_RESULTS_QUERY)],
  ];
}

function alarmStates(alarms: readonly cloudwatch.IAlarm[]): cloudwatch.IWidget[] {
  const count = Math.ceil(alarms.length / MOST_ALARMS);
  return Array.from({ length: count }, (_, index) => {
    const shown = alarms.slice(index * MOST_ALARMS, (index + 1) * MOST_ALARMS);
    return new cloudwatch.AlarmStatusWidget({
      title: count === 1 ? 'Alarms' : `Alarms, part ${index + 1} of ${count}`,
      alarms: shown,
      width: FULL_WIDTH,
      height: 2 + Math.ceil(shown.length / ALARMS_IN_A_ROW),
    });
  });
}

function totals(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.SingleValueWidget({
    title: 'In all this time',
    metrics: [
      monitoring.metric(METRIC_NAME.COPIED, { label: 'New images', period: PERIOD }),
      monitoring.metric(METRIC_NAME.UNCHANGED, { label: 'Unchanged', period: PERIOD }),
      monitoring.metric(METRIC_NAME.FAILED, { label: 'Failures', period: PERIOD }),
      monitoring.metric(METRIC_NAME.TAG_MOVED, { label: 'Fixed tags moved', period: PERIOD }),
      monitoring.metric(METRIC_NAME.BYTES_COPIED, { label: 'Bytes copied', period: PERIOD }),
      sumOf('builds', monitoring.projects.map((project) => project.metricBuilds({ label: 'Builds', period: PERIOD }))),
    ],
    setPeriodToTimeRange: true,
    width: FULL_WIDTH,
    height: 3,
  });
}

function results(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Results, by the hour',
    left: [
      monitoring.metric(METRIC_NAME.UNCHANGED, { label: 'Unchanged', period: PERIOD, color: GREY }),
      monitoring.metric(METRIC_NAME.COPIED, { label: 'New images', period: PERIOD, color: GREEN }),
      monitoring.metric(METRIC_NAME.TAG_MOVED, { label: 'Fixed tags moved', period: PERIOD, color: ORANGE }),
      monitoring.metric(METRIC_NAME.FAILED, { label: 'Failures', period: PERIOD, color: RED }),
    ],
    leftYAxis: { min: 0, showUnits: false },
    stacked: true,
    width: FULL_WIDTH / 2,
    height: 8,
  });
}

function trouble(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'What went wrong, by the hour',
    left: [
      sumOf('failed', monitoring.projects.map((project) => project.metricFailedBuilds({ label: 'Builds that failed', period: PERIOD, color: RED }))),
      monitoring.metric(METRIC_NAME.RATE_LIMITED, { label: 'Rate limited', period: PERIOD, color: ORANGE }),
      monitoring.metricDropped({ label: 'Runs not started', period: PERIOD, statistic: cloudwatch.Stats.SUM, color: PURPLE }),
    ],
    leftYAxis: { min: 0, showUnits: false },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function bytes(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Bytes copied, by the hour',
    left: [monitoring.metric(METRIC_NAME.BYTES_COPIED, { label: 'Bytes copied', period: PERIOD })],
    leftYAxis: { min: 0 },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function cost(monitoring: MirrorMonitoring, buildMinutePrice: number | undefined): cloudwatch.IWidget {
  const { metric, isInDollars } = buildCostOf(monitoring.projects, buildMinutePrice);
  return new cloudwatch.GraphWidget({
    title: isInDollars ? 'Builds in US dollars, about, added up' : 'Minutes of builds, added up',
    left: [metric],
    leftYAxis: { min: 0, showUnits: false },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function query(monitoring: MirrorMonitoring, title: string, queryLines: readonly string[]): cloudwatch.IWidget {
  return new cloudwatch.LogQueryWidget({
    title,
    logGroupNames: [monitoring.logGroup.logGroupName],
    queryLines: [...queryLines],
    // A query is of its own Region, where that of a metric is said with the metric.
    region: monitoring.logGroup.env.region,
    view: cloudwatch.LogQueryVisualizationType.TABLE,
    width: FULL_WIDTH / 2,
    height: 8,
  });
}

/** A widget that is made anew when its dashboard is rendered: what it shows may have become more until then. */
export class LazyWidget extends cloudwatch.ConcreteWidget {
  /** @param make defines nothing when it is called again */
  constructor(private readonly make: () => cloudwatch.IWidget) {
    const { width, height } = make();
    super(width, height);
  }

  public toJson(): any[] {
    const widget = this.make();
    widget.position(this.x ?? 0, this.y ?? 0);
    return widget.toJson();
  }
}
