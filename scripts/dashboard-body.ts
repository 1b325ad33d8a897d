import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ImageMirror, MirrorDashboard } from '../src';

/** A widget as CloudWatch reads it, as far as a picture needs it. */
export interface Widget {
  readonly type: 'text' | 'alarm' | 'metric' | 'log';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly alarms?: readonly string[];
    readonly view?: string;
    readonly stacked?: boolean;
    readonly query?: string;
    readonly metrics?: readonly (readonly unknown[])[];
  };
}

/** The widgets of the dashboard that the construct defines, the names that CloudFormation chooses standing as logical ids. */
export function dashboardWidgets(): Widget[] {
  const stack = new Stack(new App(), 'PlatformImages');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  new MirrorDashboard(stack, 'Dashboard', { mirror, alarms: mirror.notify(new sns.Topic(stack, 'Trouble')) });
  const [dashboard] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  const [, parts]: [string, unknown[]] = dashboard.Properties.DashboardBody['Fn::Join'];
  return JSON.parse(parts.map((part) => typeof part === 'string' ? part : logicalIdIn(part)).join('')).widgets;
}

function logicalIdIn(intrinsic: unknown): string {
  const [id] = Object.values(Object(intrinsic) as Record<string, unknown>);
  return String(Array.isArray(id) ? id[0] : id);
}
