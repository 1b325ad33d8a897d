import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { buildCost } from './build-cost';
import { FRESHNESS_QUERY, HELD_QUERY, LAST_RESULTS_QUERY, PROBLEMS_QUERY } from './log-queries';
import { sumForGraph } from './metric-math';
import { RUNBOOK_URL } from './mirror-alarms';
import { MirrorMonitoring } from './mirror-monitoring';
import { METRIC_NAME } from '../image/contract/events-and-metrics';

const FULL_WIDTH = 24;
const PERIOD = Duration.hours(1);
const { BLUE, GREEN, GREY, ORANGE, PURPLE, RED } = cloudwatch.Color;

/**
 * The maximum number of alarms in an alarm widget.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
const MAX_ALARMS = 100;

/** How many alarms an alarm widget of the full width shows in a row. */
const ALARMS_PER_ROW = 6;

/** The content of a dashboard. */
export interface DashboardContent {
  readonly monitoring: MirrorMonitoring;
  readonly alarms?: readonly cloudwatch.IAlarm[];
  readonly buildMinutePrice?: number;
}

/** The widgets of a dashboard, row by row. */
export function dashboardRows({ monitoring, alarms = [], buildMinutePrice }: DashboardContent): cloudwatch.IWidget[][] {
  const heading = `# ${monitoring.construct.node.path}\n[Runbook: what to do when an alarm goes off](${RUNBOOK_URL})`;
  return [
    [new cloudwatch.TextWidget({ markdown: heading, width: FULL_WIDTH, height: 2 })],
    ...alarmWidgets(alarms).map((widget) => [widget]),
    // The first customized image adds a second CodeBuild project, possibly after the dashboard was defined.
    [new LazyWidget(() => totals(monitoring))],
    [query(monitoring, 'Last success of each image, oldest first', FRESHNESS_QUERY), results(monitoring)],
    [query(monitoring, 'Images that are held, or gone upstream', HELD_QUERY, FULL_WIDTH)],
    [new LazyWidget(() => problems(monitoring)), bytes(monitoring), new LazyWidget(() => cost(monitoring, buildMinutePrice))],
    [query(monitoring, 'Problems, newest first', PROBLEMS_QUERY), query(monitoring, 'Latest results', LAST_RESULTS_QUERY)],
  ];
}

function alarmWidgets(alarms: readonly cloudwatch.IAlarm[]): cloudwatch.IWidget[] {
  const count = Math.ceil(alarms.length / MAX_ALARMS);
  return Array.from({ length: count }, (_, index) => {
    const shown = alarms.slice(index * MAX_ALARMS, (index + 1) * MAX_ALARMS);
    return new cloudwatch.AlarmStatusWidget({
      title: count === 1 ? 'Alarms' : `Alarms (${index + 1} of ${count})`,
      alarms: shown,
      width: FULL_WIDTH,
      height: 2 + Math.ceil(shown.length / ALARMS_PER_ROW),
    });
  });
}

function totals(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.SingleValueWidget({
    title: 'Totals in the time range',
    metrics: [
      monitoring.metric(METRIC_NAME.COPIED, { label: 'New images', period: PERIOD }),
      monitoring.metric(METRIC_NAME.UNCHANGED, { label: 'Unchanged', period: PERIOD }),
      monitoring.metric(METRIC_NAME.FAILED, { label: 'Failures', period: PERIOD }),
      monitoring.metric(METRIC_NAME.HELD, { label: 'Held', period: PERIOD }),
      monitoring.metric(METRIC_NAME.TAG_MOVED, { label: 'Fixed tags moved', period: PERIOD }),
      monitoring.metric(METRIC_NAME.BYTES_COPIED, { label: 'Bytes copied', period: PERIOD }),
      sumForGraph('builds', monitoring.projects.map((project) => project.metricBuilds({ label: 'Builds', period: PERIOD }))),
    ],
    setPeriodToTimeRange: true,
    width: FULL_WIDTH,
    height: 3,
  });
}

function results(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Results per hour',
    left: [
      monitoring.metric(METRIC_NAME.UNCHANGED, { label: 'Unchanged', period: PERIOD, color: GREY }),
      monitoring.metric(METRIC_NAME.COPIED, { label: 'New images', period: PERIOD, color: GREEN }),
      monitoring.metric(METRIC_NAME.HELD, { label: 'Held', period: PERIOD, color: BLUE }),
      monitoring.metric(METRIC_NAME.TAG_MOVED, { label: 'Fixed tags moved', period: PERIOD, color: ORANGE }),
      monitoring.metric(METRIC_NAME.FAILED, { label: 'Failures', period: PERIOD, color: RED }),
    ],
    leftYAxis: { min: 0, showUnits: false },
    stacked: true,
    width: FULL_WIDTH / 2,
    height: 8,
  });
}

function problems(monitoring: MirrorMonitoring): cloudwatch.IWidget {
  const failedBuilds = monitoring.projects.map((project) => project.metricFailedBuilds({ label: 'Failed builds', period: PERIOD, color: RED }));
  return new cloudwatch.GraphWidget({
    title: 'Problems per hour',
    left: [
      sumForGraph('failed', failedBuilds),
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
    title: 'Bytes copied per hour',
    left: [monitoring.metric(METRIC_NAME.BYTES_COPIED, { label: 'Bytes copied', period: PERIOD })],
    leftYAxis: { min: 0 },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function cost(monitoring: MirrorMonitoring, buildMinutePrice: number | undefined): cloudwatch.IWidget {
  const { metric, isInDollars } = buildCost(monitoring.projects, buildMinutePrice);
  return new cloudwatch.GraphWidget({
    title: isInDollars ? 'Estimated build cost in US dollars, cumulative' : 'Build minutes, cumulative',
    left: [metric],
    leftYAxis: { min: 0, showUnits: false },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function query(monitoring: MirrorMonitoring, title: string, queryLines: readonly string[], width = FULL_WIDTH / 2): cloudwatch.IWidget {
  return new cloudwatch.LogQueryWidget({
    title,
    logGroupNames: [monitoring.logGroup.logGroupName],
    queryLines: [...queryLines],
    // Without a Region, the widget would query the Region of the dashboard. Metrics carry their Region themselves.
    region: monitoring.logGroup.env.region,
    view: cloudwatch.LogQueryVisualizationType.TABLE,
    width,
    height: width === FULL_WIDTH ? 5 : 8,
  });
}

/** A widget that is created again whenever its dashboard is rendered, so that it includes what was added to the app in the meantime. */
class LazyWidget extends cloudwatch.ConcreteWidget {
  /** @param create creates the widget; must not define constructs on the second call */
  constructor(private readonly create: () => cloudwatch.IWidget) {
    const { width, height } = create();
    super(width, height);
  }

  public toJson(): any[] {
    const widget = this.create();
    widget.position(this.x ?? 0, this.y ?? 0);
    return widget.toJson();
  }
}
