/** The examples in test/README.md are the files of test/examples/, which run like all tests. */
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
