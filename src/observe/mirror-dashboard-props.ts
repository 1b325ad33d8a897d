import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { IImageMirror } from '../declarations/mirror-interfaces';

/**
 * Properties of a `MirrorDashboard`.
 */
export interface MirrorDashboardProps {
  /**
   * The mirror that is shown.
   */
  readonly mirror: IImageMirror;

  /**
   * The name of the dashboard.
   *
   * @default - CloudFormation chooses one
   */
  readonly dashboardName?: string;

  /**
   * Alarms whose state is shown, for example those that `notify()` returns; a hundred in each widget.
   *
   * Alarms of images in other stacks cannot be shown in the mirror's stack, which those stacks need; define the dashboard in a stack after them.
   *
   * @default - none
   */
  readonly alarms?: cloudwatch.IAlarm[];

  /**
   * How far back the dashboard looks when it is opened.
   *
   * @default Duration.days(14)
   */
  readonly timeRange?: Duration;

  /**
   * What a minute of a build costs, in US dollars: of all builds, those of customized images included.
   *
   * @default - what AWS charges in us-east-1 where the compute is the smallest of its kind; otherwise minutes are shown in place of dollars
   * @see https://aws.amazon.com/codebuild/pricing/
   */
  readonly buildMinutePrice?: number;
}
