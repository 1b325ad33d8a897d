import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

const script = path.join(__dirname, '..', '..', 'scripts', 'changelog.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'changelog-'));
const changelog = path.join(folder, 'CHANGELOG.md');

/** Adds a section, and returns the file. */
function add(section: string): string {
  writeFileSync(path.join(folder, 'section.md'), section);
  execFileSync(process.execPath, [script, path.join(folder, 'section.md'), changelog], { stdio: 'pipe' });
  return readFileSync(changelog, 'utf8');
}

beforeEach(() => writeFileSync(changelog, '# Changelog\n\nIntroduction.\n'));

test('the newest release comes first, below the introduction', () => {
  add('\n### 0.1.0 (2027-01-31)\n\n\n### Features\n\n* first\n');
  expect(add('## [0.2.0](https://example.com) (2027-02-28)\n\n* second\n')).toBe([
    '# Changelog', '', 'Introduction.', '',
    '## [0.2.0](https://example.com) (2027-02-28)', '', '* second', '',
    '## 0.1.0 (2027-01-31)', '', '', '### Features', '', '* first', '',
  ].join('\n'));
});

test('a release that is repeated adds its section once', () => {
  const first = add('## 0.1.0 (2027-01-31)\n\n* first\n');
  expect(add('## 0.1.0 (2027-01-31)\n\n* first\n')).toBe(first);
});

test('a section without a version is refused', () => {
  expect(() => add('Nothing to see.\n')).toThrow('does not start with the heading of a version');
});
