// The app in TypeScript, from the packed tarball. scripts/consumer-app.mjs installs the package with npm; here it is only extracted.
// The type check of this repository includes the app.
import { readdirSync } from 'node:fs';
import { copyExample, synthesize } from './programs.mjs';

export async function checkTypescript(workspace) {
  const output = await synthesize(copyExample(workspace, 'typescript'));
  return `${readdirSync(output).filter((name) => name.endsWith('.template.json')).length} templates`;
}
