/** The release workflow and what the package contains. */
import { awscdk, JsonPatch } from 'projen';

/** Removes the address of the package registry from committed files. */
export function configureRelease(project: awscdk.AwsCdkConstructLibrary): void {
  project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
  const release = project.tryFindObjectFile('.github/workflows/release.yml');
  release?.patch(JsonPatch.remove('/jobs/release_npm/steps/9/env/NPM_REGISTRY'));
}
