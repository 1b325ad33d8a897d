import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterRun, readVerified, ROOT, RunDescription, saveVerified, VerifiedFile } from './verified-file';
import { hasMarkers, pageBlock, readmeBlock, withBlock } from './verified-page';
import type { CheckResult } from '../check';
import { CHECKS } from '../checks';

/** Adds the results of a run on AWS to docs/verified.json, and updates the pages. */
export async function writeVerified(results: readonly CheckResult[], run: Omit<RunDescription, 'library'>): Promise<void> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  await update(afterRun(await readVerified(), CHECKS, results, { ...run, library: version }));
}

/** Updates docs/verified.json and the pages after a change of the checks. */
export async function updateDocs(): Promise<void> {
  await update(afterRun(await readVerified(), CHECKS, [], { region: '', date: '', library: '' }));
}

async function update(file: VerifiedFile): Promise<void> {
  await saveVerified(file);
  for (const [name, page] of await generatedPages(file)) await writeFile(join(ROOT, name), page);
}

/** The pages as they must be. README.md is one of them if it has the markers. */
export async function generatedPages(file: VerifiedFile): Promise<Map<string, string>> {
  const [readme, page] = await Promise.all(['README.md', 'docs/verified.md'].map((name) => readFile(join(ROOT, name), 'utf8')));
  return new Map([
    ['docs/verified.md', withBlock(page, pageBlock(file, CHECKS))],
    ...hasMarkers(readme) ? [['README.md', withBlock(readme, readmeBlock(file, CHECKS))] as const] : [],
  ]);
}
