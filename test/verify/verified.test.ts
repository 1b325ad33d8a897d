/** The file with the results of runs on AWS, and the pages that are generated from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { CHECKS } from '../../verify/checks';
import { checksTable, estimate, resultsTable } from '../../verify/report/results-table';
import { afterRun, readVerified, ROOT, unverified, VerifiedFile } from '../../verify/report/verified-file';
import { pageBlock, readmeBlock, withBlock } from '../../verify/report/verified-page';
import { generatedPages } from '../../verify/report/write-verified';

const RUN = { region: 'eu-west-1', date: '2026-12-01', library: '1.2.3' };
const [FIRST, SECOND, THIRD] = CHECKS;

const schema = JSON.parse(readFileSync(join(ROOT, 'schemas', 'verified-1.schema.json'), 'utf8'));
// The format of dates is not checked.
const ajv = new Ajv2020({ formats: { date: true }, strict: false });
const isValid = ajv.compile(schema);

/** The results of a run: the first check is as expected, the second one differs, and the third one has no answer. */
function ranFile(): VerifiedFile {
  return afterRun(unverified(CHECKS), CHECKS, [
    { check: FIRST, status: 'as expected', seen: FIRST.expected },
    { check: SECOND, status: 'different', seen: 'denied', detail: 'with an explicit deny' },
    { check: THIRD, status: 'failed', detail: 'no network' },
  ], RUN);
}

test('docs/verified.json has all checks, with what is expected of them now', async () => {
  const { checks } = await readVerified();
  expect(checks.map(({ expected, id }) => ({ id, expected }))).toEqual(CHECKS.map(({ expected, id }) => ({ id, expected })));
});

test('docs/verified.json follows its schema, before and after a run', async () => {
  for (const file of [await readVerified(), unverified(CHECKS), ranFile()]) expect([isValid(file), isValid.errors]).toEqual([true, null]);
});

test('a file that claims a result without a run does not follow the schema', () => {
  const { checks: [check, ...others], ...file } = unverified(CHECKS);
  expect(isValid({ ...file, checks: [{ ...check, status: 'verified' }, ...others] })).toBe(false);
});

test('README.md and docs/verified.md are as they are generated', async () => {
  for (const [name, page] of await generatedPages(await readVerified())) expect(readFileSync(join(ROOT, name), 'utf8')).toBe(page);
});

test('a run changes the checks that had an answer', () => {
  expect(ranFile().checks.slice(0, 3)).toEqual([
    { id: FIRST.id, expected: FIRST.expected, status: 'verified', seen: FIRST.expected, ...RUN },
    { id: SECOND.id, expected: SECOND.expected, status: 'different', seen: 'denied', ...RUN },
    unverified(CHECKS).checks[2],
  ]);
});

test('a later run of one check keeps the results of the others', () => {
  const later = { region: 'us-east-1', date: '2026-12-24', library: '1.3.0' };
  const { checks } = afterRun(ranFile(), CHECKS, [{ check: SECOND, status: 'as expected', seen: 'started' }], later);
  expect(checks[0]).toMatchObject(RUN);
  expect(checks[1]).toMatchObject({ status: 'verified', ...later });
});

test('a result counts no longer when another answer is expected', () => {
  const changed = CHECKS.map((check) => check === FIRST ? { ...FIRST, expected: 'another answer' } : check);
  expect(afterRun(ranFile(), changed, [], RUN).checks[0]).toMatchObject({ expected: 'another answer', status: 'not verified', seen: null });
});

test('the list in README.md has at most 60 words while nothing is verified', () => {
  const block = readmeBlock(unverified(CHECKS), CHECKS);
  expect(block.replace(/\(https:[^)]+\)/g, '').split(/\s+/).length).toBeLessThanOrEqual(60);
  expect(block).toContain(`${CHECKS.length} assumptions`);
});

test('the list in README.md has the verified facts, and says where AWS differs', () => {
  const lines = readmeBlock(ranFile(), CHECKS).split('\n');
  expect(lines.slice(0, 2)).toEqual([
    `- ${FIRST.assumption} (2026-12-01, eu-west-1, version 1.2.3)`,
    `- **Different:** ${SECOND.assumption} (2026-12-01, eu-west-1, version 1.2.3)`,
  ]);
  expect(lines.at(-1)).toContain(`checks these and ${CHECKS.length - 2} more assumptions`);
});

test('the page has a row for each check', () => {
  const rows = pageBlock(ranFile(), CHECKS).split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(CHECKS.length);
  expect(rows[1]).toContain('| denied | different (2026-12-01, eu-west-1, version 1.2.3) |');
});

test('a page without markers is an error', () => {
  expect(() => withBlock('# Title\n', 'text')).toThrow('the page needs the lines "<!-- verified:start -->" and "<!-- verified:end -->"');
});

test('the table of results shows differences with their consequences, and counts', () => {
  const text = resultsTable(CHECKS.slice(0, 4), [
    { check: FIRST, status: 'as expected', seen: 'started' },
    { check: SECOND, status: 'different', seen: 'denied', detail: 'with an explicit deny' },
    { check: THIRD, status: 'failed', detail: 'no network' },
  ]);
  expect(text).toContain(`${SECOND.assumption}\n  AWS differs: denied (with an explicit deny)\n  Consequence of a difference: ${SECOND.otherwise}`);
  expect(text).toContain('The check failed: no network');
  expect(text).toMatch(/4 checks: 1 as expected, 1 different, 1 failed, 0 not checked here, 1 not reached$/);
});

test('the list of checks has the costs and durations, and the estimate is their sum with the deployment', () => {
  expect(checksTable(CHECKS).split('\n')).toHaveLength(CHECKS.length + 1);
  const { dollars, minutes } = estimate([{ ...FIRST, dollars: 0.25, minutes: 2 }, { ...SECOND, dollars: 0.5, minutes: 3.5 }]);
  expect({ dollars, minutes }).toEqual({ dollars: 0.75, minutes: 16 });
});
