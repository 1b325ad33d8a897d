/** The scenarios of test/integ, and the snapshots of their templates. */
import { awscdk } from 'projen';

/** Runs each app with tsx, two at a time. */
const RUNNER = 'integ-runner --directory test/integ --language typescript --app "node --import tsx {filePath}" --max-workers 2';

/** Adds the commands that check and update the snapshots; both work without an AWS account. */
export function addIntegrationSnapshots(project: awscdk.AwsCdkConstructLibrary): void {
  project.package.setScript('integ:snapshots', `node scripts/prepare.mjs && ${RUNNER}`);
  project.package.setScript('integ:update', `node scripts/prepare.mjs && ${RUNNER} --update-on-failed --dry-run`);
  // Templates are compared without the hashes of assets, so the bundles stay out of the repository.
  project.gitignore.addPatterns('/test/integ/*.snapshot/asset.*', '/test/integ/*.snapshot/.cache/', '/test/integ/cdk-integ.out.*');
  project.gitattributes.addAttributes('/test/integ/*.snapshot/**', 'linguist-generated');
}
