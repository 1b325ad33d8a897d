import { estimate } from './results-table';
import type { VerifiedCheck, VerifiedFile } from './verified-file';
import type { Check } from '../check';

export const START = '<!-- verified:start -->';
export const END = '<!-- verified:end -->';

const PAGE_URL = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs/verified.md';

/** Whether a page has the place for generated text. */
export function hasMarkers(page: string): boolean {
  return page.includes(START) && page.indexOf(END) > page.indexOf(START);
}

/** The page with other text between its two markers. */
export function withBlock(page: string, block: string): string {
  if (!hasMarkers(page)) throw new Error(`the page needs the lines "${START}" and "${END}"`);
  return `${page.slice(0, page.indexOf(START))}${START}\n\n${block}\n\n${page.slice(page.indexOf(END))}`;
}

/** The list in README.md. */
export function readmeBlock(file: VerifiedFile, checks: readonly Check[]): string {
  const tried = pairs(file, checks).filter(([{ status }]) => status !== 'not verified');
  const verify = `[\`npm run verify:aws\`](${PAGE_URL})`;
  if (tried.length === 0) {
    return `No release has run on AWS yet. All tests use local stand-ins. ${verify} checks ${checks.length} assumptions about AWS in your account.`;
  }
  const lines = tried.map(([result, { assumption }]) => `- ${result.status === 'verified' ? '' : '**Different:** '}${assumption} (${whereAndWhen(result)})`);
  const missing = checks.length - tried.length;
  const rest = missing === 0 ? `${verify} repeats these checks.` : `${verify} checks these and ${missing} more assumptions in your account.`;
  return [...lines, '', rest].join('\n');
}

/** The costs, and a table for each part of AWS, in docs/verified.md. */
export function pageBlock(file: VerifiedFile, checks: readonly Check[]): string {
  const results = pairs(file, checks);
  const count = (status: VerifiedCheck['status']) => results.filter(([result]) => result.status === status).length;
  const { dollars, minutes } = estimate(checks);
  const sections = [...new Set(checks.map(({ section }) => section))];
  return [
    `${checks.length} checks: ${count('verified')} verified, ${count('different')} different, ${count('not verified')} not verified. `
      + `A run of all checks takes about ${minutes} minutes and costs about $${dollars.toFixed(2)}.`,
    ...sections.flatMap((section) => [`### ${section}`, tableOf(results.filter(([, check]) => check.section === section))]),
  ].join('\n\n');
}

function tableOf(results: readonly (readonly [VerifiedCheck, Check])[]): string {
  const rows = results.map(([result, { assumption, expected, id, otherwise }]) => {
    const status = result.status === 'not verified' ? result.status : `${result.status} (${whereAndWhen(result)})`;
    return `| \`${id}\` | ${assumption} | ${expected} | ${result.seen ?? '-'} | ${status} | ${otherwise} |`;
  });
  return ['| Check | Assumption | Expected | Seen | Status | If AWS differs |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

function whereAndWhen({ date, library, region }: VerifiedCheck): string {
  return `${date}, ${region}, version ${library}`;
}

/** The results with their checks. A check without a result in the file is an error of the file. */
function pairs({ checks: results }: VerifiedFile, checks: readonly Check[]): [VerifiedCheck, Check][] {
  return checks.map((check) => {
    const result = results.find(({ id }) => id === check.id);
    if (result === undefined) throw new Error(`docs/verified.json lacks the check ${check.id}; run "npm run verified:docs"`);
    return [result, check];
  });
}
