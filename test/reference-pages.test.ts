/** The reference pages of docs/ have exactly the outcomes, reasons, fields, and variables of the code, and messages that it can print. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '../src/cli/exit-codes';
import { HANDLER_ENVIRONMENT } from '../src/image/contract/custom-resource';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../src/image/contract/environment';

const ROOT = join(__dirname, '..');
const CONTRACT = readFileSync(join(ROOT, 'src', 'image', 'contract', 'mirror-result.ts'), 'utf8');
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts')).map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'));

function page(name: string): string {
  return readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8');
}

/** The lines below a heading, up to the next one of any level. */
function section(text: string, heading: string): string {
  const [, rest = ''] = text.split(new RegExp(`^#+ ${heading}$`, 'm'));
  return rest.split(/^#+ /m)[0];
}

/** The code in the first cells of all tables. */
function firstCells(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...row.split(' | ')[0].matchAll(/`([^`]+)`/g)].map(([, code]) => code));
}

function firstTable(text: string): string {
  return text.trim().split(/\n\n(?=\|)/).find((part) => part.startsWith('| ') || part.includes('\n| '))!;
}

/** The members of a union of strings in the contract. */
function union(name: string): string[] {
  const [, members] = new RegExp(`type ${name} =([^;]*);`).exec(CONTRACT)!;
  return [...members.matchAll(/'([a-z-]+)'/g)].map(([, member]) => member);
}

describe('docs/results.md has exactly the', () => {
  test('outcomes', () => {
    expect(firstCells(section(page('results'), 'Outcomes'))).toEqual(union('Outcome'));
  });

  test('reasons', () => {
    expect(firstCells(section(page('results'), 'Reasons'))).toEqual(union('FailureReason'));
  });

  test('checks that hold an image', () => {
    expect(firstCells(section(page('results'), 'Checks that hold an image')).filter((code) => code !== 'heldBy')).toEqual(union('HeldBy'));
    const procedures = [...page('runbook').matchAll(/^### Held by (.*)$/gm)].map(([, check]) => check);
    expect(procedures).toEqual(union('HeldBy'));
  });

  test('fields', () => {
    const [, fields] = /interface MirrorResult \{(.*?)\n\}/s.exec(CONTRACT)!;
    const names = [...fields.matchAll(/^ {2}readonly ([a-zA-Z]+)\??:/gm)].map(([, name]) => name);
    expect(firstCells(section(page('results'), 'Fields'))).toEqual(expect.arrayContaining(names));
    expect(firstCells(section(page('results'), 'Fields'))).toHaveLength(names.length);
  });

  test('exit codes of the command line', () => {
    const codes = [...section(page('results'), 'Exit codes').matchAll(/^\| command line \| (\d+) /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT_CODES));
  });
});

describe('docs/environment-variables.md has exactly the variables', () => {
  const text = page('environment-variables');

  test.each([
    ['a run', RUN_ENVIRONMENT],
    ['the project', PROJECT_ENVIRONMENT],
    ['the functions', HANDLER_ENVIRONMENT],
  ])('of %s', (name, variables) => {
    expect(firstCells(firstTable(section(text, `Variables of ${name}`)))).toEqual(Object.values(variables));
  });

  test('that the command line reads', () => {
    const read = new Set(SOURCES.flatMap((source) => [...source.matchAll(/environment\.([A-Z][A-Z_]{3,})/g)].map(([, name]) => name)));
    read.delete('CODEBUILD_BUILD_ID'); // only CodeBuild sets it
    expect(firstCells(section(text, 'Variables of the command line'))).toEqual(expect.arrayContaining([...read]));
  });
});

describe('docs/security.md has the limit', () => {
  const limits = section(page('security'), 'Limits');

  test.each([
    ['MAX_DOCUMENTS_BYTES', 2 ** 20, ' MiB, 2,000 manifests'],
    ['MAX_MANIFESTS', 1, ' manifests'],
    ['MAX_MANIFEST_BYTES', 2 ** 20, ' MiB |'],
    ['MAX_JSON_VALUES', 1, ' values'],
    ['MAX_CONTENTS', 1, ' in total'],
    ['MAX_INDEX_DEPTH', 1, ' levels'],
    ['MAX_REFERRERS', 1, ' referrers'],
    ['MAX_TAGS', 1, ' tags, in'],
    ['MAX_TAG_PAGES', 1, ' pages'],
    ['MAX_SELECTED_TAGS', 1, ' tags'],
    ['MAX_HEADER_BYTES', 2 ** 10, ' KiB'],
    ['MAX_REDIRECTS', 1, ' redirects'],
    ['MAX_CATALOG_BYTES', 2 ** 10, ' KB'],
    ['MAX_SHARD_IMAGES', 1, ' entries'],
    ['MAX_DETAIL_LENGTH', 1, ' characters'],
  ])('%s', (name, unit, noun) => {
    const declarations = SOURCES.flatMap((source) => [...source.matchAll(new RegExp(`const ${name} = ([0-9_ *]+);`, 'g'))]);
    const values = declarations.map(([, factors]) => factors.replace(/_/g, '').split('*').reduce((product, factor) => product * Number(factor), 1));
    // Constructs have constants with the same names for other limits.
    expect(values.filter((value) => limits.includes(`${(value / unit).toLocaleString('en')}${noun}`))).toHaveLength(1);
  });
});

describe('docs/troubleshooting.md', () => {
  /** The text of all strings: parts that are joined by `+` are one, and values are left out. */
  const code = SOURCES.join('\n').replace(/['`]\s*\+\s*['`]/g, '').replace(/\\'/g, '\'');
  const messages = [...page('troubleshooting').matchAll(/^\| `([^`]+)` \|/gm)].map(([, message]) => message);

  test.each(messages)('quotes a message of the code: %s', (message) => {
    // The code puts messages together from a problem, an explanation, and a remedy.
    const parts = message.split(/…|[:;] /).map((part) => part.trim()).filter((part) => part.length > 3);
    expect(parts.filter((part) => !code.includes(part))).toEqual([]);
  });

  test('has a section for each reason that docs/results.md links', () => {
    const anchors = [...page('troubleshooting').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
      return heading.toLowerCase().replace(/[^\w\- ]/g, '').replace(/ /g, '-');
    });
    const links = [...page('results').matchAll(/\(troubleshooting\.md#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links).toHaveLength(union('FailureReason').length);
    expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
  });
});
