import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { dashboardRows } from './dashboard-widgets';
import { MirrorDashboardProps } from './mirror-dashboard-props';
import { requireNoCircularReference } from './notification';
import { quote } from '../image/sanitize';

/**
 * One dashboard of Amazon CloudWatch for a mirror: when each image last succeeded, what runs did, failures, bytes, an estimate of what builds cost,
 * and the last results.
 *
 * It has as many widgets for a thousand images as for one, because what it shows of single images are queries of the log: no metrics for each image
 * are billed. CloudWatch bills $3 a month for a dashboard after the third, up to $1.80 for the six metrics of the mirror as a whole that it shows
 * ($1.20 beside `notify()`, which has two of them), and each query by what it reads, $0.005 for each GB, whenever somebody looks.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * new MirrorDashboard(this, 'Dashboard', { mirror, alarms: mirror.notify(new sns.Topic(this, 'Trouble')) });
 * ```
 */
export class MirrorDashboard extends Construct {
  /** The dashboard, to which further widgets may be added. */
  public readonly dashboard: cloudwatch.Dashboard;

  /**
   * @throws Error when the price is no positive number; and at synthesis when it is in the mirror's stack and shows alarms of a stack that has images
   * of the mirror
   */
  constructor(scope: Construct, id: string, props: MirrorDashboardProps) {
    super(scope, id);
    const { buildMinutePrice: price } = props;
    if (price !== undefined && !(price > 0 && Number.isFinite(price))) {
      throw new Error(`buildMinutePrice ${quote(String(price))} must be a positive number of US dollars for a minute; write for example 0.005`);
    }
    for (const alarm of props.alarms ?? []) {
      requireNoCircularReference(props.mirror, { user: this, resource: alarm, noun: 'alarm', remedy: 'define the dashboard in a stack of its own, after those of the images, or without their alarms' });
    }
    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', {
      dashboardName: props.dashboardName,
      defaultInterval: props.timeRange ?? Duration.days(14),
      // Costs are counted hour by hour, however long the time that is looked at.
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
      widgets: dashboardRows(props),
    });
  }
}
