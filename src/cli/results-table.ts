import { textTable } from './text-table';
import { megabytes } from '../engine/report/log-progress';
import { MirrorResult, summarize } from '../engine/result';

/** The results of several images, a line each, with a last line that counts them. */
export function resultsTable(results: readonly MirrorResult[]): string {
  return `${textTable([['OUTCOME', 'IMAGE', 'SENT', 'SECONDS', ''], ...results.map(row)])}\n\n${countLine(results)}`;
}

/** How many images there are, and how many of each outcome. */
export function countLine(results: readonly MirrorResult[]): string {
  const counts = Object.entries(summarize(results).images).filter(([, count]) => count > 0);
  const dry = results.some(({ dryRun }) => dryRun);
  return `${results.length} image${results.length === 1 ? '' : 's'}: ${counts.map(([outcome, count]) => `${count} ${dry && outcome === 'copied' ? 'to copy' : outcome}`).join(', ')}`;
}

/** What was done, or would be. */
export function actionOf({ outcome, dryRun }: MirrorResult): string {
  return dryRun && outcome === 'copied' ? 'would copy' : outcome;
}

function row(result: MirrorResult): string[] {
  return [actionOf(result), result.target || result.source, megabytes(result.bytesCopied), result.seconds.toFixed(1), result.message ?? ''];
}
