/** The app with checks of new images, for the offline judges. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AdmissionMode, FindingSeverity, ImageCatalog, ImageMirror, ImageSignature, MirroredImage, OnUpstreamGone } from '../../src';

const ISSUER = 'https://token.actions.githubusercontent.com';

/** Defines a mirror with all checks that need no other file, an image with checks of its own, and a mirror with checks of one image only. */
export function defineChecked(app: App): void {
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', {
    images: ['nginx:stable'],
    encryptionKey: new kms.Key(stack, 'Key'),
    onUpstreamGone: OnUpstreamGone.FAIL,
    admission: {
      minimumAge: Duration.days(3),
      maximumSeverity: FindingSeverity.HIGH,
      findingExceptions: [{ vulnerability: 'CVE-2024-3094', reason: 'the library is not loaded', expires: '2099-12-31' }],
    },
  });
  const signatures = [ImageSignature.keyless({ issuer: ISSUER, identity: 'https://github.com/team/app/.github/workflows/release.yml@refs/tags/*' })];
  mirror.addImage('ghcr.io/team/app:stable', { admission: { signatures, scanMode: AdmissionMode.AUDIT }, dockerfileLines: ['RUN true'] });
  mirror.addImage('redis:7.4.0', { admission: { mode: AdmissionMode.OFF }, onUpstreamGone: OnUpstreamGone.KEEP });
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'List', { stringListValue: ['grafana/grafana:11.1.0'] })));
  mirror.notify(new sns.Topic(stack, 'Topic', { enforceSSL: true }));
  new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  new ImageMirror(new Stack(app, 'Other'), 'Mirror', { repositoryPrefix: 'other', images: ['postgres:16'] })
    .addImage('alpine:3.20.1', { admission: { minimumAge: Duration.hours(12) } });
}
