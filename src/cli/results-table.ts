import { megabytes } from '../engine/report/log-progress';
import { MirrorResult, summarize } from '../engine/result';
import { visibleText } from '../image/visible-text';

/** The results of several images, a line each, with a last line that counts them. */
export function resultsTable(results: readonly MirrorResult[]): string {
  const rows = [['OUTCOME', 'IMAGE', 'SENT', 'SECONDS', ''], ...results.map(row)];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) => cells.map((cell, column) => cell.padEnd(column === cells.length - 1 ? 0 : widths[column])).join('  ').trimEnd());
  const counts = Object.entries(summarize(results).images)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome === 'copied' && results.some(({ dryRun }) => dryRun) ? 'to copy' : outcome}`);
  return `${lines.join('\n')}\n\n${results.length} images: ${counts.join(', ')}`;
}

function row({ outcome, dryRun, target, bytesCopied, seconds, message }: MirrorResult): string[] {
  const word = dryRun && outcome === 'copied' ? 'would copy' : outcome;
  return [word, target, megabytes(bytesCopied), seconds.toFixed(1), message ?? ''].map(visibleText);
}
