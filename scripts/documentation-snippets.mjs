// Writes each TypeScript block of the pages in docs/ and its folders to a file in snippets/, so that the type check compiles it.
// A block without imports gets those of rosetta/default.ts-fixture, as the examples of README.md and of docstrings do.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const docs = path.join(root, 'docs');
const snippets = path.join(root, 'snippets');
const fixture = readFileSync(path.join(root, 'rosetta', 'default.ts-fixture'), 'utf8');

/** The fixture with the code in it, and without the imports that are not used. */
function inFixture(code) {
  const [imports, ...rest] = fixture.split(/^(?=class )/m);
  const declarations = code.match(/^declare .*\n/gm) ?? [];
  const body = declarations.join('') + `export ${rest.join('')}`.replace('    /// here\n', () => code.replace(/^declare .*\n/gm, ''));
  // A name after a dot is a property, or a part of a host such as public.ecr.aws.
  const isUsed = (name) => new RegExp(`(?<![\\w.'":/])${name}\\b(?!["':])`).test(body);
  const kept = imports
    .replace(/^import \* as (\w+) from .*\n/gm, (line, name) => isUsed(name) ? line : '')
    .replace(/^import \{([^}]*)\} from (.*)\n/gm, (_, names, module) => {
      const used = names.split(',').map((name) => name.trim()).filter((name) => name !== '' && isUsed(name));
      return used.length === 0 ? '' : `import { ${used.join(', ')} } from ${module}\n`;
    });
  return kept + body;
}

rmSync(snippets, { recursive: true, force: true });
mkdirSync(snippets);
let count = 0;
const pages = readdirSync(docs, { recursive: true }).filter((name) => name.endsWith('.md') && !name.includes('node_modules'));
for (const page of pages) {
  const blocks = readFileSync(path.join(docs, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm);
  for (const [index, [, code]] of [...blocks].entries()) {
    const text = /^import /m.test(code) ? code : inFixture(code);
    writeFileSync(path.join(snippets, `${page.slice(0, -'.md'.length).replaceAll(path.sep, '-')}-${index + 1}.ts`), `// From docs/${page}.\n${text}\nexport {};\n`);
    count++;
  }
}
if (count === 0) throw new Error('docs/ has no TypeScript blocks, or they are not found');
