/** How versions are made and published: docs/releases.md describes it for maintainers and users. */
import { awscdk, ReleasableCommits } from 'projen';
import { ReleaseTrigger } from 'projen/lib/release';
import { LANGUAGES } from './languages';
import { SecureWorkflows } from './workflows';

/** The types of conventional commits, which titles of pull requests and CHANGELOG.md use. */
const COMMIT_TYPES = ['feat', 'fix', 'docs', 'test', 'refactor', 'perf', 'style', 'build', 'ci', 'chore', 'revert'];

/** Pull requests have a conventional title, which becomes a line of CHANGELOG.md. */
export const PULL_REQUEST_LINT = { semanticTitleOptions: { types: COMMIT_TYPES } };

const PULL_REQUEST_TEMPLATE = [
  '<!-- The title is a conventional commit, for example "fix: images with a digest keep their tag". It becomes a line of the changelog. -->',
  '',
  '## Change',
  '',
  '<!-- What changes for users, and why? -->',
  '',
  'Fixes #',
  '',
  '## Checks',
  '',
  '- [ ] A test fails without this change.',
  '- [ ] README, docs/, docstrings, and examples describe the new behavior.',
  '- [ ] A breaking change has `!` in the title, and the steps to migrate are above.',
];

/** The options of the project that concern releases. */
export const RELEASE_OPTIONS = {
  defaultReleaseBranch: 'main',
  releaseTrigger: ReleaseTrigger.workflowDispatch(), // a person starts each release
  releaseEnvironment: 'release', // and another person approves what is published
  releasableCommits: ReleasableCommits.featuresAndFixes(),
  bumpPackage: 'commit-and-tag-version@^12', // 13 needs Node 22
  pullRequestTemplateContents: PULL_REQUEST_TEMPLATE,
  npmTrustedPublishing: true,
  npmProvenance: true,
  publishToPypi: { ...LANGUAGES.publishToPypi, trustedPublishing: true },
  publishToMaven: LANGUAGES.publishToMaven, // Maven Central has no trusted publishing: a token, and a signature with GPG
  publishToNuget: { ...LANGUAGES.publishToNuget, trustedPublishing: true },
  publishToGo: { ...LANGUAGES.publishToGo, githubUseSsh: true, githubDeployKeySecret: 'GO_GITHUB_DEPLOY_KEY' }, // a key of that repository only
};

/** Secures the workflows, and keeps the address of the package registry out of committed files. */
export function configureRelease(project: awscdk.AwsCdkConstructLibrary): void {
  project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
  new SecureWorkflows(project);
}
