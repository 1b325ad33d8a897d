/** The documentation: its prose, its links, and its site. */
import { awscdk } from 'projen';

/** The pages that the prose linter reads. `.textlintignore` has the exceptions. */
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'SUPPORT.md', 'test/README.md', 'docs/**/*.md'];

/** Adds `npm run lint:prose`, `docs:build`, `docs:links`, and `docs:dev`. */
export function addDocumentation(project: awscdk.AwsCdkConstructLibrary): void {
  const textlint = 'node --import tsx node_modules/textlint/bin/textlint.js --rulesdir scripts/prose/rules --format unix';
  project.package.setScript('lint:prose', `${textlint} ${PAGES.map((page) => `"${page}"`).join(' ')}`);
  project.package.setScript('docs:build', 'vitepress build docs');
  project.package.setScript('docs:dev', 'vitepress dev docs');
  project.package.setScript('docs:links', 'remark --quiet --frail README.md CONTRIBUTING.md SECURITY.md SUPPORT.md test/README.md docs');
  project.package.setScript('docs:pictures', 'tsx --tsconfig tsconfig.dev.json scripts/terminal-picture.ts');
  project.gitignore.exclude('/docs/.vitepress/cache/', '/docs/.vitepress/dist/');
  project.npmignore?.exclude('/.remarkrc.json', '/.textlintignore');
}
