/** The documentation: its prose, its links, and its site. */
import { awscdk } from 'projen';

/** The pages that the prose linter reads. `.textlintignore` has the exceptions. */
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'SUPPORT.md', 'test/README.md', 'docs/**/*.md'];

/** Adds `npm run lint:prose`. */
export function addDocumentation(project: awscdk.AwsCdkConstructLibrary): void {
  const textlint = 'node --import tsx node_modules/textlint/bin/textlint.js --rulesdir scripts/prose/rules --format unix';
  project.package.setScript('lint:prose', `${textlint} ${PAGES.map((page) => `"${page}"`).join(' ')}`);
}
