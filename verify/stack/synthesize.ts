import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { App } from 'aws-cdk-lib';
import { VerifyStack, VerifyStackProps } from './verify-stack';

/** Synthesizes the stack into a folder. */
export async function synthesizeStack(folder: string, props: Omit<VerifyStackProps, 'certificatePath'>): Promise<void> {
  const certificatePath = join(folder, 'authority.pem');
  await writeFile(certificatePath, `${rootCertificates[0]}\n`);
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  new VerifyStack(app, { ...props, certificatePath });
  app.synth();
}
