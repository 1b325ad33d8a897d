import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const folder = path.join(__dirname, '..', 'integ');
const scenarios = readdirSync(folder).filter((file) => /^integ\..+\.ts$/.test(file));

test.each(scenarios)('%s has a row in the table of scenarios, and a committed snapshot', (file) => {
  expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toContain(`| [${file}](${file}) |`);
  expect(readdirSync(path.join(folder, `${file}.snapshot`))).toEqual(expect.arrayContaining(['integ.json', 'manifest.json']));
});

test('each snapshot belongs to a scenario', () => {
  const snapshots = readdirSync(folder).filter((file) => /^integ\..+\.snapshot$/.test(file));
  expect(snapshots.sort()).toEqual(scenarios.map((file) => `${file}.snapshot`).sort());
});
