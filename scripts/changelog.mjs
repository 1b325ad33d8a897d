/**
 * Puts the section of a release, which the release task has written from conventional commits, on top of CHANGELOG.md.
 * Usage: node scripts/changelog.mjs dist/changelog.md [CHANGELOG.md]
 */
import { readFileSync, writeFileSync } from 'node:fs';

const [sectionFile, changelogFile = 'CHANGELOG.md'] = process.argv.slice(2);
if (!sectionFile) throw new Error('no file: name the section of the release, for example "node scripts/changelog.mjs dist/changelog.md"');

// The levels of headings that commit-and-tag-version writes depend on the kind of release.
const section = readFileSync(sectionFile, 'utf8').trim().replace(/^#+ (?=\[?\d)/, '## ');
const version = section.match(/^## \[?(\d+\.\d+\.\d+[\w.-]*)/)?.[1];
if (!version) throw new Error(`${sectionFile} does not start with the heading of a version, for example "## 1.2.3 (2027-01-31)"`);

const changelog = readFileSync(changelogFile, 'utf8');
const heading = new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}\\b`, 'm');
if (heading.test(changelog)) {
  console.log(`${changelogFile} has a section of ${version} already`);
} else {
  const sections = changelog.search(/^## /m);
  const [introduction, older] = sections < 0 ? [changelog, ''] : [changelog.slice(0, sections), changelog.slice(sections)];
  writeFileSync(changelogFile, `${`${introduction.trim()}\n\n${section}\n\n${older}`.trim()}\n`);
  console.log(`${changelogFile} has a new section of ${version}`);
}
