/** The rules of the prose linter: each finds what it is for, and leaves plain text alone. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const RULES = join(ROOT, 'scripts', 'prose', 'rules');
const LONG = Array.from({ length: 26 }, (_, index) => `word${index}`).join(' ');
const FULL = Array.from({ length: 25 }, (_, index) => `word${index}`).join(' ');

/** Text, and the rule that finds something in it. */
const FOUND: ReadonlyArray<readonly [rule: string, text: string]> = [
  ['plain-words', 'A registry whose certificate expired fails.'],
  ['plain-words', 'Tags that an entry names are not selected besides.'],
  ['plain-words', 'The deployment mirrors images that are declared anew.'],
  ['plain-words', 'The command tells what it did.'],
  ['plain-words', 'Nobody can push to the repository.'],
  ['plain-words', 'The function takes no images.'],
  ['plain-words', 'This is no valid tag.'],
  ['plain-words', 'What uses an image waits for its first copy.'],
  ['plain-words', '| Cell |\n|---|\n| The value is no name |'],
  ['plain-words', '- A list with [links that come past](https://example.com) the mirror.'],
  ['judging-words', 'You can simply deploy the app.'],
  ['causal-for', 'The build fails, for it has no network access.'],
  ['causal-for', 'The build fails, for the second registry has no such image.'],
  ['american-spelling', 'The catalogue is a file.'],
  ['american-spelling', 'Customised images have another digest.'],
  ['american-spelling', 'The behaviour is documented.'],
  ['american-spelling', '## Image licences'],
  ['sentence-length', `${LONG}.`],
  ['sentence-length', `- ${LONG}`],
  ['sentence-length', `| Cell |\n|---|\n| ${LONG} |`],
  ['dashes', 'One part — another — the end.'],
  ['headings', '## The end.'],
  ['headings', '## What it costs'],
  ['headings', '## Or cached on demand'],
  ['headings', `## ${LONG}`],
];

/** Text in which no rule finds anything. */
const PLAIN = [
  `${FULL}. ${FULL}.`,
  `The code \`${LONG}\` is one word.`,
  'The build fails in the end, for the images that the second registry has.',
  '`nobody` and `catalogue` are code.',
  '[A link](https://example.com/catalogue/besides) has an address.',
  'There is no account setting. The limit is no longer needed.',
  'Use a fixed tag, for example `1.27.0`. The stack waits for the image, for at most an hour.',
  '```console\nnobody simply tells\n```',
  '## How it works',
  '<!-- nobody -->',
  'Digests of images are compared. The size of the exercise is otherwise precise.',
];

let folder: string;
let messages: Record<string, Array<{ ruleId: string; message: string }>>;

/** Lints one file for each text, in one run. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prose-'));
  const texts = [...FOUND.map(([, text]) => text), ...PLAIN];
  for (const [index, text] of texts.entries()) writeFileSync(join(folder, `${index}.md`), `${text}\n`);
  const { stdout } = spawnSync(process.execPath, [
    '--import', 'tsx', join(ROOT, 'node_modules', 'textlint', 'bin', 'textlint.js'), '--rulesdir', RULES, '--format', 'json', `${folder}/*.md`,
  ], { cwd: ROOT, encoding: 'utf8' });
  const results = JSON.parse(stdout) as Array<{ filePath: string; messages: Array<{ ruleId: string; message: string }> }>;
  messages = Object.fromEntries(texts.map((text, index) => [text, results.find(({ filePath }) => filePath.endsWith(`/${index}.md`))!.messages]));
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(FOUND)('%s finds a violation in %j', (rule, text) => {
  expect(messages[text].map(({ ruleId }) => ruleId)).toContain(rule);
});

test.each(PLAIN)('no rule finds a violation in %j', (text) => {
  expect(messages[text]).toEqual([]);
});

test('each rule has a violation above', () => {
  const rules = readdirSync(RULES).map((name) => name.replace('.ts', ''));
  expect([...new Set(FOUND.map(([rule]) => rule))].sort()).toEqual(rules.sort());
});

test('a violation is reported with file, line, words, and remedy', () => {
  expect(messages['Nobody can push to the repository.'][0]).toMatchObject({ line: 1, message: '"Nobody": name the user, role, or service' });
});
