/** The pages of docs/ cover the public API and the command line: each name is in the code of a page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..');

/** The text in backticks, and the code blocks, of all pages that users read. */
const CODE = pagesOfUsers().flatMap((text) => text.match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []).join('\n');

function pagesOfUsers(): string[] {
  const docs = join(ROOT, 'docs');
  const names = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return names.filter((name) => !name.startsWith('adr') && name !== 'architecture.md').map((name) => readFileSync(join(docs, name), 'utf8'));
}

/** Words of CODE. A page with `mirror.notify(topic)` covers `mirror`, `notify`, and `topic`. */
const WORDS = new Set(CODE.match(/[A-Za-z_][A-Za-z0-9_]*/g));

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(ROOT, 'src', path), 'utf8'), ts.ScriptTarget.ES2022);
}

type Declaration = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.EnumDeclaration;

function isDeclaration(node: ts.Node): node is Declaration {
  return ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isEnumDeclaration(node);
}

/** The declarations that index.ts exports. */
function exportedDeclarations(): Declaration[] {
  return parse('index.ts').statements.filter(ts.isExportDeclaration).flatMap(({ exportClause, moduleSpecifier }) => {
    const names = (exportClause as ts.NamedExports).elements.map(({ name }) => name.text);
    const file = parse(`${(moduleSpecifier as ts.StringLiteral).text}.ts`);
    return file.statements.filter(isDeclaration).filter(({ name }) => names.includes(name!.text));
  });
}

/** The names of the public members of a declaration. */
function publicMembers({ members }: Declaration): string[] {
  return (members as ts.NodeArray<ts.ClassElement | ts.TypeElement | ts.EnumMember>).flatMap((member) => {
    const modifiers = ts.canHaveModifiers(member) ? ts.getModifiers(member) ?? [] : [];
    const isHidden = modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword);
    const name = member.name !== undefined && ts.isIdentifier(member.name) ? member.name.text : '_';
    return isHidden || name.startsWith('_') ? [] : [name];
  });
}

/** Members that only the CDK uses. */
const OF_THE_CDK = ['grantPrincipal', 'visit'];

const DECLARATIONS = exportedDeclarations();

test('docs/ names each public class and enum', () => {
  const names = DECLARATIONS.filter((one) => !ts.isInterfaceDeclaration(one)).map(({ name }) => name!.text);
  expect(names.length).toBeGreaterThan(20);
  // The base class of mirrors and images has no constructor for users.
  expect(names.filter((name) => !WORDS.has(name))).toEqual(['MonitoredConstruct']);
});

test.each(DECLARATIONS.map((one) => [one.name!.text, one] as const))('docs/ names each public member of %s', (_, declaration) => {
  expect(publicMembers(declaration).filter((name) => !WORDS.has(name) && !OF_THE_CDK.includes(name))).toEqual([]);
});

test('docs/ names each command', () => {
  const source = readFileSync(join(ROOT, 'src/cli/program.ts'), 'utf8');
  const commands = [...source.matchAll(/(?:addMirrorCommand|addSubcommand)\(root, '([a-z]+)'/g)].map(([, name]) => `cdk-ecr-mirror ${name}`);
  expect(commands.length).toBeGreaterThan(2);
  expect(commands.filter((text) => !CODE.includes(text))).toEqual([]);
});
