/** Comments, docstrings, and errors of src/ follow the word list of the prose linter. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proseOfCode } from '../scripts/prose/code';
import { findReplacements } from '../scripts/prose/prose';
import { AMERICAN_SPELLING, CAUSAL_FOR, JUDGING_WORDS, PLAIN_WORDS } from '../scripts/prose/words';

const SOURCE = join(__dirname, '..', 'src');
const WORDS = [...PLAIN_WORDS, ...JUDGING_WORDS, ...CAUSAL_FOR, ...AMERICAN_SPELLING];

/** Each violation in a file, with its line and the remedy. */
function violationsIn(name: string, source: string): string[] {
  return proseOfCode(source).flatMap(({ line, text }) => findReplacements(text, WORDS).map(({ index, message }) => {
    return `${name}:${line + text.slice(0, index).split('\n').length - 1}: ${message}`;
  }));
}

test('comments and texts of src/ have no words that the pages avoid', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((name) => violationsIn(`src/${name}`, readFileSync(join(SOURCE, name), 'utf8')))).toEqual([]);
});

test('a violation in a docstring, a comment, and an error is found with its line', () => {
  const source = [
    '/**',
    ' * The image.',
    ' * Nobody pulls it.',
    ' */',
    'export const a = 1; // not anew',
    '// The catalogue.',
    'throw new Error(`${a} is a name whose end is missing`);',
    '',
  ].join('\n');
  expect(violationsIn('file', source)).toEqual([
    'file:3: "Nobody": name the user, role, or service',
    expect.stringMatching(/^file:5: "anew"/),
    expect.stringMatching(/^file:6: "catalogue"/),
    expect.stringMatching(/^file:7: "whose"/),
  ]);
});

test('code in a comment is not prose', () => {
  expect(violationsIn('file', '/**\n * Reads `nobody`.\n *\n * ```ts\n * nobody();\n * ```\n */\nexport const nobody = \'nobody\';\n')).toEqual([]);
});
