/** Writes docs/cost.md from the declared prices: `npm run cost`, and with `--check` only says whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { costPage } from './cost-page';

const ROOT = path.join(__dirname, '..', '..');
const FILE = path.join('docs', 'cost.md');

function main(checkOnly: boolean): void {
  const page = costPage();
  const isUpToDate = readFileSync(path.join(ROOT, FILE), 'utf8') === page;
  if (!checkOnly) {
    writeFileSync(path.join(ROOT, FILE), page);
    process.stdout.write(isUpToDate ? `${FILE} was up to date\n` : `${FILE} written\n`);
  } else if (isUpToDate) {
    process.stdout.write(`${FILE} is up to date\n`);
  } else {
    process.stderr.write(`${FILE} is not what the prices in bench/cost give. Write it anew: npm run cost\n`);
    process.exitCode = 1;
  }
}

main(process.argv.includes('--check'));
