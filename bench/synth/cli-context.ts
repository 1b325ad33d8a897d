import { readFileSync } from 'node:fs';

/** What `cdk synth` tells an app, and `cdk init` writes for a new one. */
export const CLI_CONTEXT: Readonly<Record<string, unknown>> = {
  ...JSON.parse(readFileSync(require.resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8')),
  'aws:cdk:enable-path-metadata': true,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:version-reporting': true,
};
