// Checks the syntax of code with parsers of each language: Python's own, and those of Tree-sitter for C#, Go, and Java.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { virtualEnvironment } from './python.mjs';
import { run } from './programs.mjs';

const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Installs the parsers, once. @returns the folder of the programs */
function parsers(workspace) {
  workspace.parsers ??= (async () => {
    const programs = await virtualEnvironment(path.join(workspace.folder, 'parsers'), 'csharp, snippets, and page');
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--requirement', fileHere('requirements.txt')];
    await run(path.join(programs, 'python'), words);
    return programs;
  })();
  return workspace.parsers;
}

/**
 * The syntax errors of pieces of code.
 *
 * @param pieces each with a name, a language (csharp, go, java, python, or xml), and its source
 */
export async function syntaxErrors(workspace, pieces) {
  const programs = await parsers(workspace);
  workspace.checks = (workspace.checks ?? 0) + 1;
  const file = path.join(workspace.folder, `syntax-${workspace.checks}.json`);
  writeFileSync(file, JSON.stringify(pieces));
  return JSON.parse(await run(path.join(programs, 'python'), [fileHere('syntax.py'), file]));
}
