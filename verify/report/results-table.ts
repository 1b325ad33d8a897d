import { table } from '../../examples/demo/table';
import type { Check, CheckResult } from '../check';

/** The minutes in which the stack is deployed and deleted. */
const STACK_MINUTES = 10;

/** The results, with a row for each check. A check without a result was not reached. */
export function resultsTable(checks: readonly Check[], results: readonly CheckResult[]): string {
  const rows = checks.map((check) => {
    const result = results.find((one) => one.check === check);
    return [check.id, check.expected, result?.seen ?? '-', shownStatus(result)];
  });
  const columns = ['CHECK', 'EXPECTED', 'SEEN', 'STATUS'].map((heading) => ({ heading }));
  const differences = results.filter(({ status }) => status === 'different' || status === 'failed');
  return [table(columns, rows), ...differences.map(differenceLine), '', countLine(checks, results)].join('\n');
}

/** The checks, with their costs. */
export function checksTable(checks: readonly Check[]): string {
  const columns = [
    { heading: 'CHECK' }, { heading: 'LOCAL' }, { heading: 'MINUTES', numbers: true }, { heading: 'US$', numbers: true }, { heading: 'ASSUMPTION' },
  ];
  const rows = checks.map(({ assumption, dollars, id, local, minutes }) => {
    return [id, local ? 'yes' : 'no', minutes.toFixed(1), dollars.toFixed(2), assumption];
  });
  return table(columns, rows);
}

/** The costs and the duration of checks on AWS. */
export function estimate(checks: readonly Check[]): { readonly dollars: number; readonly minutes: number } {
  return {
    dollars: checks.reduce((sum, { dollars }) => sum + dollars, 0),
    minutes: Math.ceil(checks.reduce((sum, { minutes }) => sum + minutes, STACK_MINUTES)),
  };
}

function shownStatus(result: CheckResult | undefined): string {
  if (result === undefined) return 'not reached';
  return result.status === 'not checked' ? 'not checked here' : result.status;
}

function differenceLine({ check: { assumption, otherwise }, detail, seen, status }: CheckResult): string {
  const answer = status === 'failed' ? `The check failed: ${detail}` : `AWS differs: ${seen}${detail === undefined ? '' : ` (${detail})`}`;
  return `\n${assumption}\n  ${answer}\n  Consequence of a difference: ${otherwise}`;
}

function countLine(checks: readonly Check[], results: readonly CheckResult[]): string {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  const parts = [`${count('as expected')} as expected`, `${count('different')} different`, `${count('failed')} failed`, `${count('not checked')} not checked here`];
  const missing = checks.length - results.length;
  return `${checks.length} checks: ${[...parts, ...missing === 0 ? [] : [`${missing} not reached`]].join(', ')}`;
}
