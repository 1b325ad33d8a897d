import { CHECKS } from '../../verify/checks';
import { isUsageError, readOptions } from '../../verify/options';

/** The message and the exit code of options that are not valid. */
function refusal(...argv: string[]): { readonly message: string; readonly exitCode: number } {
  let message = '';
  try {
    readOptions(argv, CHECKS, (text) => { message += text; });
  } catch (error) {
    if (isUsageError(error)) return { message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error('the options are valid');
}

const idsOf = (...argv: string[]) => readOptions(argv, CHECKS).checks.map(({ id }) => id);

test('all checks run by default', () => {
  expect(readOptions(['--region', 'eu-west-1'], CHECKS)).toEqual({
    region: 'eu-west-1', local: false, list: false, yes: false, keep: false, json: false, checks: CHECKS,
  });
});

test('--only selects checks in their usual order', () => {
  expect(idsOf('--local', '--only', 'second-tag,allowed-nothing')).toEqual(['allowed-nothing', 'second-tag']);
});

test('--skip leaves checks out', () => {
  const ids = idsOf('--local', '--skip', 'large-layer');
  expect(ids).toHaveLength(CHECKS.length - 1);
  expect(ids).not.toContain('large-layer');
});

test.each([
  ['no Region', [], 'the Region is missing; add --region'],
  ['a Region that is not valid', ['--region', 'Ireland'], 'Use the name of a Region, for example eu-west-1.'],
  ['a Region for stand-ins', ['--local', '--region', 'eu-west-1'], 'remove --local or --region'],
  ['stand-ins that stay', ['--local', '--keep'], 'remove --keep'],
  ['an unknown check', ['--local', '--only', 'nothing'], '"nothing" is not a check. Use --list'],
  ['no check', ['--local', '--only', 'second-tag', '--skip', 'second-tag'], 'no check is left'],
  ['an unknown option', ['--dry-run'], 'unknown option'],
])('%s is an error with a remedy', (_, argv, message) => {
  expect(refusal(...argv).message).toContain(message);
  expect(refusal(...argv).exitCode).not.toBe(0);
});

test('each check has an id of its own', () => {
  const ids = CHECKS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9-]+$/);
});
