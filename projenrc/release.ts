/** How versions are made and published: docs/releases.md describes it for maintainers and users. */
import { awscdk, ReleasableCommits } from 'projen';
import { ReleaseTrigger } from 'projen/lib/release';
import { LANGUAGES } from './languages';
import { SecureWorkflows } from './workflows';

/** The types of conventional commits, which titles of pull requests and CHANGELOG.md use. */
const COMMIT_TYPES = ['feat', 'fix', 'docs', 'test', 'refactor', 'perf', 'style', 'build', 'ci', 'chore', 'revert'];

/** The options of the project that concern releases. */
export const RELEASE_OPTIONS = {
  defaultReleaseBranch: 'main',
  releaseTrigger: ReleaseTrigger.workflowDispatch(), // a person starts each release
  releaseEnvironment: 'release', // and another person approves what is published
  releasableCommits: ReleasableCommits.featuresAndFixes(),
  bumpPackage: 'commit-and-tag-version@^12', // 13 needs Node 22
  npmTrustedPublishing: true,
  npmProvenance: true,
  publishToPypi: { ...LANGUAGES.publishToPypi, trustedPublishing: true },
  publishToMaven: LANGUAGES.publishToMaven, // Maven Central has no trusted publishing: a token, and a signature with GPG
  publishToNuget: { ...LANGUAGES.publishToNuget, trustedPublishing: true },
  publishToGo: { ...LANGUAGES.publishToGo, githubUseSsh: true, githubDeployKeySecret: 'GO_GITHUB_DEPLOY_KEY' }, // a key of that repository only
};

/** Pull requests have a conventional title. */
export const PULL_REQUEST_LINT = { semanticTitleOptions: { types: COMMIT_TYPES } };

/** Secures the workflows, and keeps the address of the package registry out of committed files. */
export function configureRelease(project: awscdk.AwsCdkConstructLibrary): void {
  project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
  new SecureWorkflows(project);
}
