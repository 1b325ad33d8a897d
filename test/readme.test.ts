/** Pages that repeat what the code says: test/README.md has the files of test/examples/, and docs/warnings.md all warnings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
