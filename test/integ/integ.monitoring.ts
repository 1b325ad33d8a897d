/** Alarms, the dashboard, rules for events, and scan findings. */
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror, MirrorDashboard, ScanSeverity } from '../../src';

const NGINX = 'public.ecr.aws/nginx/nginx:stable';

scenario('Monitoring', (stack) => {
  const topic = new sns.Topic(stack, 'MirrorAlerts');
  const mirror = new ImageMirror(stack, 'Mirror', { ...TEMPORARY, images: [NGINX] });
  new MirrorDashboard(stack, 'Dashboard', { mirror, alarms: mirror.notify(topic) });
  mirror.image(NGINX).onImageMirrored('Copied', { target: new targets.SnsTopic(topic) });
  mirror.onScanFindings('Vulnerable', { severity: ScanSeverity.CRITICAL, target: new targets.SnsTopic(topic) });
});
