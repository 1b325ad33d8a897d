import { AssetStaging } from 'aws-cdk-lib';
import { withFolder } from './with-folder';

/** A temporary folder for the output of CDK apps, as of `withFolder()`. In each test, the CDK stages the assets of an app again. */
export function withAppFolder(): string {
  const folder = withFolder();
  beforeEach(() => AssetStaging.clearAssetHashCache());
  return folder;
}
