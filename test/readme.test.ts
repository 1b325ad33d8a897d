/** Pages that repeat what the code says, the length of README.md, and the links between README.md, docs/, and its site. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIDEBAR } from '../docs/.vitepress/sidebar';

const PAGE = readFileSync(join(__dirname, 'README.md'), 'utf8');
const EXAMPLES = join(__dirname, 'examples');

test.each(readdirSync(EXAMPLES))('test/README.md shows test/examples/%s', (name) => {
  expect(PAGE).toContain(`\`\`\`ts\n${readFileSync(join(EXAMPLES, name), 'utf8')}\`\`\``);
});

test('test/README.md shows no code but that', () => {
  expect(PAGE.match(/^```ts$/gm)).toHaveLength(readdirSync(EXAMPLES).length);
});

test('the files of test/support that test/README.md names exist', () => {
  const names = [...PAGE.matchAll(/`([a-z0-9-]+\.ts)`/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !readdirSync(join(__dirname, 'support')).includes(name))).toEqual([]);
});

test('docs/warnings.md has exactly the warnings that constructs add', () => {
  const source = join(__dirname, '..', 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const idsIn = (text: string) => text.match(/cdk-ecr-mirror:[A-Z][A-Za-z]+\.[A-Za-z]+/g) ?? [];
  const added = new Set(files.flatMap((name) => idsIn(readFileSync(join(source, name), 'utf8'))));
  // The metadata of an exclusion is no warning.
  added.delete('cdk-ecr-mirror:MirroredImagesAspect.excluded');
  const rows = readFileSync(join(__dirname, '..', 'docs', 'warnings.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.flatMap(idsIn).sort()).toEqual([...added].sort());
});

const ROOT = join(__dirname, '..');
const DOCS = join(ROOT, 'docs');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const REPOSITORY = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror';

/** The pages of docs/ without decision records, such as `migrating/script.md`. */
const PAGES = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.md') && !/^(?:adr|\.vitepress)\//.test(name));

test('README.md has at most 1,300 words without code', () => {
  const prose = README.replace(/^```[\s\S]*?^```$/gm, '').replace(/<!--[\s\S]*?-->/g, '').replace(/\]\([^)]*\)/g, ']');
  expect(prose.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length).toBeLessThanOrEqual(1300);
});

test('each page and picture of docs/ that README.md links exists', () => {
  const links = [...README.matchAll(/\/main\/(docs\/[\w/.-]+\.(?:md|svg))\)/g)].map(([, name]) => name);
  expect(links.length).toBeGreaterThan(25);
  expect(links.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
});

test('README.md has full addresses only, because npm and Construct Hub show it', () => {
  const links = [...README.matchAll(/\]\(([^)]*)\)/g)].map(([, address]) => address);
  expect(links.filter((address) => !address.startsWith('https://'))).toEqual([]);
  expect(links.filter((address) => address.startsWith(REPOSITORY)).length).toBeGreaterThan(25);
});

test('the sidebar of the site has exactly the pages of docs/', () => {
  const links = SIDEBAR.filter(({ text }) => text !== 'Decisions').flatMap(({ items }) => items.map(({ link }) => link.slice(1)));
  const pages = PAGES.filter((name) => name !== 'index.md').map((name) => name.replace(/(?:^|(?<=\/))index\.md$|\.md$/, ''));
  expect(links.sort()).toEqual(pages.sort());
});
