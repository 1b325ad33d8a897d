/** The app with everything that watches a mirror, for the offline judges. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, IMonitored, MirrorAlarm, MirrorDashboard, ScanSeverity, TagFilter } from '../../src';

/** Defines alarms, a dashboard, and all rules. */
export function defineObserved(app: App): void {
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'redis:7.4.0'] });
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'List', { stringListValue: ['grafana/grafana:11.1.0'] })));
  mirror.addImage('registry.example.com/team/tool', { tags: TagFilter.pattern('v*') });
  const key = new kms.Key(stack, 'TopicKey');
  const topic = new sns.Topic(stack, 'Topic', { masterKey: key, enforceSSL: true });
  const alarms = mirror.notify(topic, { alarms: Object.values(MirrorAlarm), images: [mirror.image('nginx:stable')], heldAfter: Duration.days(14) });
  mirror.image('nginx:stable').alarmHeld('Held');
  new MirrorDashboard(stack, 'Dashboard', { mirror, alarms, buildMinutePrice: 0.005 });
  const target = new targets.SnsTopic(topic);
  for (const observed of [mirror, mirror.image('nginx:stable'), mirror.image('registry.example.com/team/tool')]) defineRules(observed, target);
  mirror.onScanFindings('Critical', { severity: ScanSeverity.CRITICAL, target });
  mirror.onScanFindings('EachHigh', { severity: ScanSeverity.HIGH, eachFinding: true, target });
}

function defineRules(observed: IMonitored, target: events.IRuleTarget): void {
  observed.onImageMirrored('Mirrored', { target });
  observed.onImageUnchanged('Unchanged', { target });
  observed.onImageHeld('NewImageHeld', { target });
  observed.onUpstreamImageGone('Gone', { target });
  observed.onTagMoved('Moved', { target });
  observed.onMirrorFailed('Failed', { target });
}
