// The blocks of docs/languages.md are the files in examples/languages, and its C# is valid.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { EXAMPLES, ROOT } from './programs.mjs';
import { syntaxErrors } from './syntax.mjs';

/** The file that each block shows. */
const FILES = {
  ts: 'typescript/app.ts',
  python: 'python/app.py',
  java: 'java/src/main/java/com/example/MirrorApp.java',
  go: 'go/main.go',
};

export async function checkPage(workspace) {
  const page = readFileSync(path.join(ROOT, 'docs', 'languages.md'), 'utf8');
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, source]) => ({ language, source }));
  for (const [language, file] of Object.entries(FILES)) {
    const block = blocks.find((one) => one.language === language);
    assert.ok(block, `docs/languages.md has no block in ${language}`);
    assert.equal(block.source, readFileSync(path.join(EXAMPLES, file), 'utf8'), `the first block in ${language} of docs/languages.md is not examples/languages/${file}`);
  }
  const csharp = blocks.filter(({ language }) => language === 'csharp').map(({ source }) => ({ name: 'docs/languages.md', language: 'csharp', source }));
  assert.ok(csharp.length > 0, 'docs/languages.md has no block in csharp');
  assert.deepEqual(await syntaxErrors(workspace, csharp), [], 'the C# of docs/languages.md is not valid');
  return `${Object.keys(FILES).length} files and ${csharp.length} block in C#`;
}
