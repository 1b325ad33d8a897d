import { App, Duration, Stack } from 'aws-cdk-lib';
import { FindingException, FindingSeverity, ImageMirror, ImageSignature, OnDeploy } from '../../src';
import { CloudAssembly } from '../../test/support/cloud-assembly';

/** The images of the app, one for each check, in canonical spelling. Nobody publishes them. */
export const SIGNED = 'ghcr.io/example/gateway:stable';
export const AGED = 'docker.io/example/scanner:latest';
export const SCANNED = 'quay.io/example/database:stable';

/** The least age of a new `scanner:latest`. */
export const MINIMUM_AGE = Duration.days(3);

/** What a version of the app says. */
export interface GatedAppOptions {
  /** The public key of the publisher that signs its images. */
  readonly publicKey: string;
  /** @default - none */
  readonly findingExceptions?: FindingException[];
}

/** Synthesizes an app whose images are checked before a tag serves them. */
export async function synthesizeGatedApp(folder: string, { findingExceptions, publicKey }: GatedAppOptions): Promise<CloudAssembly> {
  const app = new App({ outdir: folder });
  const mirror = new ImageMirror(new Stack(app, 'GatedImages'), 'Mirror', { onDeploy: OnDeploy.OFF });
  mirror.addImage(SIGNED, { admission: { signatures: [ImageSignature.publicKey(publicKey)] } });
  mirror.addImage(AGED, { admission: { minimumAge: MINIMUM_AGE } });
  mirror.addImage(SCANNED, { admission: { maximumSeverity: FindingSeverity.HIGH, findingExceptions } });
  app.synth();
  return new CloudAssembly(folder);
}
