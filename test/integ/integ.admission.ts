/** Checks of new images: a minimum age, findings, signatures, and what people decide. */
import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { scenario, TEMPORARY } from './scenario';
import { AdmissionMode, FindingSeverity, ImageMirror, ImageSignature, OnUpstreamGone } from '../../src';

scenario('Admission', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', {
    ...TEMPORARY,
    images: ['public.ecr.aws/docker/library/busybox:stable'],
    admission: { minimumAge: Duration.days(3), maximumSeverity: FindingSeverity.HIGH, scanMode: AdmissionMode.AUDIT },
    onUpstreamGone: OnUpstreamGone.FAIL,
  });
  mirror.addImage('registry.k8s.io/pause:3.10', {
    admission: {
      signatures: [ImageSignature.keyless({
        issuer: 'https://accounts.google.com', identity: 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com',
      })],
      signatureMode: AdmissionMode.AUDIT,
    },
  });
  mirror.grantReleaseAndRefuse(new iam.Role(stack, 'SecurityTeam', { assumedBy: new iam.AccountRootPrincipal() }));
});
