// The templates of an app in one language equal those of the same app in TypeScript.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

/** The templates, and the lists of assets with their digests and places. */
function filesOf(folder) {
  const names = readdirSync(folder).filter((name) => /\.(template|assets)\.json$/.test(name)).sort();
  return Object.fromEntries(names.map((name) => [name, JSON.parse(readFileSync(path.join(folder, name), 'utf8'))]));
}

/** @throws Error when a template or a list of assets differs. @returns how many resources the templates have */
export async function requireSameTemplates(workspace, output) {
  if (!await workspace.typescript) throw new Error('no templates to compare with, because the part "typescript" failed');
  const expected = filesOf(path.join(workspace.folder, 'typescript', 'cdk.out'));
  const actual = filesOf(output);
  assert.deepEqual(Object.keys(actual), Object.keys(expected), 'the app has other stacks than in TypeScript');
  for (const [name, content] of Object.entries(expected)) assert.deepEqual(actual[name], content, `${name} is not that of TypeScript`);
  const templates = Object.entries(actual).filter(([name]) => name.endsWith('.template.json'));
  return `${templates.length} templates with ${templates.reduce((sum, [, { Resources }]) => sum + Object.keys(Resources).length, 0)} resources equal TypeScript's`;
}
