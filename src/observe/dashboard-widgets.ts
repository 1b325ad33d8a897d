import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { buildCost } from './build-cost';
import { FRESHNESS_QUERY, LAST_RESULTS_QUERY, PROBLEMS_QUERY } from './log-queries';
import { sumForGraph } from './metric-math';
import { RUNBOOK_URL } from './mirror-alarms';
import { ImageMirror } from '../mirror/image-mirror';

const FULL_WIDTH = 24;
const PERIOD = Duration.hours(1);
const { GREEN, GREY, ORANGE, PURPLE, RED } = cloudwatch.Color;

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
  readonly mirror: ImageMirror;
  readonly alarms?: readonly cloudwatch.IAlarm[];
  readonly buildMinutePrice?: number;
}

/** The widgets of a dashboard, row by row. */
export function dashboardRows({ mirror, alarms = [], buildMinutePrice }: DashboardContent): cloudwatch.IWidget[][] {
  const heading = `# ${mirror.node.path}\n[Runbook: what to do when an alarm goes off](${RUNBOOK_URL})`;
  return [
    [new cloudwatch.TextWidget({ markdown: heading, width: FULL_WIDTH, height: 2 })],
    ...alarmWidgets(alarms).map((widget) => [widget]),
    // The first customized image adds a second CodeBuild project, possibly after the dashboard was defined.
    [new LazyWidget(() => totals(mirror))],
    [query(mirror, 'Last success of each image, oldest first', FRESHNESS_QUERY), results(mirror)],
    [new LazyWidget(() => problems(mirror)), bytes(mirror), new LazyWidget(() => cost(mirror, buildMinutePrice))],
    [query(mirror, 'Problems, newest first', PROBLEMS_QUERY), query(mirror, 'Latest results', LAST_RESULTS_QUERY)],
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

function totals(mirror: ImageMirror): cloudwatch.IWidget {
  return new cloudwatch.SingleValueWidget({
    title: 'Totals in the time range',
    metrics: [
      mirror.metricCopied({ label: 'New images', period: PERIOD }),
      mirror.metricUnchanged({ label: 'Unchanged', period: PERIOD }),
      mirror.metricFailed({ label: 'Failures', period: PERIOD }),
      mirror.metricTagMoved({ label: 'Fixed tags moved', period: PERIOD }),
      mirror.metricBytes({ label: 'Bytes copied', period: PERIOD }),
      sumForGraph('builds', projectsOf(mirror).map((project) => project.metricBuilds({ label: 'Builds', period: PERIOD }))),
    ],
    setPeriodToTimeRange: true,
    width: FULL_WIDTH,
    height: 3,
  });
}

function results(mirror: ImageMirror): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Results per hour',
    left: [
      mirror.metricUnchanged({ label: 'Unchanged', period: PERIOD, color: GREY }),
      mirror.metricCopied({ label: 'New images', period: PERIOD, color: GREEN }),
      mirror.metricTagMoved({ label: 'Fixed tags moved', period: PERIOD, color: ORANGE }),
      mirror.metricFailed({ label: 'Failures', period: PERIOD, color: RED }),
    ],
    leftYAxis: { min: 0, showUnits: false },
    stacked: true,
    width: FULL_WIDTH / 2,
    height: 8,
  });
}

function problems(mirror: ImageMirror): cloudwatch.IWidget {
  const failedBuilds = projectsOf(mirror).map((project) => project.metricFailedBuilds({ label: 'Failed builds', period: PERIOD, color: RED }));
  return new cloudwatch.GraphWidget({
    title: 'Problems per hour',
    left: [
      sumForGraph('failed', failedBuilds),
      mirror.metricRateLimited({ label: 'Rate limited', period: PERIOD, color: ORANGE }),
      mirror.scheduleGroup.metricDropped({ label: 'Runs not started', period: PERIOD, statistic: cloudwatch.Stats.SUM, color: PURPLE }),
    ],
    leftYAxis: { min: 0, showUnits: false },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function bytes(mirror: ImageMirror): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Bytes copied per hour',
    left: [mirror.metricBytes({ label: 'Bytes copied', period: PERIOD })],
    leftYAxis: { min: 0 },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function cost(mirror: ImageMirror, buildMinutePrice: number | undefined): cloudwatch.IWidget {
  const { metric, isInDollars } = buildCost(projectsOf(mirror), buildMinutePrice);
  return new cloudwatch.GraphWidget({
    title: isInDollars ? 'Estimated build cost in US dollars, cumulative' : 'Build minutes, cumulative',
    left: [metric],
    leftYAxis: { min: 0, showUnits: false },
    width: FULL_WIDTH / 3,
    height: 6,
  });
}

function query(mirror: ImageMirror, title: string, queryLines: readonly string[]): cloudwatch.IWidget {
  return new cloudwatch.LogQueryWidget({
    title,
    logGroupNames: [mirror.logGroup.logGroupName],
    queryLines: [...queryLines],
    // Without a Region, the widget would query the Region of the dashboard. Metrics carry their Region themselves.
    region: Stack.of(mirror).region,
    view: cloudwatch.LogQueryVisualizationType.TABLE,
    width: FULL_WIDTH / 2,
    height: 8,
  });
}

function projectsOf(mirror: ImageMirror): readonly codebuild.IProject[] {
  return mirror._context().signals.projects;
}

/** A widget that is created again whenever its dashboard is rendered, so that it includes what was added to the app in the meantime. */
export class LazyWidget extends cloudwatch.ConcreteWidget {
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
