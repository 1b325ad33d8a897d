/** The layout of src/: which folder may import which, the same in lint and in docs/architecture.md, and the limits of files and names. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..');
const SOURCE = join(ROOT, 'src');

interface Override {
  readonly files: string[];
  readonly rules: Record<string, [string, { readonly zones: { readonly except: string[] }[] }]>;
}

/** The folders that each folder may import, by lint's rules. */
function lintedImports(): Record<string, string[]> {
  const { overrides }: { overrides: Override[] } = JSON.parse(readFileSync(join(ROOT, '.eslintrc.json'), 'utf8').replace(/^\/\/.*$/m, ''));
  const restricted = overrides.flatMap(({ files: [pattern], rules }) => {
    const rule = rules['import/no-restricted-paths'];
    return rule === undefined ? [] : [[pattern.split('/')[1], rule[1].zones[0].except.map((path) => path.slice('./'.length))] as const];
  });
  return Object.fromEntries(restricted.map(([folder, allowed]) => [folder, allowed.filter((name) => name !== folder).sort()]));
}

/** The folders that each folder may import, by the table of docs/architecture.md. */
function documentedImports(): Record<string, string[]> {
  const lines = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').split('\n');
  const header = lines.indexOf('| Folder | What it is | May import |');
  expect(header).toBeGreaterThan(-1);
  const rows = lines.slice(header + 2);
  const names = (cell: string) => [...cell.matchAll(/`([^`]+?)\/?`/g)].map(([, name]) => name);
  return Object.fromEntries(rows.slice(0, rows.findIndex((line) => !line.startsWith('|'))).map((line) => {
    const cells = line.split('|').slice(1, -1);
    return [names(cells[0])[0], names(cells[cells.length - 1]).sort()];
  }));
}

const files = (readdirSync(SOURCE, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts')).sort();
const text = (file: string) => readFileSync(join(SOURCE, file), 'utf8');
const parsed = new Map(files.map((file) => [file, ts.createSourceFile(file, text(file), ts.ScriptTarget.ES2022)]));

/** The files of src/ that a file imports or exports from, types included. */
function importsOf(file: string): string[] {
  const specifiers = parsed.get(file)!.statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
    return isImport && statement.moduleSpecifier !== undefined ? [(statement.moduleSpecifier as ts.StringLiteral).text] : [];
  });
  return specifiers.filter((specifier) => specifier.startsWith('.')).flatMap((specifier) => {
    const path = relative(SOURCE, join(SOURCE, dirname(file), specifier));
    return [`${path}.ts`, join(path, 'index.ts')].filter((name) => parsed.has(name));
  });
}

/** The names that a file declares and exports. */
function exportsOf(file: string): string[] {
  return parsed.get(file)!.statements.flatMap((statement) => {
    const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    const declarations = ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : [statement as ts.DeclarationStatement];
    return declarations.flatMap(({ name }) => name !== undefined && ts.isIdentifier(name) ? [name.text] : []);
  });
}

/** A chain of imports that leads from a file back to it, for each cycle that a search meets. */
function cycles(): string[] {
  const [finished, found] = [new Set<string>(), [] as string[]];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (path.includes(file) || finished.has(file)) return;
    for (const imported of importsOf(file)) visit(imported, [...path, file]);
    finished.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}

/** The values that occur more than once. */
function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

test('lint and docs/architecture.md allow the same imports', () => {
  expect(documentedImports()).toEqual(lintedImports());
});

test('lint has a rule for each folder', () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(Object.keys(lintedImports()).sort()).toEqual(folders.sort());
});

test('no file imports itself through others, type imports included', () => {
  expect(cycles()).toEqual([]);
});

test('there are at most 345 files, none of more than 320 lines', () => {
  expect(files.length).toBeLessThanOrEqual(345);
  expect(files.filter((file) => text(file).trimEnd().split('\n').length > 320)).toEqual([]);
});

test('no two files have the same name, except main.ts', () => {
  expect(repeated(files.map((file) => basename(file)).filter((name) => name !== 'main.ts'))).toEqual([]);
});

test('no two files export the same name', () => {
  expect(repeated(files.flatMap(exportsOf))).toEqual([]);
});
