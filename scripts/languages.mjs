// Builds the package of each language from the packed tarball, and checks it:
//   typescript, python, java, go   the app in examples/languages, with its own runtime; its templates equal TypeScript's
//   csharp                         the generated code, as far as possible without the .NET SDK
//   snippets                       the examples of README.md and of docstrings, translated into each language
//   page                           the code in docs/languages.md is that of examples/languages
// Names of parts as arguments run only these. `--keep` keeps the temporary folder. Needs a package: `npm run build:package`.
// LANGUAGES_MAVEN_REPOSITORY is a folder for Maven packages that stays; the default is the temporary folder.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkCsharp } from './languages/csharp.mjs';
import { checkGo } from './languages/go.mjs';
import { checkJava } from './languages/java.mjs';
import { generateLibraries, prepareWorkspace } from './languages/libraries.mjs';
import { checkPage } from './languages/page.mjs';
import { checkPython } from './languages/python.mjs';
import { checkSnippets } from './languages/snippets.mjs';
import { checkTypescript } from './languages/typescript.mjs';

/** Each part, the library that it needs, and whether it compares templates with those of TypeScript. */
const PARTS = {
  typescript: { check: checkTypescript },
  python: { check: checkPython, target: 'python', comparesTemplates: true },
  java: { check: checkJava, target: 'java', comparesTemplates: true },
  go: { check: checkGo, target: 'go', comparesTemplates: true },
  csharp: { check: checkCsharp, target: 'dotnet' },
  snippets: { check: checkSnippets },
  page: { check: checkPage },
};

function selectedParts() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { keep: { type: 'boolean', default: false } } });
  const unknown = positionals.filter((name) => !(name in PARTS));
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not a part; valid parts are ${Object.keys(PARTS).join(', ')}`);
  const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
  const needsTypescript = names.some((name) => PARTS[name].comparesTemplates) && !names.includes('typescript');
  return { names: needsTypescript ? ['typescript', ...names] : names, keep: values.keep };
}

const secondsSince = (started) => `${Math.round((performance.now() - started) / 1000)} s`;

/** Runs a part. @returns whether it passed */
async function run(name, workspace) {
  const started = performance.now();
  try {
    const summary = await PARTS[name].check(workspace);
    console.log(`${name}: passed in ${secondsSince(started)}${summary ? `: ${summary}` : ''}`);
    return true;
  } catch (error) {
    console.log(`${name}: FAILED after ${secondsSince(started)}: ${error.message}`);
    return false;
  }
}

const started = performance.now();
const { names, keep } = selectedParts();
const workspace = await prepareWorkspace();
try {
  const targets = names.map((name) => PARTS[name].target).filter((target) => target !== undefined);
  if (targets.length > 0) {
    await generateLibraries(workspace, targets);
    console.log(`generated the libraries of ${targets.join(', ')} in ${secondsSince(started)}`);
  }
  // The other parts compare with the templates of TypeScript as soon as these are there.
  const typescript = names.includes('typescript') ? run('typescript', workspace) : Promise.resolve(true);
  workspace.typescript = typescript;
  const results = await Promise.all([typescript, ...names.filter((name) => name !== 'typescript').map((name) => run(name, workspace))]);
  const passed = results.slice(names.includes('typescript') ? 0 : 1);
  const failed = passed.filter((one) => !one).length;
  console.log(`took ${secondsSince(started)}`);
  console.log(`${passed.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  if (keep) console.log(`kept ${workspace.folder}`);
  else rmSync(workspace.folder, { recursive: true, force: true });
}
